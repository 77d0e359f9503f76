//! One event as sent becomes one event of the log, or a refusal.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::value::RawValue;
use weir_messages::privacy::{Identifier, Tokenizer};
use weir_messages::{BYTE_ORDER_MARK, CustomerId, Event, EventId, EventTime, EventType, KnownTime, TraceId, intake};

use super::binary::is_json;
use super::envelope::Envelope;
use super::timing::Timing;
use crate::refusal::{Refusal, check_names, check_object, unknown_type};
use crate::repeat_window::RepeatWindow;

/// What every event is held to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules<'a> {
    pub tokens: &'a Tokenizer,
    pub repeats: RepeatWindow,
    /// No event happened before it: a time that says so is another's unit, or a clock that was never set.
    pub earliest: EventTime,
}

/// `trace` is the event's where it names none of its own.
pub(super) fn event(
    json: &str,
    Rules { tokens, repeats, earliest }: Rules<'_>,
    known_time: KnownTime,
    trace: TraceId,
) -> Result<Event, Refusal> {
    let sent = Envelope::parse(json)?;
    check_form(&sent)?;
    let event_type = telemetry_type(&required("type", sent.event_type)?)?;
    let Timing { time, original } = Timing::of(sent.time, sent.sentat, known_time)?;
    if time < earliest {
        return Err(Refusal::invalid("time", format!("expected a time from {earliest} on (limits.earliest_event)")));
    }
    let data = payload(sent.data, sent.data_base64)?;
    check_object(data.get())?;
    let mut event = Event {
        id: EventId::new(required("id", sent.id)?),
        source: required("source", sent.source)?,
        event_type,
        subject: CustomerId::new(required("subject", sent.subject)?),
        time,
        known_time,
        original_time: original,
        consent_id: sent.consentid,
        trace: Some(sent.traceparent.as_deref().and_then(TraceId::from_traceparent).unwrap_or(trace)),
        data,
    };
    check_names(&event)?;
    // All who send a text that names nobody would be one customer.
    let somebody = Identifier::Contact.check(event.subject.as_str());
    somebody.map_err(|reason| Refusal::invalid("subject", reason.to_string()))?;
    check_source(&event.source)?;
    check_consent(&event)?;
    repeats.check(&event, known_time)?;
    event.data = intake::to_log(event_type, event.data.get(), tokens)?;
    Ok(event)
}

fn required(field: &str, value: Option<String>) -> Result<String, Refusal> {
    value.ok_or_else(|| Refusal::missing(field))
}

fn check_form(sent: &Envelope) -> Result<(), Refusal> {
    match sent.specversion.as_deref() {
        Some("1.0") => {}
        Some(_) => return Err(Refusal::invalid("specversion", "expected `1.0`")),
        None => return Err(Refusal::missing("specversion")),
    }
    if sent.datacontenttype.as_deref().is_some_and(|given| !is_json(given)) {
        return Err(Refusal::new("unsupported_data", "datacontenttype", "expected `application/json`"));
    }
    Ok(())
}

/// JSON as it stands in `data`, or as bytes in `data_base64` (CloudEvents JSON format 1.0.2, 3.1).
fn payload(data: Option<Box<RawValue>>, base64: Option<String>) -> Result<Box<RawValue>, Refusal> {
    let wrong = |expected: &str| Refusal::invalid("data_base64", expected);
    match (data, base64) {
        (Some(_), Some(_)) => Err(wrong("expected either `data` or `data_base64`")),
        (Some(data), None) => Ok(data),
        (None, Some(base64)) => {
            let bytes = STANDARD.decode(base64).map_err(|_| wrong("expected base64"))?;
            let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&bytes);
            super::body::single(bytes)
                .map(RawValue::to_owned)
                .map_err(|_| wrong("expected the base64 of a JSON object"))
        }
        (None, None) => Err(Refusal::missing("data")),
    }
}

fn telemetry_type(name: &str) -> Result<EventType, Refusal> {
    let event_type: EventType = name.parse().map_err(|_| unknown_type("type"))?;
    if event_type.is_telemetry() {
        return Ok(event_type);
    }
    Err(Refusal::new("reserved_type", "type", "expected a type that producers send: this one is lending's own"))
}

/// A URI reference as far as its characters go (RFC 3986, 2).
fn check_source(source: &str) -> Result<(), Refusal> {
    if source.bytes().all(|c| c.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&c)) {
        return Ok(());
    }
    Err(Refusal::invalid("source", "expected a URI reference"))
}

fn check_consent(event: &Event) -> Result<(), Refusal> {
    match event.event_type.sensitive_class() {
        Some(class) if event.consent_id.is_none() => {
            Err(Refusal::new("consent_missing", "consentid", format!("expected a consent that covers `{class}`")))
        }
        Some(_) | None => Ok(()),
    }
}
