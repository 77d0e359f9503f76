//! The collector: CloudEvents in, an answer for each, after the log has them durably. Identifiers become keyed tokens
//! here; what is refused goes, sealed, to the dead letters.
//!
//! Whether an event came before is decided by the first stage; what is answered here is a hint.

mod answer;
mod binary;
mod body;
mod envelope;
mod intake;
mod recent;
#[cfg(test)]
mod tests;
mod timing;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::value::RawValue;
use weir_messages::privacy::{Keyring, Tokenizer};
use weir_messages::{Clock, KnownTime, Position, Record, Topic, TraceId};

use crate::event_key::EventKey;
use crate::log::{EventLog, LogError};
use crate::refusal::Sealing;
pub use answer::{Answer, CollectError, Content, Status};
use recent::Recent;

/// Where a dead letter of the collector came from.
pub(crate) const ORIGIN: &str = "http";
const STAGE: &str = "collector";
/// Events remembered as accepted: some minutes of a busy day, at 17 bytes each.
const RECENT: usize = 200_000;
/// Events looked at before others get a turn: under a millisecond.
const AT_A_STRETCH: usize = 64;

#[derive(Debug)]
pub struct Collector {
    log: Arc<dyn EventLog>,
    tokens: Arc<Tokenizer>,
    keyring: Arc<Keyring>,
    clock: Arc<dyn Clock>,
    recent: Mutex<Recent>,
}

/// A request's events, sorted: one answer each, and what goes to the log.
#[derive(Default)]
struct Sorted {
    answers: Vec<Answer>,
    events: Vec<Record>,
    keys: HashSet<EventKey>,
    letters: Vec<Record>,
}

impl Collector {
    #[must_use]
    pub fn new(log: Arc<dyn EventLog>, tokens: Arc<Tokenizer>, keyring: Arc<Keyring>, clock: Arc<dyn Clock>) -> Self {
        Self { log, tokens, keyring, clock, recent: Mutex::new(Recent::holding(RECENT)) }
    }

    /// Takes what can be taken. The answers, one for each event in order, come when it is durable. `trace` is the
    /// request's, for events that name none.
    pub async fn collect(&self, content: Content, trace: TraceId) -> Result<Vec<Answer>, CollectError> {
        let sorted = match content {
            Content::Batch(bytes) => self.sort(body::batch(&bytes)?, trace).await,
            Content::Structured(bytes) => self.sort(vec![body::single(&bytes)?], trace).await,
            Content::Binary { attributes, content_type, data } => {
                let bytes = binary::structured(&attributes, content_type.as_deref(), &data)?;
                self.sort(vec![body::single(&bytes)?], trace).await
            }
        };
        self.keep(sorted).await
    }

    /// Puts a record of the events topic there again, known from now on.
    pub(crate) async fn append_again(&self, mut record: Record) -> Result<Position, LogError> {
        let now = self.clock.now().to_string();
        if let Some(header) = record.headers.iter_mut().find(|header| header.name == "ce_knowntime") {
            header.value = now;
        }
        let positions = self.log.append(Topic::Events, vec![record]).await?;
        Ok(*positions.first().expect("one position for one record"))
    }

    async fn sort(&self, events: Vec<&RawValue>, trace: TraceId) -> Sorted {
        let known_time = self.clock.now();
        let mut sorted = Sorted { answers: Vec::with_capacity(events.len()), ..Sorted::default() };
        for (number, event) in (1..).zip(events) {
            self.sort_one(event.get(), (known_time, trace), &mut sorted);
            if number % AT_A_STRETCH == 0 {
                tokio::task::yield_now().await;
            }
        }
        sorted
    }

    fn sort_one(&self, json: &str, (known_time, trace): (KnownTime, TraceId), sorted: &mut Sorted) {
        let event = match intake::event(json, &self.tokens, known_time, trace) {
            Ok(event) => event,
            Err(refusal) => {
                let sealing = Sealing { keyring: &self.keyring, origin: ORIGIN, stage: STAGE };
                sorted.letters.push(Record::from(&refusal.letter(&sealing, json.as_bytes(), known_time)));
                return sorted.answers.push(Answer::rejected(envelope::id_of(json), refusal));
            }
        };
        let key = EventKey::of(&event.source, event.id.as_str());
        let status = if self.recent().contains(&key) || !sorted.keys.insert(key) {
            Status::Duplicate
        } else {
            sorted.events.push(Record::from(&event));
            Status::Accepted
        };
        sorted.answers.push(Answer::plain(Some(event.id.as_str().to_owned()), status));
    }

    async fn keep(&self, sorted: Sorted) -> Result<Vec<Answer>, CollectError> {
        let Sorted { answers, events, keys, letters } = sorted;
        let (events, letters) =
            tokio::join!(self.log.append(Topic::Events, events), self.log.append(Topic::DeadLetters, letters));
        events.map(|_| self.recent().remember(keys))?;
        letters?;
        Ok(answers)
    }

    fn recent(&self) -> MutexGuard<'_, Recent> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
