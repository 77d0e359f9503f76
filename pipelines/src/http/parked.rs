//! What lending set aside because it could not be handled: list, show, try again.

use std::sync::Arc;

use aide::axum::ApiRouter;
use aide::axum::routing::{get_with, post_with};
use aide::transform::TransformOperation;
use axum::Json;
use axum::extract::{Path, State};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use weir_lending::api::{ParkedAnswer, RetryOutcome};
use weir_lending::store::ParkedKind;

use super::App;
use super::page;
use super::problem::Problem;
use super::request::Params;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Page {
    /// `decision`, `day_end`, `payout` or `outbox`; all of them without one.
    kind: Option<String>,
    /// Only items beyond the one with this id, of the kind `after_kind`.
    after: Option<String>,
    /// The kind of the item that `after` names; `kind` unless said otherwise.
    after_kind: Option<String>,
    /// 100 unless said otherwise, 1,000 at most.
    limit: Option<u32>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct ParkedPage {
    /// In order of kind and id.
    parked: Vec<ParkedAnswer>,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Item {
    kind: String,
    id: String,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Retried {
    kind: String,
    id: String,
    outcome: RetryOutcome,
    /// How it stands now; absent once it is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    parked: Option<ParkedAnswer>,
}

pub(crate) fn routes() -> ApiRouter<Arc<App>> {
    ApiRouter::new()
        .api_route("/v1/parked", get_with(list, |op| described(op, "parked", "Items that were set aside")))
        .api_route("/v1/parked/{kind}/{id}", get_with(show, |op| described(op, "parkedItem", "One of them")))
        .api_route(
            "/v1/parked/{kind}/{id}/retry",
            post_with(retry, |op| described(op, "retryParked", "Try it again now, whatever its class")),
        )
}

fn described<'a>(operation: TransformOperation<'a>, id: &str, summary: &str) -> TransformOperation<'a> {
    operation.id(id).summary(summary).tag("parked items")
}

async fn list(State(app): State<Arc<App>>, Params(asked): Params<Page>) -> Result<Json<ParkedPage>, Problem> {
    let kind = asked.kind.as_deref().map(|name| filter("kind", name)).transpose()?;
    let after_kind = asked.after_kind.as_deref().map(|name| filter("after_kind", name)).transpose()?.or(kind);
    let after = match (&asked.after, after_kind) {
        (Some(after), Some(kind)) => Some((kind, after.as_str())),
        (Some(_), None) => return Err(invalid("after_kind", "expected the kind of the item that `after` names")),
        (None, _) => None,
    };
    Ok(Json(ParkedPage { parked: app.lending()?.parked(kind, after, page(asked.limit)?).await? }))
}

async fn show(State(app): State<Arc<App>>, Path(item): Path<Item>) -> Result<Json<ParkedAnswer>, Problem> {
    Ok(Json(app.lending()?.parked_item(kind(&item.kind)?, &item.id).await?))
}

async fn retry(
    State(app): State<Arc<App>>,
    Path(Item { kind: name, id }): Path<Item>,
) -> Result<Json<Retried>, Problem> {
    let (lending, kind) = (app.lending()?, kind(&name)?);
    let outcome = lending.retry_parked(kind, &id).await?;
    let parked = match outcome {
        RetryOutcome::Done => None,
        RetryOutcome::Started | RetryOutcome::Parked => lending.parked_item(kind, &id).await.ok(),
    };
    Ok(Json(Retried { kind: name, id, outcome, parked }))
}

fn kind(name: &str) -> Result<ParkedKind, Problem> {
    name.parse().map_err(|_| Problem::not_found("parked item"))
}

fn filter(field: &'static str, name: &str) -> Result<ParkedKind, Problem> {
    name.parse::<ParkedKind>().map_err(|error| invalid(field, &format!("expected one of {}", error.expected)))
}

fn invalid(field: &'static str, detail: &str) -> Problem {
    Problem::new(axum::http::StatusCode::UNPROCESSABLE_ENTITY, "invalid_parameter", detail).at(field)
}
