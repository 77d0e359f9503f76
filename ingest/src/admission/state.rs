//! What admission remembers: which events came, and each customer's consents.

use std::collections::BTreeSet;

use weir_messages::{Change, CustomerId, StageError, StateReader};

use super::consents::Consents;
use super::recall::Recall;
use crate::event_key::EventKey;

/// First byte of a saved key.
const SEEN: u8 = b'd';
const CONSENTS: u8 = b'c';
/// Saved values in memory: a few dozen megabytes when both are full.
const MOST_SEEN: usize = 200_000;
const MOST_CUSTOMERS: usize = 50_000;

#[derive(Debug)]
pub(super) struct State {
    /// Whether it came.
    seen: Recall<EventKey, bool>,
    consents: Recall<CustomerId, Consents>,
    saved: Option<Box<dyn StateReader>>,
}

impl State {
    pub(super) fn empty() -> Self {
        Self { seen: Recall::holding(MOST_SEEN), consents: Recall::holding(MOST_CUSTOMERS), saved: None }
    }

    pub(super) fn restore(&mut self, saved: Box<dyn StateReader>) {
        self.seen.forget();
        self.consents.forget();
        self.saved = Some(saved);
    }

    /// Reads at once whatever these events need and memory does not have. No more of them than memory holds.
    pub(super) fn prefetch<'a>(
        &mut self,
        events: impl Iterator<Item = (EventKey, &'a CustomerId)>,
    ) -> Result<(), StageError> {
        let (mut unseen, mut unknown) = (BTreeSet::new(), BTreeSet::new());
        for (key, customer) in events {
            if !self.seen.refresh(&key) {
                unseen.insert(key);
            }
            if !self.consents.refresh(customer) {
                unknown.insert(customer.clone());
            }
        }
        let keys: Vec<_> = unseen.iter().map(seen_key).chain(unknown.iter().map(consents_key)).collect();
        let mut found = self.read(&keys)?.into_iter();
        for (key, value) in unseen.into_iter().zip(found.by_ref()) {
            self.seen.remember(key, value.is_some());
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

    pub(super) fn has_seen(&self, key: &EventKey) -> bool {
        *self.seen.get(key).expect(PREFETCHED)
    }

    pub(super) fn see(&mut self, key: EventKey) {
        self.seen.set(key, true);
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
        let seen = self.seen.snapshot().keys().map(|key| Change { key: seen_key(key), value: Some(Vec::new()) });
        let mut changes: Vec<Change> = seen.collect();
        changes.extend(self.consents.snapshot().iter().map(|(customer, consents)| Change {
            key: consents_key(customer),
            value: Some(serde_json::to_vec(consents).expect("consents have string keys and serialise")),
        }));
        changes
    }
}

const PREFETCHED: &str = "every event of a batch is looked up before the first is folded";

fn seen_key(key: &EventKey) -> Vec<u8> {
    [[SEEN].as_slice(), key.bytes()].concat()
}

fn consents_key(customer: &CustomerId) -> Vec<u8> {
    [[CONSENTS].as_slice(), customer.as_str().as_bytes()].concat()
}

fn decode(customer: &CustomerId, json: &[u8]) -> Result<Consents, StageError> {
    serde_json::from_slice(json)
        .map_err(|error| StageError::Corrupt { key: format!("consents of {customer}"), reason: error.to_string() })
}
