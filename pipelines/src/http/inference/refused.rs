//! Why a call was refused, in the protocol's words: `{"error": …}` in the place of a problem document.

use aide::OperationOutput;
use aide::generate::GenContext;
use aide::openapi::{Operation, Response as Described};
use axum::Json;
use axum::extract::Request;
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;

use crate::http::problem::Problem;

#[derive(Debug, Serialize, JsonSchema)]
struct Refusal {
    error: String,
}

/// A problem that will be told in the protocol's words, whose description is theirs.
#[derive(Debug)]
pub(crate) struct Refused(Problem);

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        self.0.into_response()
    }
}

impl OperationOutput for Refused {
    type Inner = Self;

    fn operation_response(context: &mut GenContext, operation: &mut Operation) -> Option<Described> {
        Json::<Refusal>::operation_response(context, operation)
    }

    fn inferred_responses(context: &mut GenContext, operation: &mut Operation) -> Vec<(Option<u16>, Described)> {
        Self::operation_response(context, operation).map(|described| (None, described)).into_iter().collect()
    }
}

/// Tells whatever went wrong under `/v2` in the protocol's words: also who may not call, or a body that does not decompress.
pub(crate) async fn worded(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let is_ours = path == "/v2" || path.starts_with("/v2/");
    let response = next.run(request).await;
    let status = response.status();
    let problem = response.extensions().get::<Problem>();
    let says_nothing = !response.headers().contains_key(CONTENT_TYPE) && !status.is_success();
    if !is_ours || !(problem.is_some() || says_nothing) {
        return response;
    }
    let reason = problem.map_or_else(|| status.canonical_reason().unwrap_or("refused"), |problem| &problem.detail);
    let words = Json(Refusal { error: reason.to_owned() }).into_response();
    let (mut parts, _) = response.into_parts();
    parts.headers.remove(CONTENT_LENGTH);
    parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Response::from_parts(parts, words.into_body())
}
