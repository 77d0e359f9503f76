//! From quote to signature: what a loan would cost, the application and its decision, the contract and its acceptance.

use std::sync::Arc;

use aide::axum::ApiRouter;
use aide::axum::routing::{get_with, post_with};
use aide::transform::TransformOperation;
use axum::Json;
use axum::extract::{Path, State};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use weir_lending::api::{
    Acceptance, ApplicationAnswer, ApplicationListed, ApplicationRequest, ContractAnswer, CostAnswer, LoanAnswer,
};
use weir_lending::application::ApplicationStatus;
use weir_lending::product::ProductRef;
use weir_messages::{ApplicationId, CustomerId, TraceId};

use super::App;
use super::answered::{Changed, Created};
use super::body::JsonBody;
use super::page;
use super::problem::Problem;
use super::request::{IdempotencyKey, Params, Trace, Wait};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct QuoteRequest {
    product: String,
    product_version: u32,
    /// Major units.
    amount: String,
    currency: String,
    term_months: u16,
    /// Nominal, as a decimal fraction of one.
    annual_rate: String,
}

/// What every release's answer to a submission holds.
#[derive(Debug, Deserialize)]
struct Submission {
    application: ApplicationId,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ApplicationFilter {
    state: Option<ApplicationStatus>,
    customer: Option<CustomerId>,
    /// Only applications beyond this one.
    after: Option<ApplicationId>,
    /// 100 unless said otherwise, 1,000 at most.
    limit: Option<u32>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct ApplicationPage {
    applications: Vec<ApplicationListed>,
}

pub(crate) fn routes() -> ApiRouter<Arc<App>> {
    let application = "/v1/applications/{application}";
    ApiRouter::new()
        .api_route(
            "/v1/quotes",
            post_with(quote, |op| described(op, "quote", "What a loan would cost; nothing is kept")),
        )
        .api_route(
            "/v1/applications",
            post_with(apply, |op| described(op, "apply", "Apply for a loan"))
                .get_with(list, |op| described(op, "applications", "Applications in order of their ids")),
        )
        .api_route(application, get_with(read, |op| described(op, "application", "An application and its decision")))
        .api_route(
            &format!("{application}/withdrawal"),
            post_with(withdraw, |op| described(op, "withdraw", "Withdraw an open application for the customer")),
        )
        .api_route(
            &format!("{application}/contract"),
            get_with(contract, |op| described(op, "contract", "The contract as it was drawn up, to be shown"))
                .post_with(draw_contract, |op| {
                    described(op, "drawContract", "Draw up the contract of an approved application")
                }),
        )
        .api_route(
            &format!("{application}/acceptance"),
            post_with(accept, |op| described(op, "accept", "Sign the contract that was shown, by its hash")),
        )
}

fn described<'a>(operation: TransformOperation<'a>, id: &str, summary: &str) -> TransformOperation<'a> {
    operation.id(id).summary(summary).tag("applications")
}

async fn quote(State(app): State<Arc<App>>, body: JsonBody<QuoteRequest>) -> Result<Json<CostAnswer>, Problem> {
    let asked = body.value;
    let product = ProductRef { name: asked.product, version: asked.product_version };
    let (amount, currency, rate) = (&asked.amount, &asked.currency, &asked.annual_rate);
    Ok(Json(app.lending()?.quote(&product, amount, currency, asked.term_months, rate)?))
}

async fn apply(
    State(app): State<Arc<App>>,
    key: IdempotencyKey,
    Wait(wait): Wait,
    body: JsonBody<ApplicationRequest>,
) -> Result<Created<ApplicationAnswer>, Problem> {
    app.admit_work()?;
    let began = std::time::Instant::now();
    let mut submitted = app.lending()?.submit_application(body.value, &key.with(&body.bytes)).await?;
    metrics::histogram!("weir_submit_seconds").record(began.elapsed());
    if let Some(wait) = wait {
        let submission: Submission =
            serde_json::from_str(&submitted.body).map_err(|error| Problem::internal(&error))?;
        let decided = app.lending()?.wait_for_decision(&submission.application, wait).await?;
        submitted = submitted.with_body(serde_json::to_string(&decided).map_err(|error| Problem::internal(&error))?);
        // Of those who wait alone: nobody else is told when it is there.
        metrics::histogram!("weir_decision_seconds").record(began.elapsed());
    }
    Ok(Created(submitted))
}

async fn list(
    State(app): State<Arc<App>>,
    Params(filter): Params<ApplicationFilter>,
) -> Result<Json<ApplicationPage>, Problem> {
    let (customer, after) = (filter.customer.as_ref(), filter.after.as_ref());
    let applications = app.lending()?.applications(filter.state, customer, after, page(filter.limit)?).await?;
    Ok(Json(ApplicationPage { applications }))
}

async fn read(
    State(app): State<Arc<App>>,
    Path(application): Path<ApplicationId>,
) -> Result<Json<ApplicationAnswer>, Problem> {
    Ok(Json(app.lending()?.application(&application).await?))
}

async fn withdraw(
    State(app): State<Arc<App>>,
    Path(application): Path<ApplicationId>,
    trace: Trace,
    key: IdempotencyKey,
) -> Result<Changed<ApplicationAnswer>, Problem> {
    let key = key.traced(story(&app, &application, trace).await?).changing(&[]);
    Ok(Changed(app.lending()?.withdraw_application(&application, &key).await?))
}

async fn contract(
    State(app): State<Arc<App>>,
    Path(application): Path<ApplicationId>,
) -> Result<Json<ContractAnswer>, Problem> {
    Ok(Json(app.lending()?.contract(&application).await?))
}

async fn draw_contract(
    State(app): State<Arc<App>>,
    Path(application): Path<ApplicationId>,
    trace: Trace,
    key: IdempotencyKey,
) -> Result<Created<ContractAnswer>, Problem> {
    let key = key.traced(story(&app, &application, trace).await?).with(&[]);
    Ok(Created(app.lending()?.draw_contract(&application, &key).await?))
}

async fn accept(
    State(app): State<Arc<App>>,
    Path(application): Path<ApplicationId>,
    trace: Trace,
    key: IdempotencyKey,
    body: JsonBody<Acceptance>,
) -> Result<Created<LoanAnswer>, Problem> {
    let key = key.traced(story(&app, &application, trace).await?).with(&body.bytes);
    Ok(Created(app.lending()?.accept(&application, &body.value, &key).await?))
}

/// The caller's trace; where none is named, that of the application goes on, so that one id leads from the event that
/// brought it to the entry in the journal.
async fn story(app: &App, application: &ApplicationId, trace: Trace) -> Result<TraceId, Problem> {
    if trace.is_given {
        return Ok(trace.id);
    }
    let recorded = app.decisions()?.find(application).await?;
    Ok(recorded.and_then(|one| one.decision.vector.trace).unwrap_or(trace.id))
}
