//! The CloudEvents 1.0 envelope as a producer sends it. An extension that we do not know is checked and not kept.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;
use weir_messages::{EventTime, decode_json};

use crate::refusal::Refusal;

/// Far more than any producer of ours has.
const MOST_EXTENSIONS: usize = 32;

/// Attributes as they stand; what must be there and what may be in it is checked in `intake`.
#[derive(Debug, Default)]
pub(super) struct Envelope {
    pub(super) specversion: Option<String>,
    pub(super) id: Option<String>,
    pub(super) source: Option<String>,
    pub(super) event_type: Option<String>,
    pub(super) subject: Option<String>,
    pub(super) time: Option<EventTime>,
    pub(super) datacontenttype: Option<String>,
    pub(super) data: Option<Box<RawValue>>,
    pub(super) data_base64: Option<String>,
    pub(super) consentid: Option<String>,
    pub(super) traceparent: Option<String>,
    /// When the producer sent it, by the clock that `time` is by.
    pub(super) sentat: Option<EventTime>,
}

impl Envelope {
    pub(super) fn parse(json: &str) -> Result<Self, Refusal> {
        Ok(decode_json(json.as_bytes())?)
    }
}

/// The id of an event that may be wrong elsewhere, for its answer.
pub(super) fn id_of(json: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Named {
        id: String,
    }
    serde_json::from_str::<Named>(json).ok().map(|named| named.id).filter(|id| id.len() <= 1_024)
}

/// The subject of an event that may be wrong elsewhere, for whoever seals it.
pub(super) fn subject_of(json: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Named {
        subject: String,
    }
    serde_json::from_slice::<Named>(json).ok().map(|named| named.subject)
}

impl<'de> Deserialize<'de> for Envelope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EnvelopeVisitor)
    }
}

struct EnvelopeVisitor;

impl<'de> Visitor<'de> for EnvelopeVisitor {
    type Value = Envelope;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a CloudEvent, which is an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Envelope, A::Error> {
        let mut event = Envelope::default();
        let (mut dataschema, mut extensions) = (None::<String>, Vec::new());
        while let Some(Name(name)) = map.next_key()? {
            match name.as_ref() {
                "specversion" => set(&mut event.specversion, &mut map)?,
                "id" => set(&mut event.id, &mut map)?,
                "source" => set(&mut event.source, &mut map)?,
                "type" => set(&mut event.event_type, &mut map)?,
                "subject" => set(&mut event.subject, &mut map)?,
                "time" => set_time(&mut event.time, &mut map)?,
                "datacontenttype" => set(&mut event.datacontenttype, &mut map)?,
                "dataschema" => set(&mut dataschema, &mut map)?,
                "data" => set(&mut event.data, &mut map)?,
                "data_base64" => set(&mut event.data_base64, &mut map)?,
                "consentid" => set(&mut event.consentid, &mut map)?,
                "traceparent" => set(&mut event.traceparent, &mut map)?,
                "sentat" => set_time(&mut event.sentat, &mut map)?,
                _ => {
                    check_extension(&name, &extensions, &mut map)?;
                    extensions.push(name);
                }
            }
        }
        Ok(event)
    }
}

#[derive(Deserialize)]
#[serde(transparent)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// Null is as good as absent.
fn set<'de, T: Deserialize<'de>, A: MapAccess<'de>>(slot: &mut Option<T>, map: &mut A) -> Result<(), A::Error> {
    if slot.is_some() {
        return map.next_value_seed(Wrong("expected this attribute once"));
    }
    *slot = map.next_value()?;
    Ok(())
}

fn set_time<'de, A: MapAccess<'de>>(slot: &mut Option<EventTime>, map: &mut A) -> Result<(), A::Error> {
    #[derive(Deserialize)]
    struct Stated(#[serde(deserialize_with = "EventTime::from_rfc3339")] Option<EventTime>);
    let mut stated = slot.map(|time| Stated(Some(time)));
    set(&mut stated, map)?;
    *slot = stated.and_then(|Stated(time)| time);
    Ok(())
}

fn check_extension<'de, A: MapAccess<'de>>(name: &str, before: &[Cow<'de, str>], map: &mut A) -> Result<(), A::Error> {
    let wrong = if name.is_empty() || !name.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()) {
        "expected an attribute name of lower-case letters and digits"
    } else if before.iter().any(|other| other == name) {
        "expected this attribute once"
    } else if before.len() == MOST_EXTENSIONS {
        "expected fewer extension attributes"
    } else {
        return map.next_value::<Scalar>().map(drop);
    };
    map.next_value_seed(Wrong(wrong))
}

/// Refuses the value that comes next, so that the error is told under the name of its field.
struct Wrong(&'static str);

impl<'de> DeserializeSeed<'de> for Wrong {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, _: D) -> Result<(), D::Error> {
        Err(D::Error::custom(self.0))
    }
}

/// What an extension may hold.
struct Scalar;

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl Visitor<'_> for Scalar {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string, a number or a boolean")
    }

    fn visit_unit<E: Error>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(json: &str) -> (String, String) {
        let refusal = Envelope::parse(json).unwrap_err();
        assert!(!refusal.reason.contains("138"), "{refusal:?}");
        (refusal.field, refusal.reason)
    }

    #[test]
    fn attributes_and_extensions_are_read_and_null_is_absent() {
        let json = r#"{"id":"1","data":{"a":[1]},"time":"1970-01-01T00:00:00.000005Z","sentat":"1970-01-01T00:00:01Z","subject":null,"dataschema":null,
            "sampledrate":3,"lang":"de","ok":true,"none":null}"#;
        let event = Envelope::parse(json).unwrap();
        assert_eq!((event.id.as_deref(), event.subject), (Some("1"), None));
        assert_eq!(
            (event.time, event.sentat),
            (Some(EventTime::from_micros(5)), Some(EventTime::from_micros(1_000_000)))
        );
        assert_eq!(event.data.unwrap().get(), r#"{"a":[1]}"#);
    }

    #[test]
    fn what_is_wrong_is_named_by_its_field_and_never_shown() {
        for (json, field) in [
            (r#"{"data":{"x":1},"id":13800138000}"#, "id"),
            (r#"{"id":"1","time":"13800138000 o'clock","data":{"x":1}}"#, "time"),
            (r#"{"id":"1","time":"13800138000"}"#, "time"),
            (r#"{"id":"1","sentat":13800138000}"#, "sentat"),
            (r#"{"time":"2026-03-01T10:00:00Z","time":"2026-03-01T10:00:00Z"}"#, "time"),
            (r#"{"id":"1","id":"13800138000"}"#, "id"),
            (r#"{"data":{},"data":{}}"#, "data"),
            (r#"{"Lang":"x"}"#, "Lang"),
            (r#"{"my_name":"13800138000"}"#, "my_name"),
            (r#"{"lang":"x","lang":"13800138000"}"#, "lang"),
            (r#"{"lang":{"phone":"13800138000"}}"#, "lang"),
            (r#"{"+13800138000":1}"#, "(name withheld)"),
            (r#""13800138000""#, "."),
            ("[1]", "."),
        ] {
            assert_eq!(refused(json).0, field, "{json}");
        }
    }

    #[test]
    fn extensions_are_bounded_in_number() {
        let members: Vec<String> = (0..=MOST_EXTENSIONS).map(|n| format!("\"x{n}\":1")).collect();
        assert!(Envelope::parse(&format!("{{{}}}", members[1..].join(","))).is_ok());
        assert_eq!(refused(&format!("{{{}}}", members.join(","))).1, "expected fewer extension attributes");
    }

    #[test]
    fn the_id_of_a_wrong_event_is_found_where_it_can_be() {
        assert_eq!(id_of(r#"{"id":"e-1","time":[]}"#).as_deref(), Some("e-1"));
        assert_eq!(id_of(r#"{"id":7}"#), None);
        assert_eq!(id_of("[]"), None);
    }
}
