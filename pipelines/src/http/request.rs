//! What every request brings beside its body: a trace id, an idempotency key, preferences and query parameters.

use std::time::{Duration, Instant};

use aide::OperationInput;
use aide::generate::GenContext;
use aide::openapi::{Operation, Parameter, ParameterData, ParameterSchemaOrContent, SchemaObject};
use aide::operation::add_parameters;
use axum::extract::{FromRequestParts, MatchedPath, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use tracing::Instrument;
use weir_lending::api::RequestKey;
use weir_messages::TraceId;

use super::problem::Problem;

/// Longest that a caller may wait for a decision in the request itself.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Gives every request its trace id (the caller's `traceparent`, or a new one), a span, and its share of the metrics.
/// Paths are logged as routes, so that no id of a person stands in a log by way of an address.
pub(crate) async fn traced(mut request: Request, next: Next) -> Response {
    let given = text(request.headers(), "traceparent").and_then(TraceId::from_traceparent);
    let trace = Trace { id: given.unwrap_or_else(TraceId::random), is_given: given.is_some() };
    request.extensions_mut().insert(trace);
    let route = request.extensions().get::<MatchedPath>().map_or("unknown", MatchedPath::as_str).to_owned();
    let method = known(request.method());
    let (began, span) = (Instant::now(), tracing::info_span!("request", trace = %trace.id, method, route));
    let mut response = next.run(request).instrument(span.clone()).await;
    let status = response.status().as_u16();
    let _in_span = span.enter();
    tracing::debug!(status, took = ?began.elapsed(), "answered");
    let labels = [("method", method.to_owned()), ("route", route), ("status", status.to_string())];
    metrics::counter!("weir_http_requests_total", &labels).increment(1);
    metrics::histogram!("weir_http_request_seconds", &labels[..2]).record(began.elapsed());
    if let Ok(header) = HeaderValue::from_str(&trace.id.traceparent()) {
        response.headers_mut().insert("traceparent", header);
    }
    response
}

/// The method as a label. HTTP lets a caller make up methods, and a series that was made stays.
const fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// The request's trace id.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Trace {
    pub id: TraceId,
    /// Whether the caller named it.
    pub is_given: bool,
}

impl<S: Send + Sync> FromRequestParts<S> for Trace {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let fresh = || Self { id: TraceId::random(), is_given: false };
        Ok(parts.extensions.get::<Self>().copied().unwrap_or_else(fresh))
    }
}

impl OperationInput for Trace {}

/// The key under which a command counts once, however often it is sent.
#[derive(Debug, Clone)]
pub(crate) struct IdempotencyKey {
    key: String,
    /// Method and path.
    operation: String,
    trace: TraceId,
}

impl IdempotencyKey {
    /// The request as lending keeps it: the same key with another body is refused. Its answer is `Created`.
    pub(crate) fn with(self, body: &[u8]) -> RequestKey {
        RequestKey::new(self.key, &self.operation, body, self.trace)
    }

    /// The same for a request whose answer is `Changed`.
    pub(crate) fn changing(self, body: &[u8]) -> RequestKey {
        self.with(body).answered_with(StatusCode::OK.as_u16())
    }

    /// In place of the request's own trace.
    #[must_use]
    pub(crate) fn traced(self, trace: TraceId) -> Self {
        Self { trace, ..self }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let trace = Trace::from_request_parts(parts, state).await?.id;
        let Some(key) = text(&parts.headers, "idempotency-key") else {
            let detail = "expected an Idempotency-Key header: a text of yours that names this request";
            return Err(Problem::bad_request("idempotency_key_missing", detail).at("idempotency-key"));
        };
        let operation = format!("{} {}", parts.method, parts.uri.path());
        Ok(Self { key: key.to_owned(), operation, trace })
    }
}

impl OperationInput for IdempotencyKey {
    fn operation_input(context: &mut GenContext, operation: &mut Operation) {
        let about = "Names this request: sent again with the same body, it gets the first answer and changes nothing";
        header(context, operation, "Idempotency-Key", about, true);
    }
}

/// `Prefer: wait=<seconds>` (RFC 7240): how long the caller would rather wait than ask again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wait(pub Option<Duration>);

impl<S: Send + Sync> FromRequestParts<S> for Wait {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let preferences = text(&parts.headers, "prefer").unwrap_or_default();
        let wait = preferences.split(',').find_map(|one| one.trim().strip_prefix("wait="));
        // An unknown preference is ignored, as the RFC says.
        let seconds = wait.and_then(|seconds| seconds.parse().ok());
        Ok(Self(seconds.map(|seconds| Duration::from_secs(seconds).min(LONGEST_WAIT))))
    }
}

impl OperationInput for Wait {
    fn operation_input(context: &mut GenContext, operation: &mut Operation) {
        header(context, operation, "Prefer", "`wait=2` waits up to two seconds for the decision, 30 at most", false);
    }
}

/// Query parameters; a wrong one is a problem that names it.
#[derive(Debug)]
pub(crate) struct Params<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(params)) => Ok(Self(params)),
            // The library's words hold the name of the parameter, and never more of its value than a type.
            Err(error) => Err(Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "invalid_parameter",
                error.body_text().replace("Failed to deserialize query string: ", ""),
            )),
        }
    }
}

impl<T: JsonSchema> OperationInput for Params<T> {
    fn operation_input(context: &mut GenContext, operation: &mut Operation) {
        Query::<T>::operation_input(context, operation);
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn header(context: &mut GenContext, operation: &mut Operation, name: &str, about: &str, required: bool) {
    let schema =
        SchemaObject { json_schema: context.schema.subschema_for::<String>(), example: None, external_docs: None };
    let parameter_data = ParameterData {
        name: name.to_owned(),
        description: Some(about.to_owned()),
        required,
        deprecated: None,
        format: ParameterSchemaOrContent::Schema(schema),
        example: None,
        examples: Default::default(),
        explode: None,
        extensions: Default::default(),
    };
    add_parameters(context, operation, [Parameter::Header { parameter_data, style: Default::default() }]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_that_a_caller_made_up_is_counted_as_other() {
        let label = |text: &str| known(&Method::from_bytes(text.as_bytes()).unwrap());
        assert_eq!(
            ["GET", "DELETE", "M0000001XXXX", "get", "TRACE"].map(label),
            ["GET", "DELETE", "other", "other", "other"]
        );
    }
}
