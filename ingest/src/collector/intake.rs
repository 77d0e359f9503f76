//! One event as sent becomes one event of the log, or a refusal.

use weir_messages::privacy::Tokenizer;
use weir_messages::{CustomerId, Event, EventId, EventType, KnownTime, TraceId, intake};

use super::binary::is_json;
use super::envelope::Envelope;
use super::timing::Timing;
use crate::refusal::{Refusal, check_names, check_object, unknown_type};
use crate::repeat_window::RepeatWindow;

/// `trace` is the event's where it names none of its own.
pub(super) fn event(
    json: &str,
    (tokens, repeats): (&Tokenizer, RepeatWindow),
    known_time: KnownTime,
    trace: TraceId,
) -> Result<Event, Refusal> {
    let sent = Envelope::parse(json)?;
    check_form(&sent)?;
    let event_type = telemetry_type(&required("type", sent.event_type)?)?;
    let Timing { time, original } = Timing::of(sent.time, sent.sentat, known_time)?;
    let data = sent.data.ok_or_else(|| Refusal::missing("data"))?;
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
    if sent.data_base64.is_some() {
        return Err(Refusal::new("unsupported_data", "data_base64", "expected JSON in `data`"));
    }
    Ok(())
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
