//! How many requests run at once, of one client and of all: beyond that they are told to come again. Health and metrics
//! are answered always.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::clients::{Clients, Full};
use super::problem::Problem;
use super::server::Peer;

pub(crate) async fn bounded(State(clients): State<Arc<Clients>>, request: Request, next: Next) -> Response {
    let Some(Peer(peer)) = request.extensions().get().copied() else { return next.run(request).await };
    match clients.admit(peer.ip()) {
        Ok(_admitted) => next.run(request).await,
        Err(full) => refused(full).into_response(),
    }
}

fn refused(full: Full) -> Problem {
    let (status, code, detail) = match full {
        Full::Client => {
            let detail = "this client has as many requests under way as it may: send it again when one is answered";
            (StatusCode::TOO_MANY_REQUESTS, "too_many_requests", detail)
        }
        Full::All => (StatusCode::SERVICE_UNAVAILABLE, "overloaded", "too many requests are under way: send it again"),
    };
    Problem::new(status, code, detail).after(1)
}
