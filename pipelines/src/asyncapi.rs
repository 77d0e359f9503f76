//! The AsyncAPI 3 description of the topics, generated from the event types and their schemas.

use serde_json::{Map, Value, json};
use weir_messages::{Decision, EventType, Topic, events, intake};

/// The whole document, pretty-printed: `docs/asyncapi.json` is this text.
#[must_use]
pub(crate) fn document_json() -> String {
    serde_json::to_string_pretty(&document()).expect("a JSON value prints") + "\n"
}

fn document() -> Value {
    let messages: Map<String, Value> =
        EventType::ALL.iter().map(|event_type| (event_type.to_string(), message(*event_type))).collect();
    let event_refs: Map<String, Value> = EventType::ALL
        .iter()
        .map(|event_type| (event_type.to_string(), json!({ "$ref": format!("#/components/messages/{event_type}") })))
        .collect();
    let taken = EventType::ALL.iter().filter_map(|event_type| Some((event_type, intake::schema(*event_type)?)));
    let taken: Map<String, Value> = taken
        .map(|(event_type, schema)| (format!("intake.{event_type}"), intake_message(*event_type, &schema)))
        .collect();
    let intake_refs: Map<String, Value> =
        taken.keys().map(|name| (name.clone(), json!({ "$ref": format!("#/components/messages/{name}") }))).collect();
    let messages: Map<String, Value> = messages.into_iter().chain(taken).collect();
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Weir topics",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Events travel in the CloudEvents 1.0 Kafka binding, binary mode. Identifiers are keyed tokens.",
        },
        "defaultContentType": "application/json",
        "channels": {
            Topic::Events.name(): {
                "address": Topic::Events.name(),
                "description": "Every input event, consent and loan event, keyed by customer. Append here is the acknowledgement.",
                "messages": event_refs,
            },
            Topic::Decisions.name(): {
                "address": Topic::Decisions.name(),
                "description": "Decision records, keyed by customer. One may stand here twice, byte for byte: go by its application.",
                "messages": { "decision": { "$ref": "#/components/messages/decision" } },
            },
            Topic::Intake.name(): {
                "address": Topic::Intake.name(),
                "description": "On Kafka: CloudEvents 1.0 of any producer, in binary or structured mode, under any key. Checked and tokenised as over HTTP.",
                "messages": intake_refs,
            },
            Topic::DeadLetters.name(): {
                "address": Topic::DeadLetters.name(),
                "description": "Original bytes, sealed, with why they could not go on in headers.",
                "messages": { "deadLetter": { "$ref": "#/components/messages/deadLetter" } },
            },
        },
        "operations": {
            "receiveIntake": { "action": "receive", "channel": channel(Topic::Intake) },
            "sendEvents": { "action": "send", "channel": channel(Topic::Events) },
            "sendDecisions": { "action": "send", "channel": channel(Topic::Decisions) },
            "sendDeadLetters": { "action": "send", "channel": channel(Topic::DeadLetters) },
        },
        "components": { "messages": with_records(messages) },
    })
}

fn channel(topic: Topic) -> Value {
    json!({ "$ref": format!("#/channels/{}", topic.name()) })
}

/// An event as it stands on the log.
fn message(event_type: EventType) -> Value {
    let known = json!({ "type": "string", "format": "date-time", "description": "when the collector learned of it" });
    let mut message = cloud_event(event_type, event_type.name(), &events::schema(event_type));
    message["headers"]["properties"]["ce_knowntime"] = known;
    message["headers"]["required"] =
        json!(["ce_specversion", "ce_id", "ce_source", "ce_type", "ce_subject", "ce_time", "ce_knowntime"]);
    message
}

/// An event as a producer writes it.
fn intake_message(event_type: EventType, payload: &schemars::Schema) -> Value {
    let sent =
        json!({ "type": "string", "format": "date-time", "description": "when it was sent, by the clock of ce_time" });
    let mut message = cloud_event(event_type, &format!("{} as producers send it", event_type.name()), payload);
    message["headers"]["properties"]["ce_sentat"] = sent;
    message
}

fn cloud_event(event_type: EventType, title: &str, payload: &schemars::Schema) -> Value {
    json!({
        "name": event_type.to_string(),
        "title": title,
        "contentType": "application/json",
        "headers": {
            "type": "object",
            "required": ["ce_specversion", "ce_id", "ce_source", "ce_type", "ce_subject"],
            "properties": {
                "ce_specversion": { "const": "1.0" },
                "ce_id": { "type": "string" },
                "ce_source": { "type": "string" },
                "ce_type": { "const": event_type.to_string() },
                "ce_subject": { "type": "string", "description": "customer id, or install id before log-in" },
                "ce_time": { "type": "string", "format": "date-time", "description": "when it happened" },
                "ce_consentid": { "type": "string" },
                "ce_traceparent": { "type": "string" },
            },
        },
        "payload": payload,
    })
}

fn with_records(mut messages: Map<String, Value>) -> Map<String, Value> {
    messages.insert(
        "decision".to_owned(),
        json!({
            "name": "decision",
            "contentType": "application/json",
            "payload": schemars::schema_for!(Decision),
        }),
    );
    messages.insert(
        "deadLetter".to_owned(),
        json!({
            "name": "deadLetter",
            "contentType": "text/plain",
            "headers": {
                "type": "object",
                "required": ["origin", "stage", "class", "message", "knowntime"],
                "properties": {
                    "origin": { "type": "string" },
                    "stage": { "type": "string" },
                    "class": { "type": "string" },
                    "message": { "type": "string" },
                    "knowntime": { "type": "string", "format": "date-time" },
                    "customer": {
                        "type": "string",
                        "description": "Whose key seals it; absent where the ring's does.",
                    },
                },
            },
            "payload": { "type": "string", "description": "sealed1.<key id>.<base64>" },
        }),
    );
    messages
}
