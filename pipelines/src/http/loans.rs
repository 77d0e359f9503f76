//! Loans after signature: list, read, repay.

use std::sync::Arc;

use aide::axum::ApiRouter;
use aide::axum::routing::{get_with, post_with};
use aide::transform::TransformOperation;
use axum::Json;
use axum::extract::{Path, State};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use weir_lending::api::{CancellationRequest, LoanAnswer, LoanListed, RepaymentRequest, ReversalRequest};
use weir_lending::loan::LoanStatus;
use weir_messages::{CustomerId, LoanId};

use super::App;
use super::answered::Created;
use super::body::JsonBody;
use super::page;
use super::problem::Problem;
use super::request::{IdempotencyKey, Params};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct LoanFilter {
    state: Option<LoanStatus>,
    customer: Option<CustomerId>,
    /// Only loans beyond this one.
    after: Option<LoanId>,
    /// 100 unless said otherwise, 1,000 at most.
    limit: Option<u32>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct LoanPage {
    loans: Vec<LoanListed>,
}

pub(crate) fn routes() -> ApiRouter<Arc<App>> {
    ApiRouter::new()
        .api_route("/v1/loans", get_with(list, |op| described(op, "loans", "Loans in order of their ids")))
        .api_route("/v1/loans/{loan}", get_with(read, |op| described(op, "loan", "A loan as it stands today")))
        .api_route(
            "/v1/loans/{loan}/repayments",
            post_with(repay, |op| described(op, "repay", "Report a repayment that has arrived")),
        )
        .api_route(
            "/v1/loans/{loan}/reversals",
            post_with(reverse, |op| described(op, "reverseRepayment", "Report that a repayment's money went back")),
        )
        .api_route(
            "/v1/loans/{loan}/payouts",
            post_with(retry_payout, |op| described(op, "retryPayout", "Order a payout that failed again")),
        )
        .api_route(
            "/v1/loans/{loan}/refunds",
            post_with(refund, |op| described(op, "refund", "Pay the credit of an overpaid loan back to the borrower")),
        )
        .api_route(
            "/v1/loans/{loan}/cancellation",
            post_with(cancel, |op| described(op, "cancelLoan", "End a loan of which no money has gone out")),
        )
}

fn described<'a>(operation: TransformOperation<'a>, id: &str, summary: &str) -> TransformOperation<'a> {
    operation.id(id).summary(summary).tag("loans")
}

async fn list(State(app): State<Arc<App>>, Params(filter): Params<LoanFilter>) -> Result<Json<LoanPage>, Problem> {
    let (customer, after) = (filter.customer.as_ref(), filter.after.as_ref());
    let loans = app.lending()?.loans(filter.state, customer, after, page(filter.limit)?).await?;
    Ok(Json(LoanPage { loans }))
}

async fn read(State(app): State<Arc<App>>, Path(loan): Path<LoanId>) -> Result<Json<LoanAnswer>, Problem> {
    Ok(Json(app.lending()?.loan(&loan).await?))
}

async fn repay(
    State(app): State<Arc<App>>,
    Path(loan): Path<LoanId>,
    key: IdempotencyKey,
    body: JsonBody<RepaymentRequest>,
) -> Result<Created<LoanAnswer>, Problem> {
    Ok(Created(app.lending()?.repay(&loan, &body.value, &key.with(&body.bytes)).await?))
}

async fn reverse(
    State(app): State<Arc<App>>,
    Path(loan): Path<LoanId>,
    key: IdempotencyKey,
    body: JsonBody<ReversalRequest>,
) -> Result<Created<LoanAnswer>, Problem> {
    Ok(Created(app.lending()?.reverse_repayment(&loan, &body.value, &key.with(&body.bytes)).await?))
}

async fn retry_payout(
    State(app): State<Arc<App>>,
    Path(loan): Path<LoanId>,
    key: IdempotencyKey,
) -> Result<Created<LoanAnswer>, Problem> {
    Ok(Created(app.lending()?.retry_payout(&loan, &key.with(&[])).await?))
}

async fn refund(
    State(app): State<Arc<App>>,
    Path(loan): Path<LoanId>,
    key: IdempotencyKey,
) -> Result<Created<LoanAnswer>, Problem> {
    Ok(Created(app.lending()?.refund(&loan, &key.with(&[])).await?))
}

async fn cancel(
    State(app): State<Arc<App>>,
    Path(loan): Path<LoanId>,
    key: IdempotencyKey,
    body: JsonBody<CancellationRequest>,
) -> Result<Created<LoanAnswer>, Problem> {
    Ok(Created(app.lending()?.cancel_loan(&loan, &body.value, &key.with(&body.bytes)).await?))
}
