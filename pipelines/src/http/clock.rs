//! The admin route that moves a manual clock. It exists only under `--clock manual`.

use std::sync::Arc;

use aide::axum::IntoApiResponse;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use weir_messages::KnownTime;

use super::App;
use super::body::JsonBody;
use super::problem::Problem;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MoveClock {
    /// The time to show. Earlier than now changes nothing: the clock never goes back.
    pub to: KnownTime,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ClockFace {
    pub now: KnownTime,
}

pub(crate) async fn show(State(app): State<Arc<App>>) -> impl IntoApiResponse {
    Json(ClockFace { now: app.clock.now() })
}

/// Moves the clock and closes every business day that has ended by then.
pub(crate) async fn set(State(app): State<Arc<App>>, body: JsonBody<MoveClock>) -> Result<Json<ClockFace>, Problem> {
    let Some(clock) = &app.manual_clock else {
        return Err(Problem::new(
            StatusCode::CONFLICT,
            "clock_is_real",
            "the clock can only be moved when the server runs with `--clock manual`",
        ));
    };
    let now = clock.move_to(body.value.to);
    app.close_days().await?;
    Ok(Json(ClockFace { now }))
}
