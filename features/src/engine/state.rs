//! The engine's state: what is held of each entity, and how far each partition is known. Read on first touch, kept in a
//! bounded cache, written as one entry for each row so that a snapshot holds only what is new.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use weir_messages::{Change, EventTime, StageError, StateReader};

use super::cache::Cache;
use super::entity::{Entity, horizon};
use super::history::History;
use super::numbers::Numbers;
use super::rows::Fresh;
use super::sweep::Sweep;
use super::{codec, corrupt, key};
use crate::source::Envelope;
use crate::view::{FeatureViews, LATEST};

/// Rows, and some for each entity: some 150 MB.
const ROWS: usize = 400_000;
/// Whose latest device, ip and phone are kept.
const CUSTOMER: &str = "customer";

static NO_ROWS: History = History::new();

#[derive(Debug)]
pub(super) struct State {
    reader: Option<Box<dyn StateReader>>,
    numbers: Numbers,
    sweep: Sweep,
    entities: Cache<Entity>,
    /// The key of the entity that was last touched.
    touched: Vec<u8>,
    /// Greatest known time by partition, in microseconds.
    known: BTreeMap<u16, i64>,
    /// Partitions of which more is known since the last snapshot.
    learned: BTreeSet<u16>,
    /// Of several to a key the last counts.
    changes: Vec<Change>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            reader: None,
            numbers: Numbers::default(),
            sweep: Sweep::default(),
            entities: Cache::new(ROWS),
            touched: Vec::new(),
            known: BTreeMap::new(),
            learned: BTreeSet::new(),
            changes: Vec::new(),
        }
    }
}

impl State {
    pub(super) fn over(reader: Box<dyn StateReader>, numbers: Numbers) -> Result<Self, StageError> {
        let mut known = BTreeMap::new();
        for (key, value) in reader.scan(&key::KNOWN)? {
            let (partition, micros) = key::partition(&key)
                .zip(value.try_into().ok())
                .ok_or_else(|| corrupt(&key, "expected a partition and eight bytes"))?;
            known.insert(partition, i64::from_be_bytes(micros));
        }
        Ok(Self { reader: Some(reader), numbers, known, ..Self::default() })
    }

    pub(super) const fn numbers(&self) -> &Numbers {
        &self.numbers
    }

    pub(super) const fn numbers_mut(&mut self) -> &mut Numbers {
        &mut self.numbers
    }

    pub(super) fn snapshot(&mut self) -> Vec<Change> {
        self.entities.next_round();
        let mut changes = std::mem::take(&mut self.changes);
        changes.extend(self.numbers.snapshot());
        for partition in std::mem::take(&mut self.learned) {
            let micros = self.known[&partition].to_be_bytes();
            changes.push(Change { key: key::known(partition), value: Some(micros.to_vec()) });
        }
        changes
    }

    pub(super) fn insert(&mut self, views: &FeatureViews, fresh: Fresh, settled: EventTime) -> Result<(), StageError> {
        let view = views.view(fresh.view);
        let Some(number) = self.numbers.of(fresh.view) else { return Ok(()) };
        self.touch(views, &view.entity, &fresh.entity)?;
        let before = self.changes.len();
        let (prefix, changes) = (&self.touched, &mut self.changes);
        self.entities.update(prefix, |entity| {
            let history = entity.history_mut(fresh.view);
            changes.extend(history.insert(fresh.row).map(|row| Change {
                key: key::row(prefix, number, &row.place),
                value: Some(codec::encode(&row.values)),
            }));
            let expired = history.expire(horizon(view, settled));
            changes
                .extend(expired.into_iter().map(|place| Change { key: key::row(prefix, number, &place), value: None }));
            (changes.len() > before, entity.weight())
        });
        Ok(())
    }

    pub(super) fn history(&mut self, views: &FeatureViews, view: usize, id: &str) -> Result<&History, StageError> {
        self.touch(views, &views.view(view).entity, id)?;
        Ok(self.entities.read(&self.touched).and_then(|entity| entity.history(view)).unwrap_or(&NO_ROWS))
    }

    /// `event` names the device, ip and phone of `ids`.
    pub(super) fn notice(
        &mut self,
        views: &FeatureViews,
        event: &Envelope<'_>,
        ids: &[Option<Cow<'_, str>>; LATEST.len()],
    ) -> Result<(), StageError> {
        self.touch(views, CUSTOMER, event.subject)?;
        let (prefix, changes) = (&self.touched, &mut self.changes);
        self.entities.update(prefix, |customer| {
            let latest = customer.latest_mut();
            let changed = latest.notice(event, ids);
            if changed {
                changes.push(Change { key: key::latest(prefix), value: Some(latest.encode()) });
            }
            (changed, customer.weight())
        });
        Ok(())
    }

    /// The id of the latest device, ip or phone of `customer`.
    pub(super) fn latest(
        &mut self,
        views: &FeatureViews,
        customer: &str,
        entity: &str,
    ) -> Result<Option<String>, StageError> {
        self.touch(views, CUSTOMER, customer)?;
        let customer = self.entities.read(&self.touched);
        Ok(customer.and_then(|customer| customer.latest()).and_then(|latest| latest.id(entity)).map(str::to_owned))
    }

    /// Makes it the one that `touched` is the key of, and in the cache.
    fn touch(&mut self, views: &FeatureViews, column: &str, id: &str) -> Result<(), StageError> {
        key::entity(&mut self.touched, column, id);
        if self.entities.holds(&self.touched) {
            return Ok(());
        }
        let entity = match &self.reader {
            Some(reader) => Entity::of((views, &self.numbers), &self.touched, reader.scan(&self.touched)?)?,
            None => Entity::default(),
        };
        let weight = entity.weight();
        self.entities.put(&self.touched, entity, weight);
        Ok(())
    }

    pub(super) fn known_in(&self, partition: u16) -> Option<i64> {
        self.known.get(&partition).copied()
    }

    pub(super) fn learn(&mut self, partition: u16, known: i64) {
        if self.known_in(partition).is_none_or(|before| before < known) {
            self.known.insert(partition, known);
            self.learned.insert(partition);
        }
    }

    /// The least of all partitions' greatest known times, where all of them have one.
    pub(super) fn settled(&self, sources: u16) -> EventTime {
        let least = self.known.values().min().filter(|_| self.known.len() >= usize::from(sources));
        least.map_or(EventTime::MIN, |least| EventTime::from_micros(*least))
    }

    pub(super) fn evict(&mut self) {
        self.entities.evict();
    }

    /// Entities that are not in the cache lose their old rows to `sweep`.
    pub(super) fn expire(&mut self, views: &FeatureViews, settled: EventTime) {
        let (changes, numbers) = (&mut self.changes, &self.numbers);
        self.entities.update_all(|prefix, entity| {
            let expired = entity.expire(views, settled);
            let key = |view: usize, place| Some(key::row(prefix, numbers.of(view)?, place));
            let gone = expired.iter().filter_map(|(view, place)| Some(Change { key: key(*view, place)?, value: None }));
            changes.extend(gone);
            (!expired.is_empty(), entity.weight())
        });
    }

    /// Looks at some of the saved rows, and takes out those that nobody can reach any more.
    pub(super) fn sweep(&mut self, views: &FeatureViews, settled: EventTime) -> Result<(), StageError> {
        let Some(reader) = &self.reader else { return Ok(()) };
        self.changes.extend(self.sweep.step(&**reader, views, &mut self.numbers, settled)?);
        Ok(())
    }
}
