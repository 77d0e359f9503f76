//! The one trace id that links a request, the events it causes, a decision and the journal entry.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// 16 bytes, as in W3C Trace Context. Carried in the CloudEvents extension `traceparent`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct TraceId(u128);

impl TraceId {
    #[must_use]
    pub fn random() -> Self {
        Self(Uuid::new_v7(uuid::Timestamp::now(uuid::NoContext)).as_u128())
    }

    /// From a `traceparent` header, `00-<32 hex>-<16 hex>-<2 hex>`; `None` when it is malformed or all zero.
    #[must_use]
    pub fn from_traceparent(header: &str) -> Option<Self> {
        let mut parts = header.split('-');
        let (version, trace, parent, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        if version.len() != 2 || trace.len() != 32 || parent.len() != 16 || flags.len() != 2 {
            return None;
        }
        hexadecimal(trace).filter(|id| *id != 0).map(Self)
    }

    /// A `traceparent` header with this trace and a span derived from it.
    #[must_use]
    pub fn traceparent(self) -> String {
        format!("00-{:032x}-{:016x}-01", self.0, (self.0 >> 64) ^ (self.0 & u128::from(u64::MAX)) | 1)
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<TraceId> for String {
    fn from(trace: TraceId) -> Self {
        trace.to_string()
    }
}

impl TryFrom<String> for TraceId {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let id = hexadecimal(&text).filter(|_| text.len() == 32);
        id.map(Self).ok_or_else(|| format!("expected 32 hex digits, found `{text}`"))
    }
}

/// Digits alone: the standard library takes a sign before them too.
fn hexadecimal(text: &str) -> Option<u128> {
    if text.bytes().all(|byte| byte.is_ascii_hexdigit()) { u128::from_str_radix(text, 16).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_traceparent_reads_back() {
        let trace = TraceId::random();
        assert_eq!(TraceId::from_traceparent(&trace.traceparent()), Some(trace));
    }

    #[test]
    fn a_malformed_traceparent_is_no_trace() {
        for header in [
            "",
            "00-zz-aa-01",
            "00-00000000000000000000000000000000-0000000000000001-01",
            "00-+000000000000000000000000000007b-0000000000000001-01",
        ] {
            assert_eq!(TraceId::from_traceparent(header), None, "{header}");
        }
        assert!(TraceId::try_from("+000000000000000000000000000007b".to_owned()).is_err());
    }
}
