//! The engine's state: histories, what was last seen of each customer, how far each partition is known. Read on first
//! touch, kept in bounded caches, written as one entry for each row so that a snapshot holds only what is new.

use std::collections::BTreeMap;

use weir_messages::{Change, EventTime, StageError, StateReader};

use super::cache::Cache;
use super::history::History;
use super::latest::Latest;
use super::{codec, key};
use crate::aggregate::Row;
use crate::view::{FeatureView, FeatureViews};

/// Rows, and one for each history: some 150 MB.
const ROWS: usize = 400_000;
const CUSTOMERS: usize = 100_000;

/// A history with the view it belongs to.
#[derive(Debug)]
pub(super) struct Kept {
    view: usize,
    pub(super) history: History,
}

#[derive(Debug)]
pub(super) struct State {
    reader: Option<Box<dyn StateReader>>,
    histories: Cache<Kept>,
    pub(super) latest: Cache<Latest>,
    /// Greatest known time by partition, in microseconds.
    known: BTreeMap<u16, i64>,
    changes: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
}

impl Default for State {
    fn default() -> Self {
        let (histories, latest) = (Cache::new(ROWS), Cache::new(CUSTOMERS));
        Self { reader: None, histories, latest, known: BTreeMap::new(), changes: BTreeMap::new() }
    }
}

impl State {
    pub(super) fn over(reader: Box<dyn StateReader>) -> Result<Self, StageError> {
        let mut known = BTreeMap::new();
        for (key, value) in reader.scan(&key::KNOWN)? {
            let (partition, micros) = key::partition(&key)
                .zip(value.try_into().ok())
                .ok_or_else(|| corrupt(&key, "expected a partition and eight bytes"))?;
            known.insert(partition, i64::from_be_bytes(micros));
        }
        Ok(Self { reader: Some(reader), known, ..Self::default() })
    }

    pub(super) fn snapshot(&mut self) -> Vec<Change> {
        self.histories.next_round();
        self.latest.next_round();
        std::mem::take(&mut self.changes).into_iter().map(|(key, value)| Change { key, value }).collect()
    }

    pub(super) fn saved(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StageError> {
        let Some(reader) = &self.reader else { return Ok(None) };
        Ok(reader.get(&[key.to_vec()])?.pop().flatten())
    }

    pub(super) fn change(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.changes.insert(key, Some(value));
    }

    pub(super) fn insert(
        &mut self,
        view: &FeatureView,
        number: usize,
        entity: &str,
        row: Row,
        settled: EventTime,
    ) -> Result<(), StageError> {
        let prefix = self.load(view, number, entity)?;
        let (key, value) = (key::row(&prefix, &row.place), codec::encode(&row.values));
        let horizon = horizon(view, settled);
        let changed = self.histories.update(&prefix, |kept| {
            let inserted = kept.history.insert(row);
            let expired = kept.history.expire(horizon);
            (inserted || !expired.is_empty(), kept.history.len() + 1, (inserted, expired))
        });
        let (inserted, expired) = changed.expect("loaded above");
        if inserted {
            self.changes.insert(key, Some(value));
        }
        self.changes.extend(expired.iter().map(|place| (key::row(&prefix, place), None)));
        Ok(())
    }

    pub(super) fn history(&mut self, view: &FeatureView, number: usize, entity: &str) -> Result<&History, StageError> {
        let prefix = self.load(view, number, entity)?;
        Ok(&self.histories.read(&prefix).expect("loaded above").history)
    }

    /// The key before the rows of the history, which is in the cache from now on.
    fn load(&mut self, view: &FeatureView, number: usize, entity: &str) -> Result<Vec<u8>, StageError> {
        let prefix = key::history(view, entity);
        if self.histories.holds(&prefix) {
            return Ok(prefix);
        }
        let mut rows = Vec::new();
        if let Some(reader) = &self.reader {
            for (key, value) in reader.scan(&prefix)? {
                rows.push(row(view, &prefix, &key, &value)?);
            }
        }
        let weight = rows.len() + 1;
        self.histories.put(prefix.clone(), Kept { view: number, history: History::of(rows) }, weight);
        Ok(prefix)
    }

    pub(super) fn known_in(&self, partition: u16) -> Option<i64> {
        self.known.get(&partition).copied()
    }

    pub(super) fn learn(&mut self, partition: u16, known: i64) {
        if self.known_in(partition).is_none_or(|before| before < known) {
            self.known.insert(partition, known);
            self.changes.insert(key::known(partition), Some(known.to_be_bytes().to_vec()));
        }
    }

    /// The least of all partitions' greatest known times, where all of them have one.
    pub(super) fn settled(&self, sources: u16) -> EventTime {
        let least = self.known.values().min().filter(|_| self.known.len() >= usize::from(sources));
        least.map_or(EventTime::MIN, |least| EventTime::from_micros(*least))
    }

    pub(super) fn evict(&mut self) {
        self.histories.evict();
        self.latest.evict();
    }

    /// Histories that are not in the cache lose their old rows when they are next touched.
    pub(super) fn expire(&mut self, views: &FeatureViews, settled: EventTime) {
        for prefix in self.histories.keys() {
            let expired = self.histories.update(&prefix, |kept| {
                let expired = kept.history.expire(horizon(views.view(kept.view), settled));
                (!expired.is_empty(), kept.history.len() + 1, expired)
            });
            let places = expired.unwrap_or_default();
            self.changes.extend(places.iter().map(|place| (key::row(&prefix, place), None)));
        }
    }
}

/// Before this no window of a request at `settled` or later reaches.
fn horizon(view: &FeatureView, settled: EventTime) -> EventTime {
    let reach = view.longest_window() + view.tile.micros() + view.lateness.micros();
    EventTime::from_micros(settled.micros().saturating_sub(reach))
}

fn row(view: &FeatureView, prefix: &[u8], key: &[u8], value: &[u8]) -> Result<Row, StageError> {
    let place = key::place(prefix, key).ok_or_else(|| corrupt(prefix, "the key names no row"))?;
    let values = codec::decode(value, &view.slots).ok_or_else(|| corrupt(prefix, "the values are not the view's"))?;
    Ok(Row { place, values })
}

pub(super) fn corrupt(key: &[u8], reason: &str) -> StageError {
    StageError::Corrupt { key: String::from_utf8_lossy(key).into_owned(), reason: reason.to_owned() }
}
