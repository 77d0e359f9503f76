//! What admission remembers: which events came, and each customer's consents.

use std::collections::BTreeSet;

use weir_messages::{Change, CustomerId, Event, KnownTime, StageError, StateReader};

use super::consents::Consents;
use super::recall::Recall;
use super::repeats::{self, Repeats};
use crate::event_key::EventKey;
use crate::refusal::Refusal;
use crate::repeat_window::RepeatWindow;

/// First byte of a saved key.
const CONSENTS: u8 = b'c';
/// Customers whose consents are in memory.
const MAX_CACHED_CUSTOMERS: usize = 50_000;

#[derive(Debug)]
pub(super) struct State {
    repeats: Repeats,
    consents: Recall<CustomerId, Consents>,
    saved: Option<Box<dyn StateReader>>,
}

impl State {
    pub(super) fn empty(window: RepeatWindow) -> Self {
        Self { repeats: Repeats::new(window), consents: Recall::holding(MAX_CACHED_CUSTOMERS), saved: None }
    }

    pub(super) fn restore(&mut self, saved: Box<dyn StateReader>) -> Result<(), StageError> {
        self.repeats.restore(&*saved)?;
        self.consents.forget();
        self.saved = Some(saved);
        Ok(())
    }

    pub(super) const fn set_window(&mut self, window: RepeatWindow) {
        self.repeats.set_window(window);
    }

    /// An event became known: time goes on.
    pub(super) fn learn(&mut self, known: KnownTime) -> Result<(), StageError> {
        self.repeats.learn(known, self.saved.as_deref())
    }

    /// Reads at once whatever these events need and memory does not have. No more of them than memory holds.
    pub(super) fn prefetch<'a>(
        &mut self,
        events: impl Iterator<Item = (EventKey, &'a CustomerId)>,
    ) -> Result<(), StageError> {
        let (mut unseen, mut unknown) = (Vec::new(), BTreeSet::new());
        for (key, customer) in events {
            if !self.repeats.refresh(&key) {
                unseen.push(key);
            }
            if !self.consents.refresh(customer) {
                unknown.insert(customer.clone());
            }
        }
        let keys: Vec<_> = unseen.iter().map(repeats::key_of).chain(unknown.iter().map(consents_key)).collect();
        let mut found = self.read(&keys)?.into_iter();
        for (key, value) in unseen.into_iter().zip(found.by_ref()) {
            if value.is_some() {
                self.repeats.remember(key);
            }
        }
        for (customer, value) in unknown.into_iter().zip(found) {
            let consents = value.map_or_else(|| Ok(Consents::default()), |json| decode(&customer, &json))?;
            self.consents.remember(customer, consents);
        }
        Ok(())
    }

    fn read(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Vec<u8>>>, StageError> {
        match &self.saved {
            Some(saved) if !keys.is_empty() => saved.get(keys),
            Some(_) | None => Ok(vec![None; keys.len()]),
        }
    }

    pub(super) fn has_come(&self, key: &EventKey) -> bool {
        self.repeats.has_come(key)
    }

    pub(super) fn came(&mut self, key: EventKey) {
        self.repeats.came(key);
    }

    /// Refuses an event whose first copy may be forgotten.
    pub(super) fn check_age(&self, event: &Event) -> Result<(), Refusal> {
        self.repeats.check_age(event)
    }

    pub(super) fn consents(&self, customer: &CustomerId) -> &Consents {
        self.consents.get(customer).expect(PREFETCHED)
    }

    pub(super) fn change_consents(&mut self, customer: &CustomerId, change: impl FnOnce(&mut Consents)) {
        let mut consents = self.consents(customer).clone();
        change(&mut consents);
        self.consents.set(customer.clone(), consents);
    }

    pub(super) fn snapshot(&mut self) -> Vec<Change> {
        let mut changes = self.repeats.snapshot();
        changes.extend(self.consents.snapshot().map(|(customer, consents)| Change {
            key: consents_key(&customer),
            value: Some(serde_json::to_vec(consents).expect("consents have string keys and serialise")),
        }));
        changes
    }
}

const PREFETCHED: &str = "every event of a batch is looked up before the first is folded";

fn consents_key(customer: &CustomerId) -> Vec<u8> {
    [[CONSENTS].as_slice(), customer.as_str().as_bytes()].concat()
}

fn decode(customer: &CustomerId, json: &[u8]) -> Result<Consents, StageError> {
    serde_json::from_slice(json)
        .map_err(|error| StageError::Corrupt { key: format!("consents of {customer}"), reason: error.to_string() })
}
