//! The one place where errors become answers: RFC 9457 problem documents.

use std::borrow::Cow;

use aide::OperationOutput;
use aide::generate::GenContext;
use aide::openapi::{Operation, Response as Described};
use axum::Json;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use weir_messages::Causes;

/// RFC 9457. `code` is stable and meant for programs; `detail` is for people and holds no personal data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    #[serde(rename = "type")]
    pub about: Cow<'static, str>,
    pub title: Cow<'static, str>,
    pub status: u16,
    pub code: Cow<'static, str>,
    pub detail: Box<str>,
    /// Path of the field that is at fault, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<Box<str>>,
    /// Seconds after which asking again makes sense; also in `Retry-After`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u32>,
}

impl Problem {
    pub fn new(status: StatusCode, code: impl Into<Cow<'static, str>>, detail: impl Into<String>) -> Self {
        let code = code.into();
        Self {
            about: format!("urn:weir:problem:{code}").into(),
            title: status.canonical_reason().unwrap_or("Error").into(),
            status: status.as_u16(),
            code,
            detail: detail.into().into(),
            field: None,
            retry_after: None,
        }
    }

    #[must_use]
    pub fn at(mut self, field: impl Into<Box<str>>) -> Self {
        self.field = Some(field.into());
        self
    }

    #[must_use]
    pub const fn after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// It was there, and the log keeps it no more.
    pub fn gone(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::GONE, "gone", detail)
    }

    pub fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", format!("no such {what}"))
    }

    pub fn bad_request(code: impl Into<Cow<'static, str>>, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, detail)
    }

    pub(super) fn unavailable(code: &'static str, detail: &str) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, code, detail)
    }

    /// Something of ours failed. The cause goes to the log; the caller learns that it was not them.
    pub fn internal(cause: &dyn std::error::Error) -> Self {
        tracing::error!(cause = %Causes(cause), "request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the request failed for a reason of ours")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).expect("problems are built from a StatusCode");
        let retry_after = self.retry_after;
        let mut response = (status, Json(&self)).into_response();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        // For routes whose protocol has words of its own.
        response.extensions_mut().insert(self);
        response
    }
}

impl OperationOutput for Problem {
    type Inner = Self;

    fn operation_response(context: &mut GenContext, _: &mut Operation) -> Option<Described> {
        let schema = aide::openapi::SchemaObject {
            json_schema: context.schema.subschema_for::<Self>(),
            example: None,
            external_docs: None,
        };
        let media = aide::openapi::MediaType { schema: Some(schema), ..Default::default() };
        Some(Described {
            description: "A problem document (RFC 9457)".to_owned(),
            content: std::iter::once(("application/problem+json".to_owned(), media)).collect(),
            ..Default::default()
        })
    }

    fn inferred_responses(context: &mut GenContext, operation: &mut Operation) -> Vec<(Option<u16>, Described)> {
        Self::operation_response(context, operation).map(|described| (None, described)).into_iter().collect()
    }
}
