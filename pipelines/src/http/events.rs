//! `POST /v1/events`: CloudEvents in, one answer for each, after they are durable.

use std::sync::Arc;

use aide::OperationInput;
use aide::generate::GenContext;
use aide::openapi::{MediaType, Operation, ReferenceOr, RequestBody};
use axum::Json;
use axum::extract::{FromRequest, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;
use weir_ingest::collector::{Answer, Content};

use super::App;
use super::body;
use super::problem::Problem;
use super::request::Trace;

const BATCH: &str = "application/cloudevents-batch+json";
const STRUCTURED: &str = "application/cloudevents+json";

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Results {
    /// In the order of the events.
    results: Vec<Answer>,
}

pub(crate) async fn collect(
    State(app): State<Arc<App>>,
    trace: Trace,
    Sent(content): Sent,
) -> Result<Json<Results>, Problem> {
    app.admit_work()?;
    app.admit_to_log()?;
    let results = app.collector()?.collect(content, trace.id).await?;
    for answer in &results {
        metrics::counter!("weir_intake_events_total", "status" => answer.status.name()).increment(1);
    }
    Ok(Json(Results { results }))
}

/// A body in one of the three modes of the CloudEvents HTTP binding, told apart by its content type and headers.
#[derive(Debug)]
pub(crate) struct Sent(Content);

impl<S: Send + Sync> FromRequest<S> for Sent {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let given = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let media_type = given.as_deref().and_then(|given| given.split(';').next()).unwrap_or_default().trim();
        let mode = media_type.to_ascii_lowercase();
        let attributes = attributes(request.headers())?;
        if mode != BATCH && mode != STRUCTURED && attributes.is_empty() {
            let detail = format!("expected {BATCH}, {STRUCTURED}, or an event with `ce-` headers (binary mode)");
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_cloudevents", detail));
        }
        let data = body::read(request, state).await?;
        Ok(Self(match mode.as_str() {
            BATCH => Content::Batch(data),
            STRUCTURED => Content::Structured(data),
            _ => Content::Binary { attributes, content_type: given, data },
        }))
    }
}

/// The `ce-` headers, without their prefix. Names are in lower case already.
fn attributes(headers: &HeaderMap) -> Result<Vec<(String, String)>, Problem> {
    let named = headers.iter().filter_map(|(name, value)| Some((name.as_str().strip_prefix("ce-")?, value)));
    let attribute = |(name, value): (&str, &axum::http::HeaderValue)| match value.to_str() {
        Ok(value) => Ok((name.to_owned(), value.to_owned())),
        Err(_) => Err(Problem::bad_request("malformed", "expected printable ASCII").at(format!("ce-{name}"))),
    };
    named.map(attribute).collect()
}

impl OperationInput for Sent {
    fn operation_input(_: &mut GenContext, operation: &mut Operation) {
        let content = [BATCH, STRUCTURED, "application/json"]
            .map(|media_type| (media_type.to_owned(), MediaType::default()))
            .into_iter()
            .collect();
        let about = "CloudEvents 1.0: a batch, one in structured mode, or one in binary mode (`ce-` headers). Payloads \
                     by type: see the AsyncAPI description and ingest/messages/schemas/intake. gzip, deflate and zstd are taken.";
        operation.request_body = Some(ReferenceOr::Item(RequestBody {
            description: Some(about.to_owned()),
            content,
            required: true,
            extensions: Default::default(),
        }));
    }
}
