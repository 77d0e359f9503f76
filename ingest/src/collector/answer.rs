//! What comes in, and what is answered for it.

use bytes::Bytes;
use schemars::JsonSchema;
use serde::Serialize;

use crate::dead_letters::KeysUnavailable;
use crate::log::LogError;
use crate::refusal::Refusal;

/// What a request or a record holds, in one of the modes of the CloudEvents 1.0 HTTP and Kafka bindings.
#[derive(Debug, Clone)]
pub enum Content {
    /// A JSON array of events.
    Batch(Bytes),
    /// One event as JSON.
    Structured(Bytes),
    /// One event, its attributes in headers.
    Binary {
        /// Names in lower case without the `ce-` of their headers, and values without the headers' escapes.
        attributes: Vec<(String, String)>,
        /// The body's own, which is the event's `datacontenttype`.
        content_type: Option<String>,
        data: Bytes,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Durable on the log.
    Accepted,
    /// It was accepted before. A hint: an old repeat may be accepted again, and counts once all the same.
    Duplicate,
    Rejected,
}

impl Status {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Duplicate => "duplicate",
            Self::Rejected => "rejected",
        }
    }
}

/// The answer for one event, in the order of the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Answer {
    /// As the producer gave it; null where it cannot be read.
    pub id: Option<String>,
    pub status: Status,
    /// Why it was rejected: a stable word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The field that is wrong, by its path; `.` is the whole event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What was expected there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Answer {
    pub(super) const fn plain(id: Option<String>, status: Status) -> Self {
        Self { id, status, code: None, field: None, reason: None }
    }

    pub(super) fn rejected(id: Option<String>, refusal: Refusal) -> Self {
        let Refusal { code, field, reason } = refusal;
        let (code, field, reason) = (Some(code.to_owned()), Some(field), Some(reason));
        Self { id, status: Status::Rejected, code, field, reason }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    /// Nothing of the request can be taken, and nothing was.
    #[error("{}: {reason}", field.as_deref().unwrap_or("body"))]
    Body {
        /// `malformed`, `not_an_array`, `not_an_object`, `too_many_events` or `too_deep`.
        code: &'static str,
        /// None when it is the body itself.
        field: Option<String>,
        reason: String,
    },
    /// Whether anything was taken is unknown; sending it again is safe.
    #[error(transparent)]
    Log(#[from] LogError),
    /// Something was refused and cannot be sealed; nothing was taken.
    #[error(transparent)]
    Keys(#[from] KeysUnavailable),
}

impl CollectError {
    pub(super) fn body(code: &'static str, reason: impl Into<String>) -> Self {
        Self::Body { code, field: None, reason: reason.into() }
    }
}
