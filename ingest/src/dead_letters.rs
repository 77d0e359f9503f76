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
    #[error("dead letter {offset} is kept no more: the first that is has the offset {first}")]
    Gone { offset: u64, first: u64 },
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

    /// At most `limit` dead letters from the offset `from` on, or from the first that is kept.
    pub async fn list(&self, from: u64, limit: usize) -> Result<Vec<Listed>, DeadLetterError> {
        let (mut from, mut all) = (from.max(self.log.start(TOPIC, 0).await?), Vec::new());
        while all.len() < limit {
            let at = Position { partition: 0, offset: from };
            // A read is bounded by bytes, so it may be shorter than what was asked for.
            let entries = match self.log.read(TOPIC, at, limit - all.len(), Duration::ZERO).await {
                // Retention took it in the meantime.
                Err(LogError::OutOfRange { first, .. }) => {
                    from = first;
                    continue;
                }
                entries => entries?,
            };
            let Some(last) = entries.last() else { break };
            from = last.position.offset + 1;
            for entry in &entries {
                all.push(listed(entry.position.offset, letter(entry)?));
            }
        }
        Ok(all)
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
        let entries = match self.log.read(TOPIC, at, 1, Duration::ZERO).await {
            Err(LogError::OutOfRange { first, .. }) => return Err(DeadLetterError::Gone { offset, first }),
            entries => entries?,
        };
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
mod tests;
