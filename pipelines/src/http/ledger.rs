//! The books: trial balance, statements, and the check of everything.

use std::sync::Arc;

use aide::axum::ApiRouter;
use aide::axum::routing::get_with;
use aide::transform::TransformOperation;
use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use weir_lending::api::{StatementLine, TrialBalanceLine, Verified};
use weir_lending::ledger::Account;

use super::App;
use super::page;
use super::problem::Problem;
use super::request::Params;

#[derive(Debug, Serialize, JsonSchema)]
struct TrialBalance {
    /// Those of each currency add up to zero.
    lines: Vec<TrialBalanceLine>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct StatementOf {
    /// `house:bank:EUR`, `loan:<loan>:principal`, ….
    account: String,
    /// Only entries beyond this number.
    after: Option<u64>,
    /// 100 unless said otherwise, 1,000 at most.
    limit: Option<u32>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Statement {
    account: String,
    lines: Vec<StatementLine>,
}

pub(crate) fn routes() -> ApiRouter<Arc<App>> {
    ApiRouter::new()
        .api_route(
            "/v1/ledger/trial-balance",
            get_with(trial_balance, |op| described(op, "trialBalance", "Every account's balance; a debit is positive")),
        )
        .api_route("/v1/ledger/statement", get_with(statement, |op| described(op, "statement", "One account's lines")))
        .api_route(
            "/v1/ledger/verification",
            get_with(verify, |op| {
                described(
                    op,
                    "verifyLedger",
                    "Count the whole journal again, with its hash chain, and compare every loan with it",
                )
            }),
        )
}

fn described<'a>(operation: TransformOperation<'a>, id: &str, summary: &str) -> TransformOperation<'a> {
    operation.id(id).summary(summary).tag("ledger")
}

async fn trial_balance(State(app): State<Arc<App>>) -> Result<Json<TrialBalance>, Problem> {
    Ok(Json(TrialBalance { lines: app.lending()?.trial_balance().await? }))
}

async fn statement(
    State(app): State<Arc<App>>,
    Params(asked): Params<StatementOf>,
) -> Result<Json<Statement>, Problem> {
    let account: Account = asked.account.parse().map_err(|_| {
        let detail = "expected an account such as `house:bank:EUR` or `loan:<loan>:principal`";
        Problem::new(axum::http::StatusCode::UNPROCESSABLE_ENTITY, "invalid_parameter", detail).at("account")
    })?;
    let lines = app.lending()?.ledger_statement(&account, asked.after.unwrap_or(0), page(asked.limit)?).await?;
    Ok(Json(Statement { account: account.to_string(), lines }))
}

async fn verify(State(app): State<Arc<App>>) -> Result<Json<Verified>, Problem> {
    Ok(Json(app.lending()?.verify_books().await?))
}
