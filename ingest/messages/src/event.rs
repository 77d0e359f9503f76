//! An event as it stands on the log: a CloudEvents 1.0 envelope around a typed payload.
//! Payload types are in `events`; what producers send, before identifiers become tokens, is in `intake`.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{CustomerId, EventId, EventTime, EventType, KnownTime, TraceId};

#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    #[error("{field}: {reason}")]
    Field { field: String, reason: String },
    #[error("record has no `{0}` header")]
    MissingHeader(&'static str),
    #[error("header `{name}`: {reason}")]
    Header { name: &'static str, reason: String },
}

/// One event. `data` is the JSON of the payload struct that `event_type` names, kept as bytes so that a stage parses
/// only what it reads.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Event {
    pub id: EventId,
    /// Who produced it; (source, id) is what makes an event unique.
    pub source: String,
    #[serde(rename = "type")]
    pub event_type: EventType,
    /// The customer, or the install id before log-in. The key of the log.
    pub subject: CustomerId,
    pub time: EventTime,
    pub known_time: KnownTime,
    /// The producer's own time, where intake corrected or clamped it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original_time: Option<EventTime>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<TraceId>,
    pub data: Box<RawValue>,
}

impl Event {
    /// The payload as its type. Errors name the field by its path.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, DecodeError> {
        decode_data(self.data.get().as_bytes())
    }

    /// The JSON of a payload.
    #[must_use]
    pub fn data_of<T: Serialize + JsonSchema>(payload: &T) -> Box<RawValue> {
        serde_json::value::to_raw_value(payload).expect("payload structs have string keys and serialise")
    }
}

/// JSON bytes as a payload struct; the error names the field by its path.
pub(crate) fn decode_data<T: DeserializeOwned>(json: &[u8]) -> Result<T, DecodeError> {
    let deserializer = &mut serde_json::Deserializer::from_slice(json);
    serde_path_to_error::deserialize(deserializer).map_err(|error| DecodeError::Field {
        field: match error.path().to_string().as_str() {
            "." => "data".to_owned(),
            path => format!("data.{path}"),
        },
        reason: without_values(&error.inner().to_string()),
    })
}

/// The parser's words without the value it found, which may be personal data.
fn without_values(reason: &str) -> String {
    let reason = reason.split(" at line ").next().unwrap_or(reason);
    match (reason.find(": "), reason.rfind(", expected ")) {
        (Some(start), Some(end)) if reason.starts_with("invalid ") && start < end => {
            format!("{}{}", &reason[..start], &reason[end..])
        }
        _ => reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::BehaviourClick;

    #[test]
    fn a_wrong_type_names_its_field_but_not_its_value() {
        let error =
            decode_data::<BehaviourClick>(br#"{"screen":"home","target":"x","dwell_ms":"13800138000"}"#).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("data.dwell_ms"), "{text}");
        assert!(!text.contains("13800138000"), "{text}");
    }

    #[test]
    fn an_unknown_field_is_named() {
        let error = decode_data::<BehaviourClick>(br#"{"screen":"home","phone":"1"}"#).unwrap_err();
        assert!(error.to_string().contains("phone"), "{error}");
    }
}
