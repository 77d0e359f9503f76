//! What an operator does with dead letters: list them, read the bytes that were refused, and put those through the same
//! checks again. A dead letter stays where it is; replaying it twice is harmless, as events count once.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;
use weir_messages::privacy::{Keyring, SealError};
use weir_messages::{DeadLetter, DecodeError, KnownTime, Place, Position, Record, Topic, TraceId};

use crate::collector::{Answer, CollectError, Collector, Content, Original as Collected};
use crate::log::{Entry, EventLog, LogError, codec};
use crate::refusal::Refusal;

const TOPIC: Topic = Topic::DeadLetters;

#[derive(Debug, thiserror::Error)]
pub enum DeadLetterError {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error("there is no dead letter {0}")]
    NotFound(u64),
    #[error("dead letter {offset} does not read back")]
    Unreadable { offset: u64, source: DecodeError },
    #[error("dead letter {offset} does not open")]
    Sealed { offset: u64, source: SealError },
    #[error("what dead letter {offset} holds does not read back: {reason}")]
    Corrupt { offset: u64, reason: String },
    #[error(transparent)]
    Collect(#[from] CollectError),
}

/// A dead letter as it is listed: where from, which step, why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Listed {
    pub offset: u64,
    pub known_time: KnownTime,
    /// `http`, or the record's place as `weir.events/0/17` or `weir.intake/0/17`.
    pub origin: String,
    pub stage: String,
    /// Stable code of the reason.
    pub class: String,
    pub message: String,
}

/// A dead letter with the bytes that were refused, in clear.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Shown {
    #[serde(flatten)]
    pub letter: Listed,
    /// The event as it was sent, or the record with its key, headers and value.
    #[schemars(with = "serde_json::Value")]
    pub original: Box<RawValue>,
}

/// What became of a dead letter that was replayed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "through")]
pub enum Replayed {
    /// The collector's answer.
    Collector { results: Vec<Answer> },
    /// The record is on the log again, and the first stage looks at it there.
    Admission { position: Position },
}

#[derive(Debug)]
pub struct DeadLetters {
    log: Arc<dyn EventLog>,
    keyring: Arc<Keyring>,
    collector: Arc<Collector>,
}

/// What was refused.
enum Original {
    /// By the collector.
    Collected(Collected),
    /// By the first stage, from the events.
    Record(Record),
}

/// The dead letter of a record that `stage` found unreadable at `place`.
#[must_use]
pub fn unreadable(
    keyring: &Keyring,
    place: Place,
    stage: &'static str,
    record: &Record,
    error: DecodeError,
) -> DeadLetter {
    Refusal::from(error).letter_of_record(keyring, place, stage, record)
}

impl DeadLetters {
    #[must_use]
    pub fn new(log: Arc<dyn EventLog>, keyring: Arc<Keyring>, collector: Arc<Collector>) -> Self {
        Self { log, keyring, collector }
    }

    /// At most `limit` dead letters from the offset `from` on.
    pub async fn list(&self, from: u64, limit: usize) -> Result<Vec<Listed>, DeadLetterError> {
        let from = Position { partition: 0, offset: from };
        let entries = self.log.read(TOPIC, from, limit, Duration::ZERO).await?;
        entries.iter().map(|entry| letter(entry).map(|letter| listed(entry.position.offset, letter))).collect()
    }

    pub async fn show(&self, offset: u64) -> Result<Shown, DeadLetterError> {
        let letter = self.find(offset).await?;
        let original = match self.open(offset, &letter)? {
            Original::Collected(Collected::Event(json)) => serde_json::from_slice(&json),
            Original::Collected(Collected::Intake(Entry { record, .. })) | Original::Record(record) => {
                serde_json::value::to_raw_value(&readable(&record))
            }
        };
        let original = original.map_err(|error| DeadLetterError::Corrupt { offset, reason: error.to_string() })?;
        Ok(Shown { letter: listed(offset, letter), original })
    }

    /// Through the collector what came over HTTP or the intake topic, onto the events what came from there. `trace` is the request's.
    pub async fn replay(&self, offset: u64, trace: TraceId) -> Result<Replayed, DeadLetterError> {
        let letter = self.find(offset).await?;
        match self.open(offset, &letter)? {
            Original::Collected(Collected::Intake(entry)) => {
                let results = self.collector.collect_records(&[entry]).await?;
                Ok(Replayed::Collector { results })
            }
            Original::Collected(Collected::Event(json)) => {
                // A batch of one: what is no object has its answer there too.
                let batch = Bytes::from([b"[", json.as_slice(), b"]"].concat());
                let results = self.collector.collect(Content::Batch(batch), trace).await?;
                Ok(Replayed::Collector { results })
            }
            Original::Record(record) => {
                let position = self.collector.append_again(record).await?;
                Ok(Replayed::Admission { position })
            }
        }
    }

    async fn find(&self, offset: u64) -> Result<DeadLetter, DeadLetterError> {
        let at = Position { partition: 0, offset };
        let entries = self.log.read(TOPIC, at, 1, Duration::ZERO).await?;
        entries.first().map_or(Err(DeadLetterError::NotFound(offset)), letter)
    }

    fn open(&self, offset: u64, letter: &DeadLetter) -> Result<Original, DeadLetterError> {
        let opened = self.keyring.open(TOPIC.name(), &letter.sealed);
        let bytes = opened.map_err(|source| DeadLetterError::Sealed { offset, source })?;
        let original = Collected::of(&letter.origin, &bytes).map_or_else(
            || codec::decode(&bytes).map(Original::Record),
            |collected| collected.map(Original::Collected),
        );
        original.map_err(|reason| DeadLetterError::Corrupt { offset, reason: reason.to_owned() })
    }
}

fn letter(entry: &Entry) -> Result<DeadLetter, DeadLetterError> {
    let offset = entry.position.offset;
    DeadLetter::try_from(&entry.record).map_err(|source| DeadLetterError::Unreadable { offset, source })
}

fn listed(offset: u64, letter: DeadLetter) -> Listed {
    let DeadLetter { origin, stage, class, message, known_time, .. } = letter;
    Listed { offset, known_time, origin, stage, class, message }
}

/// A record for reading: its value as text.
fn readable(record: &Record) -> serde_json::Value {
    let headers: serde_json::Map<_, _> =
        record.headers.iter().map(|header| (header.name.to_string(), header.value.clone().into())).collect();
    json!({ "key": record.key, "headers": headers, "value": String::from_utf8_lossy(&record.value) })
}

#[cfg(test)]
mod tests {
    use weir_messages::{EventTime, Stage};

    use super::*;
    use crate::admission::{Admission, Passed};
    use crate::bench::{Site, keyring};
    use crate::collector::Status;

    fn event(id: &str, event_type: &str, data: serde_json::Value) -> serde_json::Value {
        json!({ "specversion": "1.0", "id": id, "source": "app", "type": event_type, "subject": "c1", "data": data })
    }

    async fn collect(site: &Site, event: &serde_json::Value) -> Answer {
        let body = Content::Structured(event.to_string().into());
        site.collector.collect(body, TraceId::random()).await.unwrap().remove(0)
    }

    fn dead_letters(site: &Site) -> DeadLetters {
        DeadLetters::new(Arc::clone(&site.log), keyring(), Arc::clone(&site.collector))
    }

    #[tokio::test]
    async fn what_http_refused_is_listed_shown_and_refused_again() {
        let site = Site::new();
        let dead_letters = dead_letters(&site);
        let sent = event("e1", "device.dance.v1", json!({ "phone": "13800138000", "x": 1.50 }));
        collect(&site, &sent).await;
        let listed = dead_letters.list(0, 9).await.unwrap();
        assert_eq!((listed.len(), listed[0].origin.as_str(), listed[0].class.as_str()), (1, "http", "unknown_type"));
        assert!(!serde_json::to_string(&listed).unwrap().contains("138"));
        assert_eq!(dead_letters.show(0).await.unwrap().original.get(), sent.to_string());
        let Replayed::Collector { results } = dead_letters.replay(0, TraceId::random()).await.unwrap() else {
            panic!("it came over HTTP")
        };
        assert_eq!(
            (results.len(), results[0].status, results[0].code.as_deref()),
            (1, Status::Rejected, Some("unknown_type"))
        );
        assert_eq!(dead_letters.list(1, 9).await.unwrap().len(), 1, "refused again, which is on record too");
        assert!(matches!(dead_letters.show(7).await, Err(DeadLetterError::NotFound(7))));
    }

    #[tokio::test]
    async fn a_record_of_the_intake_topic_is_shown_whole_and_goes_through_its_checks_again() {
        let site = Site::new();
        let dead_letters = dead_letters(&site);
        let mut record = Record { key: "any".to_owned(), headers: Vec::new(), value: b"{\"a\":1}".to_vec() };
        record.push_header("ce_id", "e1");
        let sent = Entry { position: Position { partition: 3, offset: 17 }, record };
        let answers = site.collector.collect_records(&[sent]).await.unwrap();
        assert_eq!((answers[0].id.as_deref(), answers[0].field.as_deref()), (Some("e1"), Some("specversion")));
        let shown = dead_letters.show(0).await.unwrap();
        assert_eq!((shown.letter.origin.as_str(), shown.letter.stage.as_str()), ("weir.intake/3/17", "collector"));
        let original: serde_json::Value = serde_json::from_str(shown.original.get()).unwrap();
        assert_eq!(original, json!({ "key": "any", "headers": { "ce_id": "e1" }, "value": "{\"a\":1}" }));
        let replayed = dead_letters.replay(0, TraceId::random()).await.unwrap();
        assert_eq!(replayed, Replayed::Collector { results: answers });
        assert_eq!(dead_letters.list(0, 9).await.unwrap()[1].origin, "weir.intake/3/17");
    }

    /// Folds everything on the log, from its start, and puts the dead letters there.
    async fn fold(site: &Site, admission: &mut Admission, from: u64) -> usize {
        let entries = site.events(from).await;
        let batch: Vec<_> =
            entries.into_iter().map(|e| weir_messages::Sequenced::first(e.position, e.record)).collect();
        let mut out = Vec::new();
        admission.process(&batch, &mut out).unwrap();
        let letters = out.iter().filter_map(|one| match &one.body {
            Passed::DeadLetter(letter) => Some(Record::from(letter)),
            Passed::Event(_) => None,
        });
        let letters: Vec<Record> = letters.collect();
        let admitted = out.len() - letters.len();
        site.log.append(TOPIC, letters).await.unwrap();
        admitted
    }

    #[tokio::test]
    async fn what_the_first_stage_refused_goes_through_once_its_consent_is_there() {
        let site = Site::new();
        let (dead_letters, mut admission) = (dead_letters(&site), Admission::new(keyring(), 1));
        let mut call = event(
            "e1",
            "carrier.call.v1",
            json!({ "contact": "x", "direction": "incoming", "duration_s": 3, "message": false }),
        );
        call["consentid"] = json!("n1");
        assert_eq!(collect(&site, &call).await.status, Status::Accepted);
        assert_eq!(fold(&site, &mut admission, 0).await, 0);
        let listed = dead_letters.list(0, 9).await.unwrap();
        assert_eq!((listed[0].origin.as_str(), listed[0].class.as_str()), ("weir.events/0/0", "consent_not_live"));
        let shown = dead_letters.show(0).await.unwrap();
        assert!(shown.original.get().contains("\"ce_id\":\"e1\""), "{}", shown.original);

        let consent = json!({ "consent": "n1", "classes": ["carrier"], "text_version": "1" });
        collect(&site, &event("e2", "consent.granted.v1", consent)).await;
        assert_eq!(fold(&site, &mut admission, 1).await, 1);
        site.clock.move_to(EventTime::parse("2026-03-02T00:00:00Z").unwrap().as_known());
        for (offset, admitted) in [(2, 1), (3, 0)] {
            let replayed = dead_letters.replay(0, TraceId::random()).await.unwrap();
            assert_eq!(replayed, Replayed::Admission { position: Position { partition: 0, offset } });
            assert_eq!(fold(&site, &mut admission, offset).await, admitted);
        }
        assert_eq!(admission.repeats(), 1);
        let again = site.events(2).await.remove(0).record;
        assert_eq!(again.header("ce_knowntime"), Some("2026-03-02T00:00:00.000000Z"), "known from the replay on");
    }
}
