//! A member that counts, for tests: what it folds it saves where the next member finds it, and it tells who called it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use weir_messages::{Position, Record, Topic};

use super::*;
use crate::log::kafka::KafkaLog;
use crate::log::kafka::test_broker::{Fresh, PARTITIONS, with_topics};
use crate::log::{Entry, EventLog};

pub(super) const TOPIC: Topic = Topic::Events;
/// With a busy machine.
pub(super) const PATIENCE: Duration = Duration::from_secs(120);

/// The state of a partition, saved with its offset: the number that each key counted up to, and what was wrong.
#[derive(Debug, Clone, Default)]
pub(super) struct Fold {
    pub(super) next: u64,
    pub(super) counts: BTreeMap<String, u64>,
    pub(super) wrong: Vec<String>,
}

impl Fold {
    /// Each key's records are numbered from 0. A repeat is dropped, a gap is wrong.
    fn take(&mut self, entry: &Entry) {
        let Record { key, value, .. } = &entry.record;
        let number: u64 = String::from_utf8_lossy(value).parse().unwrap();
        let count = self.counts.entry(key.clone()).or_default();
        match number.cmp(count) {
            std::cmp::Ordering::Less => {}
            std::cmp::Ordering::Equal => *count += 1,
            std::cmp::Ordering::Greater => self.wrong.push(format!("{key}: {number} after {count}")),
        }
        self.next = entry.position.offset + 1;
    }
}

/// What every member saves into and restores from.
pub(super) type Store = Arc<Mutex<BTreeMap<u16, Fold>>>;

/// The partitions whose state a member has open. As a store's files are, each is for one at a time.
pub(super) type Open = Arc<Mutex<BTreeSet<u16>>>;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Called {
    Assigned(u16, u64),
    /// Another member had its state open.
    Locked(u16),
    Took(u16),
    Settled(u16),
    Revoked(u16),
    Lost(u16),
}

type Fault = Box<dyn FnMut(&Called) -> Result<(), MemberError> + Send>;

struct Folder {
    store: Store,
    open: Open,
    live: BTreeMap<u16, Fold>,
    unsettled: Vec<u16>,
    calls: Sender<Called>,
    fault: Fault,
}

impl Folder {
    fn called(&mut self, called: Called) -> Result<(), MemberError> {
        let outcome = (self.fault)(&called);
        // A test that saw enough listens no more.
        self.calls.send(called).ok();
        outcome
    }

    fn close(&mut self, partition: u16) {
        self.live.remove(&partition).expect("it was held");
        self.open.lock().unwrap().remove(&partition);
    }

    fn save(&self, partition: u16) {
        self.store.lock().unwrap().insert(partition, self.live[&partition].clone());
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        self.open.lock().unwrap().retain(|partition| !self.live.contains_key(partition));
    }
}

impl Member for Folder {
    fn assigned(&mut self, partition: u16) -> Result<u64, MemberError> {
        if !self.open.lock().unwrap().insert(partition) {
            self.called(Called::Locked(partition))?;
            return Err("locked".into());
        }
        let fold = self.store.lock().unwrap().get(&partition).cloned().unwrap_or_default();
        if let Err(error) = self.called(Called::Assigned(partition, fold.next)) {
            self.open.lock().unwrap().remove(&partition);
            return Err(error);
        }
        let next = fold.next;
        assert!(self.live.insert(partition, fold).is_none(), "it had {partition}");
        Ok(next)
    }

    fn take(&mut self, partition: u16, entries: Vec<Entry>) -> Result<(), MemberError> {
        let fold = self.live.get_mut(&partition).expect("records come for what is held");
        assert!(
            entries.iter().zip(fold.next..).all(|(entry, offset)| entry.position == Position { partition, offset })
        );
        entries.iter().for_each(|entry| fold.take(entry));
        self.called(Called::Took(partition))?;
        self.unsettled.push(partition);
        Ok(())
    }

    fn settle(&mut self) -> Vec<(u16, MemberError)> {
        let mut failed = Vec::new();
        for partition in std::mem::take(&mut self.unsettled) {
            failed.extend(self.called(Called::Settled(partition)).err().map(|error| (partition, error)));
        }
        failed
    }

    fn pause(&mut self) -> Result<Vec<Position>, MemberError> {
        self.live.keys().for_each(|partition| self.save(*partition));
        let position = |(partition, fold): (&u16, &Fold)| Position { partition: *partition, offset: fold.next };
        Ok(self.live.iter().map(position).collect())
    }

    fn revoked(&mut self, partition: u16) {
        self.save(partition);
        self.close(partition);
        self.called(Called::Revoked(partition)).unwrap();
    }

    fn lost(&mut self, partition: u16) {
        self.close(partition);
        self.called(Called::Lost(partition)).unwrap();
    }
}

pub(super) struct Site {
    pub(super) settings: KafkaSettings,
    pub(super) log: KafkaLog,
    pub(super) store: Store,
    open: Open,
    pub(super) group: Group,
    _topics: Fresh,
}

impl Site {
    pub(super) async fn new(test: &str) -> Option<Self> {
        Self::with_session(test, 6_000).await
    }

    /// A group gives a member up after so many milliseconds of silence, or without a poll.
    pub(super) async fn with_session(test: &str, millis: u32) -> Option<Self> {
        let topics = with_topics(test).await?;
        let settings = KafkaSettings { session_timeout_ms: millis, max_poll_interval_ms: millis, ..topics.clone() };
        let log = KafkaLog::open(&settings).await.unwrap();
        let group = Group::new(&settings, TOPIC, "folders");
        Some(Self { settings, log, store: Store::default(), open: Open::default(), group, _topics: topics })
    }

    pub(super) fn member(
        &self,
        fault: impl FnMut(&Called) -> Result<(), MemberError> + Send + 'static,
    ) -> (Running, Receiver<Called>) {
        let (calls, called) = channel();
        let folder = Folder {
            store: Arc::clone(&self.store),
            open: Arc::clone(&self.open),
            live: BTreeMap::new(),
            unsettled: Vec::new(),
            calls,
            fault: Box::new(fault),
        };
        (self.group.join(Box::new(folder)).unwrap(), called)
    }

    /// A record more of each of `keys`.
    pub(super) async fn append(&self, keys: std::ops::Range<u32>, number: u64) {
        let record =
            |key| Record { key: format!("k{key}"), headers: Vec::new(), value: number.to_string().into_bytes() };
        self.log.append(TOPIC, keys.map(record).collect()).await.unwrap();
    }

    /// Waits until everything on the topic is folded and saved; all that was folded, once and in order.
    pub(super) async fn settled(&self) -> BTreeMap<String, u64> {
        for partition in 0..PARTITIONS {
            let end = self.log.end(TOPIC, partition).await.unwrap();
            eventually(|| self.saved(partition).next == end).await;
        }
        let folds = self.store.lock().unwrap().clone();
        assert!(folds.values().all(|fold| fold.wrong.is_empty()), "{folds:?}");
        folds.into_values().flat_map(|fold| fold.counts).collect()
    }

    pub(super) fn saved(&self, partition: u16) -> Fold {
        self.store.lock().unwrap().get(&partition).cloned().unwrap_or_default()
    }
}

pub(super) async fn eventually(mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < PATIENCE, "it has not come to it in {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

pub(super) fn no_fault(_: &Called) -> Result<(), MemberError> {
    Ok(())
}

/// Waits for `count` calls that fit, and gives what they gave.
pub(super) fn wait_for<T>(calls: &Receiver<Called>, count: usize, fits: impl Fn(&Called) -> Option<T>) -> Vec<T> {
    let mut found = Vec::new();
    while found.len() < count {
        let called = calls.recv_timeout(PATIENCE).expect("a call in time");
        found.extend(fits(&called));
    }
    found
}

pub(super) fn assigned(called: &Called) -> Option<(u16, u64)> {
    if let Called::Assigned(partition, from) = called { Some((*partition, *from)) } else { None }
}

pub(super) fn lost(called: &Called) -> Option<u16> {
    if let Called::Lost(partition) = called { Some(*partition) } else { None }
}
