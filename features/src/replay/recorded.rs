//! The lines of a replay: events, requests, answers.

use std::collections::BTreeMap;
use std::io::BufRead;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use weir_messages::{EventTime, FeatureValue, KnownTime, Name, Named};

use super::ReplayError;
use crate::engine::Answer;
use crate::source::{Envelope, type_name};

/// The envelope; the line's other fields are its data.
#[derive(Debug, Deserialize)]
struct Header {
    id: Id,
    #[serde(default)]
    source: String,
    #[serde(rename = "type")]
    event_type: String,
    subject: Id,
    time: EventTime,
    known_time: Option<KnownTime>,
}

/// One event, and its line, which holds the data.
#[derive(Debug)]
pub(super) struct Recorded {
    header: Header,
    pub(super) json: String,
}

impl Recorded {
    pub(super) fn read(line: usize, json: String) -> Result<Self, ReplayError> {
        Ok(Self { header: decode("events", line, &json)?, json })
    }

    pub(super) fn envelope(&self) -> Envelope<'_> {
        let Header { id, source, event_type, subject, time, known_time } = &self.header;
        Envelope {
            id: &id.text,
            source,
            event_type: type_name(event_type),
            subject: &subject.text,
            time: *time,
            known: known_time.unwrap_or(time.as_known()),
        }
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    pub(super) id: Id,
    pub(super) time: EventTime,
    /// Lines of events folded before it.
    pub(super) after: usize,
    pub(super) entities: BTreeMap<String, Id>,
    /// An application that counts for this request alone.
    #[serde(default)]
    pub(super) application: Option<Map<String, Value>>,
}

/// An id, written as text or as an integer.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Value")]
pub(super) struct Id {
    pub(super) text: String,
    pub(super) written: Value,
}

impl TryFrom<Value> for Id {
    type Error = &'static str;

    fn try_from(written: Value) -> Result<Self, Self::Error> {
        let text = match &written {
            Value::String(text) => text.clone(),
            Value::Number(number) if number.is_i64() || number.is_u64() => number.to_string(),
            Value::Number(_) | Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
                return Err("expected an id, as text or an integer of 64 bits");
            }
        };
        Ok(Self { text, written })
    }
}

#[derive(Debug, Serialize)]
pub(super) struct Answered<'a> {
    id: &'a Value,
    features: &'a Named<FeatureValue>,
    missing: &'a Named<Name>,
}

impl<'a> Answered<'a> {
    pub(super) const fn new(asked: &'a Asked, answer: &'a Answer) -> Self {
        Self { id: &asked.id.written, features: &answer.features, missing: &answer.missing }
    }
}

impl Asked {
    pub(super) fn read(line: usize, json: &str) -> Result<Self, ReplayError> {
        decode("requests", line, json)
    }
}

fn decode<T: DeserializeOwned>(file: &'static str, line: usize, json: &str) -> Result<T, ReplayError> {
    weir_messages::decode_json(json.as_bytes()).map_err(|source| ReplayError::Line { file, line, source })
}

/// Each line with its number; empty ones are none.
pub(super) fn lines(
    file: &'static str,
    lines: impl BufRead,
) -> impl Iterator<Item = Result<(usize, String), ReplayError>> {
    lines.lines().enumerate().filter_map(move |(at, text)| match text.map(|text| without_mark(at, text)) {
        Ok(text) if text.trim().is_empty() => None,
        Ok(text) => Some(Ok((at + 1, text))),
        Err(source) => Some(Err(ReplayError::Read { file, line: at + 1, source })),
    })
}

/// A file may begin with a byte order mark.
fn without_mark(at: usize, text: String) -> String {
    match text.strip_prefix('\u{feff}') {
        Some(rest) if at == 0 => rest.to_owned(),
        Some(_) | None => text,
    }
}
