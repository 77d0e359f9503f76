//! Admission, the first stage: what is not well formed, or sensitive and without live consent, becomes a dead letter;
//! what came before is dropped; everything else goes on with its customer's live consents.
//!
//! An event counts as having come once it is admitted. One that was refused may come again. Repeats are recognised for
//! a window of days; an event from before it is refused, as nobody could tell it from a repeat.

mod consents;
mod recall;
mod repeats;
mod routing;
mod state;
#[cfg(test)]
mod tests;

use weir_messages::{
    Admitted, Change, DeadLetter, DecodeError, Event, EventType, KnownTime, Place, Record, Sequenced, Stage,
    StageError, StateReader, Topic, Unsealed, events,
};

use crate::event_key::EventKey;
use crate::refusal::{Refusal, check_names, check_object};
use crate::repeat_window::RepeatWindow;
use state::State;

/// Records looked up at once.
const MAX_LOOKED_UP_AT_ONCE: usize = 4_096;
const STAGE: &str = "admission";

/// What becomes of a record.
#[derive(Debug, Clone)]
pub enum Passed {
    Event(Admitted),
    DeadLetter(DeadLetter<Unsealed>),
}

#[derive(Debug)]
pub struct Admission {
    partitions: u16,
    state: State,
    repeats: u64,
}

impl Admission {
    /// `partitions` is how many the events have.
    #[must_use]
    pub fn new(partitions: u16) -> Self {
        Self { partitions, state: State::empty(RepeatWindow::default()), repeats: 0 }
    }

    /// Recognises repeats for as long as `window` says instead of the default.
    #[must_use]
    pub const fn with_repeat_window(mut self, window: RepeatWindow) -> Self {
        self.state.set_window(window);
        self
    }

    /// Events dropped because they had come before, since this process started.
    #[must_use]
    pub const fn repeats(&self) -> u64 {
        self.repeats
    }

    fn fold(&mut self, records: &[Sequenced<Record>], out: &mut Vec<Sequenced<Passed>>) -> Result<(), StageError> {
        let decoded: Vec<_> = records.iter().map(|record| decode(record, self.partitions)).collect();
        self.state.prefetch(decoded.iter().flatten().map(|(event, key)| (*key, &event.subject)))?;
        for (record, decoded) in records.iter().zip(decoded) {
            if let Ok((event, _)) = &decoded {
                self.state.learn(event.known_time)?;
            }
            let passed = match decoded.and_then(|(event, key)| self.admit(event, key)) {
                Ok(None) => continue,
                Ok(Some(admitted)) => Passed::Event(admitted),
                Err(refusal) => Passed::DeadLetter(dead_letter(record, &refusal)),
            };
            out.push(record.with(passed));
        }
        Ok(())
    }

    /// `None` for an event that came before.
    fn admit(&mut self, event: Event, key: EventKey) -> Result<Option<Admitted>, Refusal> {
        if self.state.has_come(&key) {
            self.repeats += 1;
            return Ok(None);
        }
        self.state.check_age(&event)?;
        self.check_consent(&event)?;
        self.take_consent(&event)?;
        self.state.came(key);
        let consents = self.state.consents(&event.subject).classes(event.known_time);
        Ok(Some(Admitted { event, consents }))
    }

    fn check_consent(&self, event: &Event) -> Result<(), Refusal> {
        let Some(class) = event.event_type.sensitive_class() else { return Ok(()) };
        let Some(consent) = &event.consent_id else {
            return Err(Refusal::new(
                "consent_missing",
                "consentid",
                format!("expected a consent that covers `{class}`"),
            ));
        };
        if self.state.consents(&event.subject).covers(consent, class, event.known_time) {
            return Ok(());
        }
        Err(Refusal::new("consent_not_live", "consentid", format!("expected a live consent that covers `{class}`")))
    }

    fn take_consent(&mut self, event: &Event) -> Result<(), DecodeError> {
        let (subject, at) = (&event.subject, event.time);
        match event.event_type {
            EventType::ConsentGranted => {
                let granted = event.decode()?;
                self.state.change_consents(subject, |consents| consents.grant(granted, at));
            }
            EventType::ConsentWithdrawn => {
                let withdrawn = event.decode()?;
                self.state.change_consents(subject, |consents| consents.withdraw(withdrawn, at));
            }
            EventType::DeviceLogin
            | EventType::BehaviourForm
            | EventType::BehaviourClick
            | EventType::CarrierCall
            | EventType::CarrierIdentity
            | EventType::Application
            | EventType::LoanDisbursed
            | EventType::LoanRepaid
            | EventType::LoanClosed => {}
        }
        Ok(())
    }
}

fn dead_letter(record: &Sequenced<Record>, refusal: &Refusal) -> DeadLetter<Unsealed> {
    refusal.letter_of_record(Place::new(Topic::Events, record.position), STAGE, &record.body)
}

/// A record may have come past the collector, so nothing of it is taken on trust.
fn decode(record: &Sequenced<Record>, partitions: u16) -> Result<(Event, EventKey), Refusal> {
    let event = Event::try_from(&record.body)?;
    check_names(&event)?;
    check_object(event.data.get())?;
    events::check(event.event_type, event.data.get())?;
    routing::check(&event.subject, &record.body.key, (record.position.partition, partitions))?;
    let key = EventKey::of(&event.source, event.id.as_str());
    Ok((event, key))
}

impl Stage for Admission {
    type Input = Record;
    type Output = Passed;

    fn name(&self) -> String {
        "admission.v2".to_owned()
    }

    fn process(&mut self, batch: &[Sequenced<Record>], out: &mut Vec<Sequenced<Passed>>) -> Result<(), StageError> {
        batch.chunks(MAX_LOOKED_UP_AT_ONCE).try_for_each(|records| self.fold(records, out))
    }

    /// Consents run out, and keys of events leave, by the time of the events themselves: nothing fires.
    fn advance(&mut self, _: KnownTime, _: &mut Vec<Sequenced<Passed>>) -> Result<(), StageError> {
        Ok(())
    }

    fn snapshot(&mut self) -> Vec<Change> {
        self.state.snapshot()
    }

    fn restore(&mut self, state: Box<dyn StateReader>) -> Result<(), StageError> {
        self.state.restore(state)
    }
}
