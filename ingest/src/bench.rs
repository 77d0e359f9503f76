//! A test's own log, clock and collector.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use weir_messages::privacy::{Keyring, Tokenizer};
use weir_messages::{Clock, EventTime, ManualClock, Position, Topic};

use crate::collector::Collector;
use crate::dead_letters::Seals;
use crate::log::{EmbeddedLog, Entry, EventLog};

/// What every `Site`'s clock shows at first.
pub(crate) const NOW: &str = "2026-03-01T10:00:00.000000Z";

pub(crate) fn keyring() -> Arc<Keyring> {
    Arc::new(Keyring::new("k1", BTreeMap::from([("k1".to_owned(), [3; 32])])).unwrap())
}

pub(crate) fn seals() -> Seals {
    Seals::new(keyring())
}

pub(crate) struct Site {
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) collector: Arc<Collector>,
    _folder: tempfile::TempDir,
}

impl Site {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self::on(Arc::new(EmbeddedLog::open(folder.path()).unwrap()), folder)
    }

    pub(crate) fn on(log: Arc<dyn EventLog>, folder: tempfile::TempDir) -> Self {
        let clock = Arc::new(ManualClock::starting_at(EventTime::parse(NOW).unwrap().as_known()));
        let (tokens, time) = (Arc::new(Tokenizer::new("k1", [7; 32])), Arc::clone(&clock) as Arc<dyn Clock>);
        let collector = Arc::new(Collector::new(Arc::clone(&log), tokens, seals(), time));
        Self { log, clock, collector, _folder: folder }
    }

    pub(crate) async fn events(&self, from: u64) -> Vec<Entry> {
        self.read(Topic::Events, from).await
    }

    pub(crate) async fn read(&self, topic: Topic, offset: u64) -> Vec<Entry> {
        self.log.read(topic, Position { partition: 0, offset }, 100_000, Duration::ZERO).await.unwrap()
    }
}
