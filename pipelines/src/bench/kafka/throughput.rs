//! Events from `weir.events` through views into durable state, as fast as one process takes them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use weir_features::FeatureViews;
use weir_ingest::log::Entry;
use weir_ingest::log::kafka::group::{Group, Member, MemberError};
use weir_messages::{Position, Topic};

use super::Installation;
use crate::bench::failed;
use crate::bench::made_up::telemetry;
use crate::demo::DemoError;
use crate::fold::Folds;

/// Records of one append while the topic is filled.
const APPEND: usize = 10_000;
/// Members of each group, as a process has them by default.
const THREADS: u16 = 2;
/// Customers that the events are of.
const CUSTOMERS: u64 = 50_000;

/// Events a second, and the rate at which they had been put there.
pub(super) struct Throughput {
    pub(super) produced: f64,
    pub(super) folded: f64,
    /// Records of the shuffle.
    pub(super) shuffled: u64,
}

/// When the first record came, and how far each partition is saved.
#[derive(Debug, Default)]
pub(super) struct Progress {
    began: Option<Instant>,
    pub(super) saved: BTreeMap<u16, u64>,
}

/// Folds that are watched.
pub(super) struct Watched {
    pub(super) folds: Folds,
    pub(super) progress: Arc<Mutex<Progress>>,
}

impl Member for Watched {
    fn assigned(&mut self, partition: u16) -> Result<u64, MemberError> {
        let next = self.folds.assigned(partition)?;
        self.progress.lock().expect("no holder panics").saved.insert(partition, next);
        Ok(next)
    }

    fn take(&mut self, partition: u16, entries: Vec<Entry>) -> Result<(), MemberError> {
        self.progress.lock().expect("no holder panics").began.get_or_insert_with(Instant::now);
        self.folds.take(partition, entries)
    }

    fn settle(&mut self) -> Vec<(u16, MemberError)> {
        self.folds.settle()
    }

    fn pause(&mut self) -> Result<Vec<Position>, MemberError> {
        let saved = self.folds.pause()?;
        let places = saved.iter().map(|at| (at.partition, at.offset));
        self.progress.lock().expect("no holder panics").saved.extend(places);
        Ok(saved)
    }

    fn revoked(&mut self, partition: u16) {
        self.folds.revoked(partition);
    }

    fn lost(&mut self, partition: u16) {
        self.folds.lost(partition);
    }
}

/// `views` alone are folded; entities beside the customer through the shuffle.
pub(super) async fn measure(
    at: &Installation,
    views: Arc<FeatureViews>,
    events: u64,
    seed: u64,
) -> Result<Throughput, DemoError> {
    let began = Instant::now();
    let mut records = telemetry(events, CUSTOMERS, seed);
    loop {
        let some: Vec<_> = records.by_ref().take(APPEND).collect();
        if some.is_empty() {
            break;
        }
        at.around.log.append(Topic::Events, some).await.map_err(failed)?;
    }
    let produced = rate(events, began.elapsed());

    let (customers, entities) = (Arc::<Mutex<Progress>>::default(), Arc::<Mutex<Progress>>::default());
    let watched = |folds, progress: &Arc<Mutex<Progress>>| Box::new(Watched { folds, progress: Arc::clone(progress) });
    let mut running = Vec::new();
    let customers_group = Group::new(&at.settings, Topic::Events, "customers");
    let entities_group = Group::new(&at.settings, Topic::EntityEvents, "entities");
    for _ in 0..THREADS {
        let folds = watched(at.folds(&at.state).customers(&views), &customers);
        running.push(customers_group.join(folds).map_err(failed)?);
        let folds = watched(at.folds(&at.state).entities(&views), &entities);
        running.push(entities_group.join(folds).map_err(failed)?);
    }
    while saved(&customers) < events {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut shuffled = 0;
    for partition in 0..at.around.log.partitions(Topic::EntityEvents) {
        shuffled += at.around.log.end(Topic::EntityEvents, partition).await.map_err(failed)?;
    }
    while saved(&entities) < shuffled {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let began = customers.lock().expect("no holder panics").began;
    let took = began.map_or(Duration::ZERO, |began| began.elapsed());
    tokio::task::spawn_blocking(move || drop(running)).await.map_err(failed)?;
    Ok(Throughput { produced, folded: rate(events, took), shuffled })
}

/// Records that are in the state, over all partitions.
pub(super) fn saved(progress: &Mutex<Progress>) -> u64 {
    progress.lock().expect("no holder panics").saved.values().sum()
}

#[allow(clippy::cast_precision_loss, reason = "a rate for people")]
fn rate(events: u64, took: Duration) -> f64 {
    events as f64 / took.as_secs_f64()
}
