//! Where an event came from: what its dead letter says of that, and holds.

use std::borrow::Cow;

use weir_messages::{CustomerId, Position, Topic};

use super::envelope;
use crate::log::{Entry, codec};
use crate::refusal::subject;

/// The origin of what came over HTTP.
const HTTP: &str = "http";

#[derive(Debug, Clone, Copy)]
pub(super) enum Origin<'a> {
    /// One event of a request, as it was sent.
    Http(&'a str),
    Intake(&'a Entry),
}

/// What a dead letter of the collector holds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Original {
    /// One event.
    Event(Vec<u8>),
    /// A record of the intake topic.
    Intake(Entry),
}

impl Origin<'_> {
    pub(super) fn name(self) -> Cow<'static, str> {
        match self {
            Self::Http(_) => Cow::Borrowed(HTTP),
            Self::Intake(entry) => {
                let Position { partition, offset } = entry.position;
                Cow::Owned(format!("{}/{partition}/{offset}", Topic::Intake))
            }
        }
    }

    pub(super) fn bytes(self) -> Vec<u8> {
        match self {
            Self::Http(json) => json.as_bytes().to_vec(),
            Self::Intake(entry) => codec::encode(&entry.record),
        }
    }

    /// Whom it says it is about, however wrong the rest is.
    pub(super) fn subject(self) -> Option<CustomerId> {
        match self {
            Self::Http(json) => subject(&envelope::subject_of(json.as_bytes())?),
            Self::Intake(Entry { record, .. }) => match record.header("ce_subject") {
                Some(header) => subject(header),
                None => subject(&envelope::subject_of(&record.value)?),
            },
        }
    }
}

impl Original {
    /// From a dead letter's origin and bytes; none where they are another stage's.
    pub(crate) fn of(origin: &str, bytes: &[u8]) -> Option<Result<Self, &'static str>> {
        if origin == HTTP {
            return Some(Ok(Self::Event(bytes.to_vec())));
        }
        let position = position(origin)?;
        Some(codec::decode(bytes).map(|record| Self::Intake(Entry { position, record })))
    }
}

fn position(origin: &str) -> Option<Position> {
    let (partition, offset) = origin.strip_prefix(Topic::Intake.name())?.strip_prefix('/')?.split_once('/')?;
    Some(Position { partition: partition.parse().ok()?, offset: offset.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use weir_messages::Record;

    use super::*;

    #[test]
    fn an_original_is_what_its_origin_wrote() {
        let record = Record { key: "k".to_owned(), headers: Vec::new(), value: b"{}".to_vec() };
        let entry = Entry { position: Position { partition: 3, offset: 17 }, record };
        let origin = Origin::Intake(&entry);
        assert_eq!(origin.name(), "weir.intake/3/17");
        assert_eq!(Original::of(&origin.name(), &origin.bytes()), Some(Ok(Original::Intake(entry.clone()))));
        let origin = Origin::Http("{}");
        assert_eq!(Original::of(&origin.name(), &origin.bytes()), Some(Ok(Original::Event(b"{}".to_vec()))));
        assert_eq!(Original::of("weir.events/0/1", b"{}"), None);
        assert!(Original::of("weir.intake/0/1", b"").is_some_and(|found| found.is_err()));
    }
}
