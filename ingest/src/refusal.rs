//! Why an event is refused, in words that name fields and never hold a value: the value may be personal.

use weir_messages::{CustomerId, DeadLetter, DecodeError, Event, KnownTime, Place, Record, Unsealed};

use crate::log::codec;

use crate::collector::CollectError;

const MOST_ID: usize = 256;
const MOST_SUBJECT: usize = 128;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: &'static str,
    pub(crate) field: String,
    pub(crate) reason: String,
}

impl Refusal {
    pub(crate) fn new(code: &'static str, field: &str, reason: impl Into<String>) -> Self {
        Self { code, field: field.to_owned(), reason: reason.into() }
    }

    pub(crate) fn invalid(field: &str, reason: impl Into<String>) -> Self {
        Self::new("invalid_field", field, reason)
    }

    pub(crate) fn missing(field: &str) -> Self {
        Self::invalid(field, "expected this attribute, found none")
    }

    /// A dead letter of what was refused.
    pub(crate) fn letter(
        &self,
        (origin, stage): (String, &str),
        body: Unsealed,
        known_time: KnownTime,
    ) -> DeadLetter<Unsealed> {
        let (stage, class) = (stage.to_owned(), self.code.to_owned());
        DeadLetter { body, origin, stage, class, message: format!("{}: {}", self.field, self.reason), known_time }
    }

    /// A dead letter of a record of the log, known from when the record says; from 1970 on where it does not.
    pub(crate) fn letter_of_record(&self, place: Place, stage: &str, record: &Record) -> DeadLetter<Unsealed> {
        let known_time = record.header("ce_knowntime").and_then(|text| KnownTime::parse(text).ok());
        // What was derived from events lies on the customer's key, or on that of an entity, who is no customer.
        let subject = subject(record.header("ce_subject").unwrap_or(&record.key));
        let body = Unsealed { bytes: codec::encode(record), subject };
        self.letter((place.to_string(), stage), body, known_time.unwrap_or_default())
    }
}

/// What may name a customer.
pub(crate) fn subject(text: &str) -> Option<CustomerId> {
    check_text("subject", text, MOST_SUBJECT).is_ok().then(|| CustomerId::new(text))
}

impl From<DecodeError> for Refusal {
    fn from(error: DecodeError) -> Self {
        match error {
            DecodeError::Field { field, reason } => match missing_field(&reason) {
                Some(missing) => Self::invalid(&format!("{field}.{missing}"), "expected this field, found none"),
                None => Self::invalid(&field, reason),
            },
            DecodeError::MissingHeader(name) => Self::invalid(name, "expected this header, found none"),
            // The parser's reason quotes what it found.
            DecodeError::Header { name: "ce_type", .. } => unknown_type("ce_type"),
            DecodeError::Header { name, .. } => Self::invalid(name, "expected an RFC 3339 time"),
        }
    }
}

/// What cannot be read at all, of a record that has nobody to answer.
impl From<CollectError> for Refusal {
    fn from(error: CollectError) -> Self {
        match error {
            CollectError::Body { code, field, reason } => Self::new(code, field.as_deref().unwrap_or("."), reason),
            CollectError::Log(error) => Self::new("log", ".", error.to_string()),
            CollectError::Keys(error) => Self::new("keys", ".", error.to_string()),
        }
    }
}

/// serde names a field that is missing at the struct that lacks it.
fn missing_field(reason: &str) -> Option<&str> {
    reason.strip_prefix("missing field `")?.strip_suffix('`')
}

pub(crate) fn unknown_type(field: &str) -> Refusal {
    Refusal::new("unknown_type", field, "expected a type and version of the catalogue")
}

/// Between one and `most` characters, none of them a control character.
pub(crate) fn check_text(field: &str, text: &str, most: usize) -> Result<(), Refusal> {
    // As nearly all are: each byte is a character. All are looked at, which takes less time than to stop early.
    let plain = text.bytes().fold(true, |plain, byte| plain & (b' '..=b'~').contains(&byte));
    if plain && (1..=most).contains(&text.len()) {
        return Ok(());
    }
    if !(1..=most).contains(&text.chars().count()) {
        return Err(Refusal::invalid(field, format!("expected 1 to {most} characters")));
    }
    if text.chars().any(char::is_control) {
        return Err(Refusal::invalid(field, "expected no control characters"));
    }
    Ok(())
}

/// What every event is known by, whoever wrote it.
pub(crate) fn check_names(event: &Event) -> Result<(), Refusal> {
    check_text("id", event.id.as_str(), MOST_ID)?;
    check_text("source", &event.source, MOST_ID)?;
    check_text("subject", event.subject.as_str(), MOST_SUBJECT)?;
    event.consent_id.as_deref().map_or(Ok(()), |consent| check_text("consentid", consent, MOST_ID))
}

/// serde would take a list of a struct's values in its place; CloudEvents of ours carry objects.
pub(crate) fn check_object(json: &str) -> Result<(), Refusal> {
    if json.starts_with('{') { Ok(()) } else { Err(Refusal::invalid("data", "expected an object")) }
}

#[cfg(test)]
mod tests {
    use weir_messages::{EventTime, Record};

    use super::*;

    #[test]
    fn a_refusal_names_the_header_and_withholds_what_stood_there() {
        let mut record = Record { key: "c1".to_owned(), headers: Vec::new(), value: b"{}".to_vec() };
        for (name, value) in [("ce_id", "1"), ("ce_source", "s"), ("ce_subject", "c1"), ("ce_type", "13800138000")] {
            record.push_header(name, value);
        }
        let refused = |record: &Record| Refusal::from(Event::try_from(record).unwrap_err());
        assert_eq!(refused(&record), unknown_type("ce_type"));
        record.headers.pop();
        record.push_header("ce_type", "behaviour.click.v1");
        record.push_header("ce_time", "13800138000 o'clock");
        let told = refused(&record);
        assert!(told.field == "ce_time" && !told.reason.contains("138"), "{told:?}");
        record.headers.pop();
        record.push_header("ce_time", EventTime::default().to_string());
        assert_eq!(refused(&record).field, "ce_knowntime");
    }

    #[test]
    fn a_missing_field_is_named_by_its_path() {
        let error = weir_messages::events::check(weir_messages::EventType::ConsentWithdrawn, "{}").unwrap_err();
        assert_eq!(Refusal::from(error).field, "data.consent");
    }

    #[test]
    fn lengths_are_of_characters() {
        assert!(check_text("id", &"ü".repeat(4), 4).is_ok());
        for wrong in ["", "12345", "a\n"] {
            assert_eq!(check_text("id", wrong, 4).unwrap_err().field, "id");
        }
    }
}
