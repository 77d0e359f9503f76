//! The collector: CloudEvents in, an answer for each, after the log has them durably. Identifiers become keyed tokens
//! here; what is refused goes, sealed, to the dead letters.
//!
//! Whether an event came before is decided by the first stage; what is answered here is a hint.

#[cfg(test)]
mod accepted_forms;
mod answer;
mod binary;
mod body;
mod envelope;
mod intake;
mod origin;
mod recent;
mod record;
#[cfg(test)]
mod tests;
mod timing;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::value::RawValue;
use weir_messages::privacy::Tokenizer;
use weir_messages::{Clock, DeadLetter, Event, EventTime, KnownTime, Position, Record, Topic, TraceId, Unsealed};

use crate::dead_letters::Seals;
use crate::event_key::EventKey;
use crate::log::{Entry, EventLog, LogError};
use crate::refusal::Refusal;
use crate::repeat_window::RepeatWindow;
pub use answer::{Answer, CollectError, Content, Status};
use intake::Rules;
use origin::Origin;
pub(crate) use origin::Original;
use recent::Recent;

const STAGE: &str = "collector";
/// 2000-01-01T00:00:00Z.
pub const EARLIEST: EventTime = EventTime::from_micros(946_684_800_000_000);
/// Events remembered as accepted, at least, and twice as many at most: some minutes of a busy day, at 17 bytes each.
const MAX_RECENT_EVENTS: usize = 200_000;
/// Events looked at before others get a turn: under a millisecond.
const AT_A_STRETCH: usize = 64;

#[derive(Debug)]
pub struct Collector {
    log: Arc<dyn EventLog>,
    tokens: Arc<Tokenizer>,
    seals: Seals,
    clock: Arc<dyn Clock>,
    repeats: RepeatWindow,
    earliest: EventTime,
    recent: Mutex<Recent>,
}

/// A request's events, sorted: one answer each, and what goes to the log.
#[derive(Default)]
struct Sorted {
    answers: Vec<Answer>,
    events: Vec<Record>,
    keys: HashSet<EventKey>,
    letters: Vec<DeadLetter<Unsealed>>,
}

impl Collector {
    #[must_use]
    pub fn new(log: Arc<dyn EventLog>, tokens: Arc<Tokenizer>, seals: Seals, clock: Arc<dyn Clock>) -> Self {
        let (repeats, recent) = (RepeatWindow::default(), Mutex::new(Recent::holding(MAX_RECENT_EVENTS)));
        Self { log, tokens, seals, clock, repeats, earliest: EARLIEST, recent }
    }

    /// Refuses events from before `earliest` instead of those from before 2000.
    #[must_use]
    pub fn with_earliest(self, earliest: EventTime) -> Self {
        Self { earliest, ..self }
    }

    /// Refuses events from before `window` instead of the default: the first stage would.
    #[must_use]
    pub fn with_repeat_window(self, window: RepeatWindow) -> Self {
        Self { repeats: window, ..self }
    }

    /// Takes what can be taken. The answers, one for each event in order, come when it is durable. `trace` is the
    /// request's, for events that name none.
    pub async fn collect(&self, content: Content, trace: TraceId) -> Result<Vec<Answer>, CollectError> {
        let sorted = match content {
            Content::Batch(bytes) => self.sort(body::batch(&bytes)?, trace).await,
            Content::Structured(bytes) => self.sort(vec![body::single(&bytes)?], trace).await,
            Content::Binary { attributes, content_type, data } => {
                let unescaped = |(name, value): (String, String)| (name, binary::header_value(&value));
                let attributes: Vec<_> = attributes.into_iter().map(unescaped).collect();
                let bytes = binary::structured(&attributes, content_type.as_deref(), &data)?;
                self.sort(vec![body::single(&bytes)?], trace).await
            }
        };
        self.keep(sorted).await
    }

    /// The same for records of the intake topic, each of which has an answer: what is no event is a dead letter too.
    pub async fn collect_records(&self, entries: &[Entry]) -> Result<Vec<Answer>, CollectError> {
        let known_time = self.clock.now();
        let mut sorted = Sorted { answers: Vec::with_capacity(entries.len()), ..Sorted::default() };
        for entry in entries {
            let (origin, known) = (Origin::Intake(entry), (known_time, TraceId::random()));
            match structured(&entry.record) {
                Ok(json) => self.sort_one(&json, origin, known, &mut sorted),
                Err(refusal) => refuse(None, refusal, origin, known_time, &mut sorted),
            }
        }
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
            self.sort_one(event.get(), Origin::Http(event.get()), (known_time, trace), &mut sorted);
            if number % AT_A_STRETCH == 0 {
                tokio::task::yield_now().await;
            }
        }
        sorted
    }

    fn sort_one(&self, json: &str, origin: Origin<'_>, (known_time, trace): (KnownTime, TraceId), sorted: &mut Sorted) {
        let rules = Rules { tokens: &self.tokens, repeats: self.repeats, earliest: self.earliest };
        let event = match intake::event(json, rules, known_time, trace) {
            Ok(event) => event,
            Err(refusal) => return refuse(envelope::id_of(json), refusal, origin, known_time, sorted),
        };
        let status = if self.is_repeat(&event, &mut sorted.keys) {
            Status::Duplicate
        } else {
            sorted.events.push(Record::from(&event));
            Status::Accepted
        };
        sorted.answers.push(Answer::plain(Some(event.id.as_str().to_owned()), status));
    }

    /// A sensitive event is never taken for a repeat here: whether it counted is up to its customer's consent, which the
    /// first stage alone knows, and one that was refused may come again.
    fn is_repeat(&self, event: &Event, keys: &mut HashSet<EventKey>) -> bool {
        if event.event_type.sensitive_class().is_some() {
            return false;
        }
        let key = EventKey::of(&event.source, event.id.as_str());
        self.recent().contains(&key) || !keys.insert(key)
    }

    async fn keep(&self, sorted: Sorted) -> Result<Vec<Answer>, CollectError> {
        let Sorted { answers, events, keys, letters } = sorted;
        let letters = self.seals.seal(letters).await?.iter().map(Record::from).collect();
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

fn refuse(id: Option<String>, refusal: Refusal, origin: Origin<'_>, known_time: KnownTime, sorted: &mut Sorted) {
    let body = Unsealed { bytes: origin.bytes(), subject: origin.subject() };
    sorted.letters.push(refusal.letter((origin.name().into_owned(), STAGE), body, known_time));
    sorted.answers.push(Answer::rejected(id, refusal));
}

/// The one event of a record, as JSON.
fn structured(record: &Record) -> Result<String, Refusal> {
    let bytes = match record::content(record)? {
        Content::Binary { attributes, content_type, data } => {
            binary::structured(&attributes, content_type.as_deref(), &data)?
        }
        Content::Structured(bytes) | Content::Batch(bytes) => bytes.to_vec(),
    };
    Ok(body::single(&bytes)?.get().to_owned())
}
