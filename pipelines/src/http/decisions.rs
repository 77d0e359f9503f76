//! Decisions on record: list, show, run again.

use std::sync::Arc;

use aide::axum::ApiRouter;
use aide::axum::routing::{get_with, post_with};
use aide::transform::TransformOperation;
use axum::Json;
use axum::extract::{Path, State};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use weir_messages::{ApplicationId, CustomerId, Decision, EventTime};

use super::App;
use super::page;
use super::problem::Problem;
use super::request::Params;
use crate::decisions::{Recorded, Rerun};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Page {
    /// Only decisions on applications beyond this one.
    after: Option<ApplicationId>,
    /// 100 unless said otherwise, 1,000 at most.
    limit: Option<u32>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct DecisionPage {
    decisions: Vec<Line>,
}

/// A decision in a line.
#[derive(Debug, Serialize, JsonSchema)]
struct Line {
    application: ApplicationId,
    customer: CustomerId,
    at: EventTime,
    outcome: &'static str,
    /// Codes, most important first.
    reasons: Vec<String>,
    score: Option<i64>,
    /// Inputs that were wanted and not there.
    missing: usize,
}

impl From<Recorded> for Line {
    fn from(recorded: Recorded) -> Self {
        let decision = recorded.decision;
        Self {
            outcome: decision.outcome.name(),
            application: decision.application,
            customer: decision.customer,
            at: decision.at,
            reasons: decision.reasons.into_iter().map(|reason| reason.code).collect(),
            score: decision.model.map(|model| model.score),
            missing: decision.missing.len(),
        }
    }
}

pub(crate) fn routes() -> ApiRouter<Arc<App>> {
    ApiRouter::new()
        .api_route("/v1/decisions", get_with(list, |op| described(op, "decisions", "Decisions, a line each")))
        .api_route(
            "/v1/decisions/{application}",
            get_with(show, |op| described(op, "decision", "A decision with everything it read and used")),
        )
        .api_route(
            "/v1/decisions/{application}/rerun",
            post_with(rerun, |op| described(op, "rerunDecision", "Run a decision again and compare it byte for byte")),
        )
}

fn described<'a>(operation: TransformOperation<'a>, id: &str, summary: &str) -> TransformOperation<'a> {
    operation.id(id).summary(summary).tag("decisions")
}

async fn list(State(app): State<Arc<App>>, Params(asked): Params<Page>) -> Result<Json<DecisionPage>, Problem> {
    let most = usize::try_from(page(asked.limit)?).unwrap_or(usize::MAX);
    let found = app.decisions()?.list(asked.after.as_ref().map(ApplicationId::as_str), most).await?;
    Ok(Json(DecisionPage { decisions: found.into_iter().map(Line::from).collect() }))
}

async fn show(State(app): State<Arc<App>>, Path(application): Path<ApplicationId>) -> Result<Json<Decision>, Problem> {
    let found = app.decisions()?.find(&application).await?;
    found.map(|recorded| Json(recorded.decision)).ok_or_else(|| Problem::not_found("decision"))
}

async fn rerun(State(app): State<Arc<App>>, Path(application): Path<ApplicationId>) -> Result<Json<Rerun>, Problem> {
    app.decisions()?.rerun(&application).await?.map(Json).ok_or_else(|| Problem::not_found("decision"))
}
