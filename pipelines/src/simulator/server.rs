//! The channel's routes: order a payout, ask for one, and read the statement.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpListener;
use weir_lending::payment::{SIGNATURE, Signer, TIMESTAMP};

use super::{Fault, Faults, Payout, Payouts};

/// Larger than any order.
const MOST_BODY: usize = 16 << 10;

/// A channel with its secret, its faults and what it has paid.
#[derive(Debug)]
pub struct Simulator {
    pub signer: Signer,
    pub faults: Faults,
    pub payouts: Payouts,
    /// How long a late answer takes: longer than the client waits.
    pub lateness: Duration,
}

/// An order as lending sends it. The card is checked to be there and dropped.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    amount: String,
    currency: String,
    #[serde(rename = "card")]
    _card: weir_messages::privacy::Clear,
}

/// Serves until the listener fails or the task is dropped.
pub async fn serve(listener: TcpListener, simulator: Arc<Simulator>) -> io::Result<()> {
    let signed = Router::new()
        .route("/v1/payouts/{id}", put(order).get(ask))
        .layer(from_fn_with_state(Arc::clone(&simulator), verify));
    let routes = signed.route("/statement", get(statement)).with_state(simulator);
    axum::serve(listener, routes).await
}

/// Only requests that are signed with the shared secret pass.
async fn verify(State(simulator): State<Arc<Simulator>>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, MOST_BODY).await else {
        return refuse(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large");
    };
    let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (signature, timestamp) = (header(SIGNATURE), header(TIMESTAMP));
    if !simulator.signer.verifies(signature, parts.method.as_str(), parts.uri.path(), timestamp, &body) {
        return refuse(StatusCode::UNAUTHORIZED, "signature_wrong");
    }
    next.run(Request::from_parts(parts, body.into())).await
}

async fn order(State(simulator): State<Arc<Simulator>>, Path(id): Path<String>, body: Bytes) -> Response {
    let Ok(order) = serde_json::from_slice::<Order>(&body) else {
        return refuse(StatusCode::UNPROCESSABLE_ENTITY, "order_malformed");
    };
    let payout = Payout { id, amount: order.amount, currency: order.currency };
    if simulator.payouts.is_declined(&payout.id) {
        return declined();
    }
    match simulator.faults.draw() {
        None => pay(&simulator, payout),
        Some(Fault::Twice) => {
            pay(&simulator, payout.clone());
            pay(&simulator, payout)
        }
        Some(Fault::Late) => {
            let answer = pay(&simulator, payout);
            tokio::time::sleep(simulator.lateness).await;
            answer
        }
        Some(Fault::PaidUnanswered) => {
            pay(&simulator, payout);
            std::future::pending().await
        }
        Some(Fault::Unpaid) => std::future::pending().await,
        Some(Fault::ErrorBefore) => refuse(StatusCode::INTERNAL_SERVER_ERROR, "simulated"),
        Some(Fault::ErrorAfter) => {
            pay(&simulator, payout);
            refuse(StatusCode::INTERNAL_SERVER_ERROR, "simulated")
        }
        Some(Fault::Declined) => decline(&simulator, payout),
    }
}

/// What is paid stays paid.
fn decline(simulator: &Simulator, payout: Payout) -> Response {
    if simulator.payouts.is_paid(&payout.id) {
        return pay(simulator, payout);
    }
    simulator.payouts.decline(payout.id).map_or_else(|error| not_kept(&error), |()| declined())
}

fn declined() -> Response {
    Json(json!({ "outcome": "failed", "reason": "card_declined" })).into_response()
}

fn not_kept(error: &io::Error) -> Response {
    tracing::error!(%error, "the outcome could not be kept");
    refuse(StatusCode::INTERNAL_SERVER_ERROR, "not_kept")
}

fn pay(simulator: &Simulator, payout: Payout) -> Response {
    match simulator.payouts.pay(payout) {
        Ok(Ok(())) => Json(json!({ "outcome": "succeeded" })).into_response(),
        Ok(Err(_)) => refuse(StatusCode::CONFLICT, "other_order_under_this_id"),
        Err(error) => not_kept(&error),
    }
}

async fn ask(State(simulator): State<Arc<Simulator>>, Path(id): Path<String>) -> Response {
    if simulator.payouts.is_paid(&id) {
        Json(json!({ "outcome": "succeeded" })).into_response()
    } else if simulator.payouts.is_declined(&id) {
        declined()
    } else {
        refuse(StatusCode::NOT_FOUND, "payout_not_known")
    }
}

/// What was paid, so that a test can compare. Not signed: it holds nothing personal.
async fn statement(State(simulator): State<Arc<Simulator>>) -> Json<Vec<Payout>> {
    Json(simulator.payouts.statement())
}

fn refuse(status: StatusCode, code: &'static str) -> Response {
    (status, Json(json!({ "code": code }))).into_response()
}
