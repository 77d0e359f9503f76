//! Alive, ready, and the metrics page.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::App;

/// The process answers. Says nothing about its stores: restarting would not help them.
pub(crate) async fn livez() -> &'static str {
    "ok\n"
}

#[derive(Debug, Serialize)]
struct Readiness {
    ready: bool,
    /// Name of each thing that must work, and `ok` or what is wrong with it.
    checks: Vec<(&'static str, String)>,
}

/// Ready when the loop runs, is not too far behind, and the store answers.
pub(crate) async fn readyz(State(app): State<Arc<App>>) -> Response {
    let ok = || "ok".to_owned();
    let fold = if app.vitals.is_stopped() { "stopped".to_owned() } else { ok() };
    let log = if app.vitals.log_answers() { ok() } else { "does not answer".to_owned() };
    let lag = match app.vitals.lag() {
        lag if lag > app.limits.max_lag => format!("{lag} records behind"),
        _ => ok(),
    };
    let mut checks = vec![("fold", fold), ("log", log), ("lag", lag)];
    if let Some(desk) = &app.desk {
        let answers = desk.lending.ping().await;
        checks.push(("store", answers.map_or_else(|_| "does not answer".to_owned(), |()| ok())));
    }
    let ready = checks.iter().all(|(_, state)| state == "ok");
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, axum::Json(Readiness { ready, checks })).into_response()
}

/// Prometheus text. Ages are taken when asked, so that they grow when everything stands still.
pub(crate) async fn metrics(State(app): State<Arc<App>>) -> Response {
    app.gauges().await;
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], app.prometheus.render()).into_response()
}
