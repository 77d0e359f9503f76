//! The answer to a command: its value, and whether it is that of an earlier request with the same key.

use aide::OperationOutput;
use aide::generate::GenContext;
use aide::openapi::{Operation, Response as Described};
use axum::Json;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use weir_lending::api::Once;

const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Something new: 201, also when it is told again.
#[derive(Debug)]
pub(crate) struct Created<T>(pub Once<T>);

/// Something changed: 200.
#[derive(Debug)]
pub(crate) struct Changed<T>(pub Once<T>);

/// The bytes as they were committed. `status` is that of answers from before it was kept.
fn answer<T>(status: StatusCode, once: Once<T>) -> Response {
    let status = once.status.and_then(|kept| StatusCode::from_u16(kept).ok()).unwrap_or(status);
    let replayed = once.replayed();
    let mut response = (status, [(CONTENT_TYPE, "application/json")], once.body).into_response();
    if replayed {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    response
}

impl<T> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        answer(StatusCode::CREATED, self.0)
    }
}

impl<T> IntoResponse for Changed<T> {
    fn into_response(self) -> Response {
        answer(StatusCode::OK, self.0)
    }
}

macro_rules! described {
    ($name:ident, $status:literal) => {
        impl<T: schemars::JsonSchema> OperationOutput for $name<T> {
            type Inner = T;

            fn operation_response(context: &mut GenContext, operation: &mut Operation) -> Option<Described> {
                Json::<T>::operation_response(context, operation)
            }

            fn inferred_responses(
                context: &mut GenContext,
                operation: &mut Operation,
            ) -> Vec<(Option<u16>, Described)> {
                let described = Json::<T>::operation_response(context, operation);
                described.map(|described| (Some($status), described)).into_iter().collect()
            }
        }
    };
}

described!(Created, 201);
described!(Changed, 200);
