//! What admission remembers: which events came, and each customer's consents.

use std::collections::BTreeSet;

use weir_messages::{Change, CustomerId, StageError, StateReader};

use super::consents::Consents;
use super::recall::Recall;
use crate::event_key::EventKey;

/// First byte of a saved key.
const CAME: u8 = b'd';
const CONSENTS: u8 = b'c';
/// Saved values in memory: a few dozen megabytes when both are full.
const MOST_CAME: usize = 200_000;
const MOST_CUSTOMERS: usize = 50_000;

#[derive(Debug)]
pub(super) struct State {
    /// Events that came.
    came: Recall<EventKey, ()>,
    consents: Recall<CustomerId, Consents>,
    saved: Option<Box<dyn StateReader>>,
}

impl State {
    pub(super) fn empty() -> Self {
        Self { came: Recall::holding(MOST_CAME), consents: Recall::holding(MOST_CUSTOMERS), saved: None }
    }

    pub(super) fn restore(&mut self, saved: Box<dyn StateReader>) {
        self.came.forget();
        self.consents.forget();
        self.saved = Some(saved);
    }

    /// Reads at once whatever these events need and memory does not have. No more of them than memory holds.
    pub(super) fn prefetch<'a>(
        &mut self,
        events: impl Iterator<Item = (EventKey, &'a CustomerId)>,
    ) -> Result<(), StageError> {
        let (mut unseen, mut unknown) = (Vec::new(), BTreeSet::new());
        for (key, customer) in events {
            if !self.came.refresh(&key) {
                unseen.push(key);
            }
            if !self.consents.refresh(customer) {
                unknown.insert(customer.clone());
            }
        }
        let keys: Vec<_> = unseen.iter().map(came_key).chain(unknown.iter().map(consents_key)).collect();
        let mut found = self.read(&keys)?.into_iter();
        for (key, value) in unseen.into_iter().zip(found.by_ref()) {
            if value.is_some() {
                self.came.remember(key, ());
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
        self.came.get(key).is_some()
    }

    pub(super) fn came(&mut self, key: EventKey) {
        self.came.set(key, ());
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
        let came = self.came.snapshot().map(|(key, ())| Change { key: came_key(&key), value: Some(Vec::new()) });
        let mut changes: Vec<Change> = came.collect();
        changes.extend(self.consents.snapshot().map(|(customer, consents)| Change {
            key: consents_key(&customer),
            value: Some(serde_json::to_vec(consents).expect("consents have string keys and serialise")),
        }));
        changes
    }
}

const PREFETCHED: &str = "every event of a batch is looked up before the first is folded";

fn came_key(key: &EventKey) -> Vec<u8> {
    [[CAME].as_slice(), key.bytes()].concat()
}

fn consents_key(customer: &CustomerId) -> Vec<u8> {
    [[CONSENTS].as_slice(), customer.as_str().as_bytes()].concat()
}

fn decode(customer: &CustomerId, json: &[u8]) -> Result<Consents, StageError> {
    serde_json::from_slice(json)
        .map_err(|error| StageError::Corrupt { key: format!("consents of {customer}"), reason: error.to_string() })
}
