//! An event as it stands on the log: a CloudEvents 1.0 envelope around a typed payload.
//! Payload types are in `events`; what producers send, before identifiers become tokens, is in `intake`.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::whole;
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
        decode_data(self.data.get())
    }

    /// The JSON of a payload.
    #[must_use]
    pub fn data_of<T: Serialize + JsonSchema>(payload: &T) -> Box<RawValue> {
        serde_json::value::to_raw_value(payload).expect("payload structs have string keys and serialise")
    }
}

/// JSON as a payload struct; the error names the field by its path, under `data`.
pub(crate) fn decode_data<T: DeserializeOwned>(json: &str) -> Result<T, DecodeError> {
    // What is text need not be looked through for UTF-8 again.
    serde_json::from_str(json).or_else(|_| decode_with_integers(json.as_bytes())).map_err(|error| match error {
        DecodeError::Field { field, reason } if field == "." => DecodeError::Field { field: "data".to_owned(), reason },
        DecodeError::Field { field, reason } => DecodeError::Field { field: format!("data.{field}"), reason },
        DecodeError::MissingHeader(_) | DecodeError::Header { .. } => error,
    })
}

/// JSON bytes as `T`. The error names the field by its path (`.` for the whole) and what was expected there, but never
/// the value that was found: it may be personal.
pub fn decode_json<T: DeserializeOwned>(json: &[u8]) -> Result<T, DecodeError> {
    serde_json::from_slice(json).or_else(|_| decode_json_by_path(json.strip_prefix(BYTE_ORDER_MARK).unwrap_or(json)))
}

/// The same of what others send, who may write an integer as 1200.0.
pub fn decode_sent<T: DeserializeOwned>(json: &[u8]) -> Result<T, DecodeError> {
    serde_json::from_slice(json).or_else(|_| decode_with_integers(json))
}

fn decode_with_integers<T: DeserializeOwned>(json: &[u8]) -> Result<T, DecodeError> {
    let json = json.strip_prefix(BYTE_ORDER_MARK).unwrap_or(json);
    let integers = std::str::from_utf8(json).ok().and_then(whole::with_integers);
    decode_json_by_path(integers.as_deref().map_or(json, str::as_bytes))
}

/// That of UTF-8.
pub const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

fn decode_json_by_path<T: DeserializeOwned>(json: &[u8]) -> Result<T, DecodeError> {
    let deserializer = &mut serde_json::Deserializer::from_slice(json);
    let value = serde_path_to_error::deserialize(&mut *deserializer).map_err(|error| DecodeError::Field {
        field: error
            .path()
            .iter()
            .map(|segment| nameable(&segment.to_string()).to_owned())
            .collect::<Vec<_>>()
            .join("."),
        reason: without_values(&error.inner().to_string()),
    });
    let value = value.map_err(|error| match error {
        DecodeError::Field { field, reason } if field.is_empty() => {
            DecodeError::Field { field: ".".to_owned(), reason }
        }
        other @ (DecodeError::Field { .. } | DecodeError::MissingHeader(_) | DecodeError::Header { .. }) => other,
    })?;
    deserializer.end().map_err(|_| DecodeError::Field {
        field: ".".to_owned(),
        reason: "expected one JSON value, found more after it".to_owned(),
    })?;
    Ok(value)
}

/// The parser's words without the value it found.
fn without_values(reason: &str) -> String {
    let reason = reason.split(" at line ").next().unwrap_or(reason);
    let reason = reason.split(", found `").next().unwrap_or(reason);
    for (start, keep) in
        [("invalid ", ": "), ("unknown variant ", "unknown variant"), ("unknown field ", "unknown field")]
    {
        let (Some(cut), Some(end)) = (reason.find(keep), reason.rfind(", expected ")) else { continue };
        if !reason.starts_with(start) {
            continue;
        }
        let name = reason[cut + keep.len()..end].trim_matches([' ', '`']);
        let shown = if start == "unknown field " { format!(" `{}`", nameable(name)) } else { String::new() };
        let head = if keep == ": " { &reason[..cut] } else { keep };
        return format!("{head}{shown}{}", &reason[end..]);
    }
    reason.to_owned()
}

/// A field's name as the sender wrote it, unless it looks like a value that strayed into a name.
fn nameable(name: &str) -> &str {
    let digits = name.chars().filter(char::is_ascii_digit).count();
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.[]".contains(c));
    if plain && digits < 5 && name.len() <= 40 { name } else { "(name withheld)" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::BehaviourClick;

    #[test]
    fn a_wrong_type_names_its_field_but_not_its_value() {
        let error =
            decode_data::<BehaviourClick>(r#"{"screen":"home","target":"x","dwell_ms":"13800138000"}"#).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("data.dwell_ms"), "{text}");
        assert!(!text.contains("13800138000"), "{text}");
    }

    #[test]
    fn a_value_in_the_place_of_a_name_is_withheld() {
        for json in [r#"{"13800138000":1}"#, r#"{"screen":"a","target":"b","dwell_ms":1,"13800138000":1}"#] {
            let text = decode_data::<BehaviourClick>(json).unwrap_err().to_string();
            assert!(!text.contains("138") && text.contains("expected"), "{text}");
        }
        let text =
            decode_data::<crate::events::CarrierIdentity>(r#"{"phone":"p","answer":"13800138000","carrier":""}"#)
                .unwrap_err()
                .to_string();
        assert!(text.contains("data.answer") && !text.contains("138"), "{text}");
        let text = decode_json::<crate::EventTime>(br#""13800138000x""#).unwrap_err().to_string();
        assert!(!text.contains("138"), "{text}");
    }

    #[test]
    fn trailing_bytes_are_refused() {
        assert!(decode_json::<u8>(b"1 2").is_err());
    }

    #[test]
    fn an_unknown_field_is_named() {
        let error = decode_data::<BehaviourClick>(r#"{"screen":"home","phone":"1"}"#).unwrap_err();
        assert!(error.to_string().contains("phone"), "{error}");
    }
}
