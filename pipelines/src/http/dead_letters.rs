//! What could not go on: list, show with its bytes opened, put through the same checks again.

use std::sync::Arc;

use aide::axum::ApiRouter;
use aide::axum::routing::{get_with, post_with};
use aide::transform::TransformOperation;
use axum::Json;
use axum::extract::{Path, State};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use weir_ingest::dead_letters::{DeadLetterError, Listed, Replayed, Shown};

use super::App;
use super::page;
use super::problem::Problem;
use super::request::{Params, Trace};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Page {
    /// Only dead letters beyond this offset.
    after: Option<u64>,
    /// 100 unless said otherwise, 1,000 at most.
    limit: Option<u32>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct DeadLetterPage {
    dead_letters: Vec<Listed>,
}

pub(crate) fn routes() -> ApiRouter<Arc<App>> {
    ApiRouter::new()
        .api_route("/v1/dead-letters", get_with(list, |op| described(op, "deadLetters", "Dead letters, a line each")))
        .api_route(
            "/v1/dead-letters/{offset}",
            get_with(show, |op| described(op, "deadLetter", "A dead letter with its original bytes, opened")),
        )
        .api_route(
            "/v1/dead-letters/{offset}/replay",
            post_with(replay, |op| described(op, "replayDeadLetter", "Put it through the same checks again")),
        )
}

fn described<'a>(operation: TransformOperation<'a>, id: &str, summary: &str) -> TransformOperation<'a> {
    operation.id(id).summary(summary).tag("dead letters")
}

async fn list(State(app): State<Arc<App>>, Params(asked): Params<Page>) -> Result<Json<DeadLetterPage>, Problem> {
    let from = asked.after.map_or(0, |after| after.saturating_add(1));
    let most = usize::try_from(page(asked.limit)?).unwrap_or(usize::MAX);
    Ok(Json(DeadLetterPage { dead_letters: app.dead_letters()?.list(from, most).await? }))
}

async fn show(State(app): State<Arc<App>>, Path(offset): Path<String>) -> Result<Json<Shown>, Problem> {
    Ok(Json(app.dead_letters()?.show(number(&offset)?).await?))
}

async fn replay(
    State(app): State<Arc<App>>,
    Path(offset): Path<String>,
    trace: Trace,
) -> Result<Json<Replayed>, Problem> {
    Ok(Json(app.dead_letters()?.replay(number(&offset)?, trace.id).await?))
}

fn number(offset: &str) -> Result<u64, Problem> {
    offset.parse().map_err(|_| Problem::not_found("dead letter"))
}

impl From<DeadLetterError> for Problem {
    fn from(error: DeadLetterError) -> Self {
        match error {
            DeadLetterError::NotFound(_) => Self::not_found("dead letter"),
            DeadLetterError::Gone { .. } | DeadLetterError::Erased(_) => Self::gone(error.to_string()),
            DeadLetterError::Keys(error) => error.into(),
            DeadLetterError::Collect(error) => error.into(),
            DeadLetterError::Log(_)
            | DeadLetterError::Unreadable { .. }
            | DeadLetterError::Sealed { .. }
            | DeadLetterError::Corrupt { .. } => Self::internal(&error),
        }
    }
}
