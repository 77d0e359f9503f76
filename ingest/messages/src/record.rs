//! A log record and the topics there are. Events travel in the CloudEvents Kafka binding, binary mode: attributes in
//! `ce_` headers, the payload as the value.

use std::borrow::Cow;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{CustomerId, DecodeError, Event, EventId, EventTime, KnownTime, TraceId};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Topic {
    #[serde(rename = "weir.events")]
    Events,
    #[serde(rename = "weir.decisions")]
    Decisions,
    #[serde(rename = "weir.dead-letters")]
    DeadLetters,
    /// Where producers write themselves. The only topic that may hold clear identifiers.
    #[serde(rename = "weir.intake")]
    Intake,
    /// The shuffle: events and requests on the key of each device, address or phone they touch.
    #[serde(rename = "weir.entity-events")]
    EntityEvents,
    /// Parts of applications' vectors, on the customer's key.
    #[serde(rename = "weir.features")]
    Features,
}

impl Topic {
    pub const ALL: [Self; 6] =
        [Self::Events, Self::Decisions, Self::DeadLetters, Self::Intake, Self::EntityEvents, Self::Features];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Events => "weir.events",
            Self::Decisions => "weir.decisions",
            Self::DeadLetters => "weir.dead-letters",
            Self::Intake => "weir.intake",
            Self::EntityEvents => "weir.entity-events",
            Self::Features => "weir.features",
        }
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    pub name: Cow<'static, str>,
    pub value: String,
}

/// Names that our own records carry. They are many and the same, so they are not copied.
const NAMES: &[&str] = &[
    "ce_specversion",
    "ce_id",
    "ce_source",
    "ce_type",
    "ce_subject",
    "ce_time",
    "ce_knowntime",
    "content-type",
    "ce_originaltime",
    "ce_consentid",
    "ce_traceparent",
    "source",
    "ordinal",
    "kind",
];

impl Header {
    #[must_use]
    pub fn new(name: &str, value: impl Into<String>) -> Self {
        let known = NAMES.iter().find(|known| **known == name);
        Self {
            name: known.map_or_else(|| Cow::Owned(name.to_owned()), |known| Cow::Borrowed(*known)),
            value: value.into(),
        }
    }
}

/// Key, headers and value, as Kafka has them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    pub key: String,
    pub headers: Vec<Header>,
    pub value: Vec<u8>,
}

impl Record {
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|header| header.name == name).map(|header| header.value.as_str())
    }

    pub fn push_header(&mut self, name: &str, value: impl Into<String>) {
        self.headers.push(Header::new(name, value));
    }

    pub(crate) fn required(&self, name: &'static str) -> Result<&str, DecodeError> {
        self.header(name).ok_or(DecodeError::MissingHeader(name))
    }
}

impl From<&Event> for Record {
    fn from(event: &Event) -> Self {
        let mut record = Self {
            key: event.subject.as_str().to_owned(),
            headers: Vec::with_capacity(11),
            value: event.data.get().as_bytes().to_vec(),
        };
        record.push_header("ce_specversion", "1.0");
        record.push_header("ce_id", event.id.as_str());
        record.push_header("ce_source", event.source.as_str());
        record.push_header("ce_type", event.event_type.to_string());
        record.push_header("ce_subject", event.subject.as_str());
        record.push_header("ce_time", event.time.to_string());
        record.push_header("ce_knowntime", event.known_time.to_string());
        record.push_header("content-type", "application/json");
        if let Some(time) = event.original_time {
            record.push_header("ce_originaltime", time.to_string());
        }
        if let Some(consent) = &event.consent_id {
            record.push_header("ce_consentid", consent);
        }
        if let Some(trace) = event.trace {
            record.push_header("ce_traceparent", trace.traceparent());
        }
        record
    }
}

impl TryFrom<&Record> for Event {
    type Error = DecodeError;

    fn try_from(record: &Record) -> Result<Self, DecodeError> {
        fn parsed<T, E: fmt::Display>(name: &'static str, result: Result<T, E>) -> Result<T, DecodeError> {
            result.map_err(|error| DecodeError::Header { name, reason: error.to_string() })
        }
        let data: &RawValue = serde_json::from_slice(&record.value)
            .map_err(|error| DecodeError::Field { field: "data".to_owned(), reason: error.to_string() })?;
        Ok(Self {
            id: EventId::new(record.required("ce_id")?),
            source: record.required("ce_source")?.to_owned(),
            event_type: parsed("ce_type", record.required("ce_type")?.parse())?,
            subject: CustomerId::new(record.required("ce_subject")?),
            time: parsed("ce_time", EventTime::parse(record.required("ce_time")?))?,
            known_time: parsed("ce_knowntime", KnownTime::parse(record.required("ce_knowntime")?))?,
            original_time: record
                .header("ce_originaltime")
                .map(|text| parsed("ce_originaltime", EventTime::parse(text)))
                .transpose()?,
            consent_id: record.header("ce_consentid").map(str::to_owned),
            trace: record.header("ce_traceparent").and_then(TraceId::from_traceparent),
            data: data.to_owned(),
        })
    }
}
