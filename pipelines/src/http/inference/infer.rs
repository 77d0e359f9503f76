//! `POST …/infer`: the whole body is taken, then read, answered and written beside the runtime's own threads, and never on
//! more than half of the processors, so that decisions do not wait.

use std::sync::Arc;
use std::time::{Duration, Instant};

use aide::OperationInput;
use aide::generate::GenContext;
use aide::openapi::Operation;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse as _;
use axum::response::Response;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::answer::{Answer, DOCUMENT_LENGTH};
use super::asked::Asked;
use super::call::{Call, CallDocument};
use super::refused::Refused;
use super::served::{Served, ServedModel};
use crate::http::problem::Problem;
use crate::http::{App, body};

/// How long a call waits for its turn.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// The models that can be asked, and how many calls run at once.
#[derive(Debug)]
pub struct Inference {
    pub(super) served: Served,
    turns: Arc<Semaphore>,
}

impl Inference {
    #[must_use]
    pub fn new(served: Served) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self { served, turns: Arc::new(Semaphore::new(processors.div_ceil(2))) }
    }

    pub(super) async fn turn(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let turn = tokio::time::timeout(LONGEST_WAIT, Arc::clone(&self.turns).acquire_owned()).await;
        turn.map(|turn| turn.expect("turns are never closed")).map_err(|_| {
            let detail = "other calls are being answered: send it again";
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "overloaded", detail).after(1)
        })
    }
}

/// A body, and how much of it is the document where tensors stand behind it.
#[derive(Debug)]
pub(crate) struct Sent {
    bytes: Bytes,
    document: Option<usize>,
}

impl<S: Send + Sync> FromRequest<S> for Sent {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let document = document_length(request.headers())?;
        Ok(Self { bytes: body::read(request, state).await?, document })
    }
}

fn document_length(headers: &HeaderMap) -> Result<Option<usize>, Problem> {
    let Some(value) = headers.get(DOCUMENT_LENGTH) else { return Ok(None) };
    let length = value.to_str().ok().and_then(|text| text.parse().ok());
    length.map(Some).ok_or_else(|| {
        let detail = format!("{DOCUMENT_LENGTH}: expected a number of bytes");
        Problem::bad_request("invalid_header", detail).at(DOCUMENT_LENGTH)
    })
}

impl OperationInput for Sent {
    fn operation_input(context: &mut GenContext, operation: &mut Operation) {
        axum::Json::<CallDocument>::operation_input(context, operation);
    }
}

pub(crate) async fn infer(State(app): State<Arc<App>>, Asked(model): Asked, sent: Sent) -> Result<Response, Refused> {
    let began = Instant::now();
    let turn = app.inference.turn().await?;
    let labels = [("model", model.manifest().name.clone()), ("version", model.version())];
    // The turn ends with the work, also where the caller has gone away.
    let work = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        sent.answer(&model)
    });
    let answered = work.await.unwrap_or_else(|error| Err(Problem::internal(&error)));
    metrics::histogram!("weir_inference_seconds", &labels).record(began.elapsed());
    Ok(answered?.into_response())
}

impl Sent {
    fn answer(&self, model: &ServedModel) -> Result<Answer, Problem> {
        Answer::to(Call::read(model, &self.bytes, self.document)?, model)
    }
}
