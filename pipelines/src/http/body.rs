//! Reading a JSON body: whatever is wrong with it becomes a problem that names the field and not its value.

use std::time::Duration;

use aide::OperationInput;
use aide::generate::GenContext;
use aide::openapi::Operation;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use weir_messages::{DecodeError, decode_sent};

use super::content_coding::{MOST_CODINGS, TAKEN, Undecoded, decoded};
use super::problem::Problem;

/// The body as `T`, and its bytes for the fingerprint of an idempotent request.
#[derive(Debug)]
pub(crate) struct JsonBody<T> {
    pub value: T,
    pub bytes: Bytes,
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is_json(&request) {
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "not_json",
                "expected the content type application/json",
            ));
        }
        let bytes = read(request, state).await?;
        let value = decode_sent(&bytes).map_err(|error| refuse(&error))?;
        Ok(Self { value, bytes })
    }
}

/// What a body is held to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BodyLimits {
    /// It has to be here by then.
    pub within: Duration,
    /// Bytes, once decoded.
    pub most: usize,
}

/// The whole body as it was before it was compressed, or a problem that says that it is too large, too slow or broke off.
pub(crate) async fn read<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Problem> {
    let limits = request.extensions().get().copied();
    let BodyLimits { within, most } = limits.unwrap_or(BodyLimits { within: Duration::MAX, most: usize::MAX });
    let headers = request.headers().clone();
    let read = tokio::time::timeout(within, Bytes::from_request(request, state)).await;
    let read = read.map_err(|_| {
        let detail = format!("expected the whole body within {} s", within.as_secs());
        Problem::new(StatusCode::REQUEST_TIMEOUT, "body_too_slow", detail)
    })?;
    let body = read.map_err(|rejection: BytesRejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => too_large(),
        _ => Problem::bad_request("body_unreadable", "the body broke off"),
    })?;
    Ok(decoded(&headers, body, most)?)
}

impl From<Undecoded> for Problem {
    fn from(undecoded: Undecoded) -> Self {
        match undecoded {
            Undecoded::Coding(found) => Self::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_coding",
                format!("content-encoding: expected {TAKEN}, at most {MOST_CODINGS} of them, found {found}"),
            )
            .at("content-encoding"),
            Undecoded::TooLarge => too_large(),
            Undecoded::Broken => Self::bad_request("body_unreadable", "the body broke off or does not decompress"),
        }
    }
}

fn too_large() -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", "the body is larger than this server takes")
}

/// What the bytes are not.
pub(crate) fn refuse(error: &DecodeError) -> Problem {
    match error {
        DecodeError::Field { field, reason } if field == "." => Problem::bad_request("malformed", reason.as_str()),
        DecodeError::Field { field, reason } => {
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_field", format!("{field}: {reason}"))
                .at(field.as_str())
        }
        DecodeError::MissingHeader(_) | DecodeError::Header { .. } => {
            Problem::bad_request("malformed", error.to_string())
        }
    }
}

fn is_json(request: &Request) -> bool {
    let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    media_type == "application/json" || media_type.ends_with("+json")
}

impl<T: JsonSchema> OperationInput for JsonBody<T> {
    fn operation_input(context: &mut GenContext, operation: &mut Operation) {
        axum::Json::<T>::operation_input(context, operation);
    }
}
