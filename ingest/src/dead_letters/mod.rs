//! What an operator does with dead letters: list them, read the bytes that were refused, and put those through the same
//! checks again. A dead letter stays where it is; replaying it twice is harmless, as events count once.

mod seals;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;
use weir_messages::privacy::SealError;
use weir_messages::{
    CustomerId, DeadLetter, DecodeError, KnownTime, Place, Position, Record, Sealed, Topic, TraceId, Unsealed,
};

pub use seals::{CustomerKeys, Keys, KeysUnavailable, NotOpened, Seals};

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
    #[error("the customer of dead letter {0} is erased: nobody can read it any more")]
    Erased(u64),
    #[error("dead letter {offset} does not open")]
    Sealed { offset: u64, source: SealError },
    #[error(transparent)]
    Keys(#[from] KeysUnavailable),
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
    /// The customer whose key seals it: it becomes unreadable when they are erased. Absent where nobody's key does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerId>,
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
    seals: Seals,
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
pub fn unreadable(place: Place, stage: &'static str, record: &Record, error: DecodeError) -> DeadLetter<Unsealed> {
    Refusal::from(error).letter_of_record(place, stage, record)
}

impl DeadLetters {
    #[must_use]
    pub fn new(log: Arc<dyn EventLog>, seals: Seals, collector: Arc<Collector>) -> Self {
        Self { log, seals, collector }
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
        let original = match self.open(offset, &letter).await? {
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
        match self.open(offset, &letter).await? {
            Original::Collected(Collected::Intake(entry)) => {
                let results = self.collector.collect_records(&[entry]).await?;
                Ok(Replayed::Collector { results })
            }
            Original::Collected(Collected::Event(json)) => {
                // What is no object came in a batch, and has its answer in one. An object may be as deep as one by itself.
                let content = if json.starts_with(b"{") {
                    Content::Structured(Bytes::from(json))
                } else {
                    Content::Batch(Bytes::from([b"[", json.as_slice(), b"]"].concat()))
                };
                let results = self.collector.collect(content, trace).await?;
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

    async fn open(&self, offset: u64, letter: &DeadLetter) -> Result<Original, DeadLetterError> {
        let bytes = self.seals.open(&letter.body).await.map_err(|error| match error {
            NotOpened::Erased => DeadLetterError::Erased(offset),
            NotOpened::Keys(unavailable) => unavailable.into(),
            NotOpened::Seal(source) => DeadLetterError::Sealed { offset, source },
        })?;
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
    let DeadLetter { body: Sealed { customer, .. }, origin, stage, class, message, known_time } = letter;
    Listed { offset, known_time, origin, stage, class, message, customer }
}

/// A record for reading: its value as text.
fn readable(record: &Record) -> serde_json::Value {
    let headers: serde_json::Map<_, _> =
        record.headers.iter().map(|header| (header.name.to_string(), header.value.clone().into())).collect();
    json!({ "key": record.key, "headers": headers, "value": String::from_utf8_lossy(&record.value) })
}

#[cfg(test)]
mod tests;
