//! Alive, ready, and the metrics page.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::App;
use crate::health::{Check, Health};
use crate::lending_health;
use crate::vitals::Vitals;

const SILENT: &str = "does not answer";

/// The process answers. Says nothing about its stores: restarting would not help them.
pub(crate) async fn livez() -> &'static str {
    "ok\n"
}

#[derive(Debug, Serialize)]
struct Readiness {
    /// Whether no check fails.
    ready: bool,
    checks: Vec<Check>,
}

impl Readiness {
    /// Ready when everything runs, the folds are not too far behind, and log and store answer.
    async fn of(app: &App) -> Self {
        let vitals = &app.vitals;
        let lag = match vitals.lag() {
            lag if lag > app.limits.max_lag => Health::Failing(format!("{lag} records behind")),
            _ => Health::Ok,
        };
        let log = Health::failing_where(!vitals.log_answers(), SILENT);
        let mut checks = vec![
            Check::new("tasks", tasks(vitals)),
            Check::new("log", writes(vitals, "log-writer", log)),
            Check::new("lag", lag),
        ];
        if let Some(desk) = &app.desk {
            let store = Health::failing_where(desk.lending.ping().await.is_err(), SILENT);
            checks.push(Check::new("store", writes(vitals, "lending-writer", store)));
            checks.extend(lending_health::checks(&desk.lending, app.clock.now()).await);
        }
        if let Some(online) = &app.online {
            let silent = || Health::Degraded("does not answer (nothing waits for it)".to_owned());
            checks.push(Check::new("redis", if online.answers() { Health::Ok } else { silent() }));
        }
        if vitals.drains() {
            checks.push(Check::new("draining", Health::Failing("the process was told to stop".to_owned())));
        }
        checks.extend(vitals.reported());
        Self { ready: !checks.iter().any(|check| matches!(check.health, Health::Failing(_))), checks }
    }
}

/// The folds, the writers and all else that runs as long as the process does.
fn tasks(vitals: &Vitals) -> Health {
    vitals.ended().map_or(Health::Ok, |ended| Health::Failing(ended.to_string()))
}

/// What is known of reading, unless the writer has ended.
fn writes(vitals: &Vitals, writer: &str, reads: Health) -> Health {
    match vitals.ended().filter(|ended| ended.name == writer) {
        Some(ended) => Health::Failing(ended.cause.clone()),
        None => reads,
    }
}

pub(crate) async fn readyz(State(app): State<Arc<App>>) -> Response {
    let readiness = Readiness::of(&app).await;
    let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, axum::Json(readiness)).into_response()
}

pub(crate) async fn is_ready(app: &App) -> bool {
    Readiness::of(app).await.ready
}

/// Prometheus text. Ages and readiness are taken when asked, so that they tell when everything stands still.
pub(crate) async fn metrics(State(app): State<Arc<App>>) -> Response {
    app.gauges();
    let readiness = Readiness::of(&app).await;
    readiness.checks.iter().for_each(Check::gauge);
    metrics::gauge!("weir_ready").set(if readiness.ready { 1.0 } else { 0.0 });
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], app.prometheus.render()).into_response()
}
