//! The one HTTP listener: routes, who may call them, how bodies are read, and how errors become problem documents.
//! Decides nothing: it asks lending, the collector and the records.

mod admission;
mod answered;
mod applications;
mod auth;
mod body;
mod clients;
mod clock;
mod content_coding;
mod customers;
mod dead_letters;
mod decisions;
mod events;
mod health;
mod inference;
mod ledger;
mod loans;
mod parked;
mod problem;
mod refusals;
mod request;
mod server;
mod write_within;

use std::sync::Arc;
use std::time::Duration;

use aide::axum::ApiRouter;
use aide::axum::routing::{get_with, post_with};
use aide::openapi::{OpenApi, SecurityScheme};
use aide::transform::TransformOpenApi;
use axum::extract::DefaultBodyLimit;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use axum::{Extension, Router};
use chrono::NaiveDate;
use metrics_exporter_prometheus::PrometheusHandle;
use tower_http::catch_panic::CatchPanicLayer;
use weir_features::{Online, OnlineCounts};
use weir_ingest::collector::Collector;
use weir_ingest::dead_letters::DeadLetters;
use weir_lending::api::{DaysClosed, Lending, LendingError};
use weir_messages::{Clock, KnownTime, ManualClock};

pub(crate) use auth::Bearer;
pub(crate) use clients::Bound;
use clients::Clients;
pub use inference::{Inference, Served};
pub use problem::Problem;
pub(crate) use server::{ConnectionLimits, Server};

use crate::config::Limits;
use crate::decisions::DecisionRecords;
use crate::meters;
use crate::vitals::Vitals;
use crate::watching::Watching;

/// What the routes ask.
#[derive(Debug)]
pub struct App {
    pub clock: Arc<dyn Clock>,
    /// Under `--clock manual` alone.
    pub manual_clock: Option<Arc<ManualClock>>,
    /// Where this process runs the role `ingest`.
    pub intake: Option<Intake>,
    /// Where this process runs the role `lending`.
    pub desk: Option<Desk>,
    /// The models that can be asked without a decision.
    pub inference: Inference,
    pub vitals: Arc<Vitals>,
    /// Where this process writes the latest values for other readers.
    pub online: Option<Arc<Online>>,
    /// Where this process decides.
    pub(crate) watching: Option<Arc<Watching>>,
    pub limits: Limits,
    pub prometheus: PrometheusHandle,
}

#[derive(Debug)]
pub struct Intake {
    pub collector: Arc<Collector>,
    pub dead_letters: DeadLetters,
}

#[derive(Debug)]
pub struct Desk {
    pub lending: Lending,
    pub decisions: DecisionRecords,
}

impl App {
    fn lending(&self) -> Result<&Lending, Problem> {
        self.desk.as_ref().map(|desk| &desk.lending).ok_or_else(|| elsewhere("lending"))
    }

    fn decisions(&self) -> Result<&DecisionRecords, Problem> {
        self.desk.as_ref().map(|desk| &desk.decisions).ok_or_else(|| elsewhere("lending"))
    }

    fn collector(&self) -> Result<&Collector, Problem> {
        self.intake.as_ref().map(|intake| &*intake.collector).ok_or_else(|| elsewhere("ingest"))
    }

    fn dead_letters(&self) -> Result<&DeadLetters, Problem> {
        self.intake.as_ref().map(|intake| &intake.dead_letters).ok_or_else(|| elsewhere("ingest"))
    }

    /// Refuses what only the log could keep, while it does not answer.
    fn admit_to_log(&self) -> Result<(), Problem> {
        if self.vitals.log_answers() {
            return Ok(());
        }
        Err(Problem::unavailable("log_unavailable", "the event log does not answer: send it again").after(1))
    }

    /// Refuses work while the fold is too far behind to take more, the disk is nearly full, or the process cannot go on.
    fn admit_work(&self) -> Result<(), Problem> {
        if self.vitals.disk_is_short() {
            return Err(Problem::unavailable("disk_full", "the disk is nearly full: send it again when there is room")
                .after(60));
        }
        if self.vitals.ended().is_some() {
            return Err(Problem::unavailable("stopping", "this process cannot go on and ends: send it again").after(1));
        }
        if self.vitals.lag() <= self.limits.max_lag {
            return Ok(());
        }
        Err(Problem::unavailable("overloaded", "the platform is behind with what it has: send it again").after(1))
    }

    /// The lender's business date; `None` where this process does not run the role `lending`.
    #[must_use]
    pub fn business_date(&self) -> Option<NaiveDate> {
        self.desk.as_ref().map(|desk| desk.lending.business_date())
    }

    /// Closes every business day before today's.
    pub async fn close_days(&self) -> Result<DaysClosed, LendingError> {
        match &self.desk {
            Some(desk) => desk.lending.close_days().await,
            None => Ok(DaysClosed::default()),
        }
    }

    /// Takes the gauges.
    fn gauges(&self) {
        let now = self.clock.now();
        let age = |since: Option<KnownTime>| since.map_or(0.0, |since| meters::age(now, since));
        metrics::gauge!("weir_fold_lag_records").set(meters::count(self.vitals.lag()));
        metrics::gauge!("weir_newest_feature_age_seconds").set(age(self.vitals.newest()));
        if let Some(desk) = &self.desk {
            metrics::gauge!("weir_outbox_age_seconds").set(age(desk.lending.oldest_unpublished()));
        }
        if let Some(online) = &self.online {
            counted(&online.counts());
        }
        if let Some(watching) = &self.watching {
            watching.gauges();
        }
    }
}

/// What was written for other readers, and what was not.
fn counted(counts: &OnlineCounts) {
    metrics::counter!("weir_redis_written_total").absolute(counts.written);
    metrics::counter!("weir_redis_replaced_total").absolute(counts.replaced);
    metrics::counter!("weir_redis_dropped_total").absolute(counts.dropped);
    metrics::counter!("weir_redis_failures_total").absolute(counts.failed);
    metrics::gauge!("weir_redis_erasures_waiting").set(meters::count(counts.erasures));
    metrics::gauge!("weir_redis_waiting").set(meters::count(counts.waiting));
}

/// This process does not run the role that answers.
fn elsewhere(role: &str) -> Problem {
    let detail = format!("this process does not run the role `{role}`: ask one that does");
    Problem::new(axum::http::StatusCode::MISDIRECTED_REQUEST, "role_elsewhere", detail)
}

const MOST_ON_A_PAGE: u32 = 1_000;

/// How many a caller asked for.
fn page(limit: Option<u32>) -> Result<u32, Problem> {
    match limit.unwrap_or(100) {
        limit @ 1..=MOST_ON_A_PAGE => Ok(limit),
        limit => {
            let detail = format!("expected 1 to {MOST_ON_A_PAGE}, found {limit}");
            Err(Problem::new(axum::http::StatusCode::UNPROCESSABLE_ENTITY, "invalid_parameter", detail).at("limit"))
        }
    }
}

/// What requests may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RequestLimits {
    /// Bytes of a body, after decompression.
    pub body: usize,
    pub body_within: Duration,
    /// Requests under way at once.
    pub requests: Bound,
}

/// Every route, ready to serve.
pub(crate) fn router(app: Arc<App>, bearer: Bearer, limits: RequestLimits) -> Router {
    let mut api = OpenApi::default();
    let protected =
        protected().finish_api_with(&mut api, described).route_layer(from_fn_with_state(bearer, auth::require));
    let protected = protected.route_layer(from_fn_with_state(Clients::new(limits.requests), admission::bounded));
    let text = serde_json::to_string(&api).expect("an API description has string keys");
    Router::new()
        .route("/livez", get(health::livez))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(health::metrics))
        .route("/v2/health/live", get(inference::live))
        .route("/v2/health/ready", get(inference::ready))
        .route("/openapi.json", get(json_text))
        .layer(Extension(DescriptionText(text.into())))
        .merge(protected)
        .fallback(|| async { Problem::not_found("route") })
        .method_not_allowed_fallback(|| async {
            let status = axum::http::StatusCode::METHOD_NOT_ALLOWED;
            Problem::new(status, "method_not_allowed", "this route does not take that method")
        })
        .layer(DefaultBodyLimit::max(limits.body))
        .layer(Extension(body::BodyLimits { within: limits.body_within, most: limits.body }))
        .layer(CatchPanicLayer::custom(|_| axum::response::IntoResponse::into_response(panicked())))
        .layer(from_fn(inference::worded))
        .layer(from_fn(request::traced))
        .with_state(app)
}

fn panicked() -> Problem {
    tracing::error!("a request panicked");
    Problem::new(axum::http::StatusCode::INTERNAL_SERVER_ERROR, "internal", "the request failed for a reason of ours")
}

/// Everything that wants the bearer token.
fn protected() -> ApiRouter<Arc<App>> {
    ApiRouter::new()
        .api_route(
            "/v1/events",
            post_with(events::collect, |op| {
                op.id("collectEvents").summary("Send CloudEvents: one, or a batch; each gets an answer").tag("events")
            }),
        )
        .merge(customers::routes())
        .merge(applications::routes())
        .merge(loans::routes())
        .merge(ledger::routes())
        .merge(parked::routes())
        .merge(decisions::routes())
        .merge(dead_letters::routes())
        .merge(inference::routes())
        .api_route(
            "/admin/clock",
            get_with(clock::show, |op| op.id("clock").summary("What the platform's clock shows").tag("admin"))
                .post_with(clock::set, |op| op.id("moveClock").summary("Move a manual clock forward").tag("admin")),
        )
}

fn described(api: TransformOpenApi<'_>) -> TransformOpenApi<'_> {
    let bearer = SecurityScheme::Http {
        scheme: "bearer".into(),
        bearer_format: None,
        description: None,
        extensions: Default::default(),
    };
    api.title("Weir")
        .version(env!("CARGO_PKG_VERSION"))
        .description(
            "A real-time risk pipeline for licensed consumer lending. Errors are RFC 9457 problem documents, under `/v2` \
             the protocol's own; commands carry an Idempotency-Key; `traceparent` is taken and given.",
        )
        .security_scheme("bearer", bearer)
        .security_requirement("bearer")
}

#[derive(Clone)]
struct DescriptionText(Arc<str>);

async fn json_text(Extension(DescriptionText(text)): Extension<DescriptionText>) -> impl axum::response::IntoResponse {
    ([(CONTENT_TYPE, "application/json")], text.to_string())
}

/// The OpenAPI 3.1 description, pretty-printed: `docs/openapi.json` is this text.
#[must_use]
pub fn openapi_json() -> String {
    let mut api = OpenApi::default();
    let _routes = protected().finish_api_with(&mut api, described);
    serde_json::to_string_pretty(&api).expect("an API description has string keys") + "\n"
}
