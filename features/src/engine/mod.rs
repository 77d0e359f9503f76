//! The engine: folds events into histories and answers requests from them. The live stage and replay both run it.
//!
//! A batch goes through three passes. Filters and values are evaluated over the whole of it; then rows enter histories
//! and requests are answered in order; then derived columns are evaluated over all answers at once.

mod answer;
mod cache;
mod codec;
mod columnar;
mod entity;
mod history;
mod key;
mod latest;
mod numbers;
mod reason;
mod rows;
mod state;
mod sweep;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use weir_messages::{Change, EventTime, KnownTime, StageError, StateReader};

pub(crate) use answer::{Answer, Open, finish};
pub(crate) use key::is_row;
use numbers::Numbers;
pub(crate) use rows::{Fresh, evaluate};
use state::State;

use crate::source::Observed;
use crate::view::{FeatureViews, LATEST, Scope};

/// Consent classes under which a request is answered.
#[derive(Debug, Clone)]
pub(crate) enum Consents {
    /// A replay: consent was a matter of the day it recorded.
    All,
    Live(Arc<BTreeSet<String>>),
}

/// Who and when a vector is asked for.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) at: EventTime,
    /// Entity to its id.
    pub(crate) entities: BTreeMap<String, String>,
    pub(crate) consents: Consents,
    /// Rows that count for this request alone.
    pub(crate) alone: Vec<Fresh>,
}

/// Views are passed to each call: they are the same from its first to its last.
#[derive(Debug, Default)]
pub(crate) struct Engine {
    state: State,
}

impl Engine {
    /// Whatever was folded before is forgotten for what `reader` holds.
    pub(crate) fn restore(&mut self, views: &FeatureViews, reader: Box<dyn StateReader>) -> Result<(), StageError> {
        let numbers = Numbers::read(&*reader, views)?;
        self.state = State::over(reader, numbers)?;
        Ok(())
    }

    /// As `restore`, and the numbers of the views stay.
    pub(crate) fn resume(&mut self, reader: Box<dyn StateReader>) -> Result<(), StageError> {
        self.state = State::over(reader, self.state.numbers().clone())?;
        Ok(())
    }

    /// Names and hashes of the views that are yet to be folded from the start.
    pub(crate) fn missing(&self) -> impl Iterator<Item = (&str, &str)> {
        self.state.numbers().missing()
    }

    /// One that keeps the rows of those views alone.
    pub(crate) fn of_missing(&self) -> Self {
        let mut engine = Self::default();
        *engine.state.numbers_mut() = self.state.numbers().of_missing();
        engine
    }

    /// All views have been folded as far as the state.
    pub(crate) fn complete(&mut self) {
        self.state.numbers_mut().complete();
    }

    /// Whether it keeps the rows of this view.
    pub(crate) fn keeps(&self, view: usize) -> bool {
        self.state.numbers().of(view).is_some()
    }

    /// What changed since the last call.
    pub(crate) fn snapshot(&mut self) -> Vec<Change> {
        self.state.snapshot()
    }

    /// The rows of one event enter the histories. No request will be of a time before `settled`.
    pub(crate) fn fold(
        &mut self,
        views: &FeatureViews,
        rows: Vec<Fresh>,
        settled: EventTime,
    ) -> Result<(), StageError> {
        rows.into_iter().try_for_each(|fresh| self.state.insert(views, fresh, settled))
    }

    /// Remembers the device, ip and phone that `event` names as the latest of its customer.
    pub(crate) fn notice(&mut self, views: &FeatureViews, event: &Observed<'_>) -> Result<(), StageError> {
        let ids = LATEST.map(|entity| event.id_in(entity));
        if ids.iter().all(Option::is_none) { Ok(()) } else { self.state.notice(views, &event.envelope, &ids) }
    }

    /// The id of the latest device, ip or phone of `customer`.
    pub(crate) fn latest(
        &mut self,
        views: &FeatureViews,
        customer: &str,
        entity: &str,
    ) -> Result<Option<String>, StageError> {
        if LATEST.contains(&entity) { self.state.latest(views, customer, entity) } else { Ok(None) }
    }

    /// Aggregates as they stand now; `finish` adds the derived columns.
    pub(crate) fn answer(
        &mut self,
        views: &FeatureViews,
        scope: Scope<'_>,
        request: &Request,
    ) -> Result<Open, StageError> {
        answer::open(views, &mut self.state, scope, request)
    }

    /// The greatest known time of the events folded of `partition`.
    pub(crate) fn known_in(&self, partition: u16) -> Option<KnownTime> {
        self.state.known_in(partition).map(KnownTime::from_micros)
    }

    pub(crate) fn learn(&mut self, partition: u16, known: KnownTime) {
        self.state.learn(partition, known.micros());
    }

    /// No request to come is of an earlier time, once all of `sources` partitions have been heard of.
    pub(crate) fn settled(&self, sources: u16) -> EventTime {
        self.state.settled(sources)
    }

    /// Keeps to the memory budget.
    pub(crate) fn tidy(&mut self) {
        self.state.evict();
    }

    /// Drops rows of cached histories that no request of `settled` or later can reach.
    pub(crate) fn expire(&mut self, views: &FeatureViews, settled: EventTime) {
        self.state.expire(views, settled);
    }

    /// Drops some of the other rows that no request of `settled` or later can reach.
    pub(crate) fn sweep(&mut self, views: &FeatureViews, settled: EventTime) -> Result<(), StageError> {
        self.state.sweep(views, settled)
    }
}

fn corrupt(key: &[u8], reason: &str) -> StageError {
    StageError::Corrupt { key: String::from_utf8_lossy(key).into_owned(), reason: reason.to_owned() }
}
