//! Events that producers wrote straight into Kafka: a member of the group that reads the intake topic, puts every record
//! through the collector's checks, and moves on once the events are durable.
//!
//! It keeps no state, so the group's committed offset is its place. A record that is read twice is an event that came
//! twice, and the first stage counts it once.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use tokio::runtime::Handle;
use weir_messages::{Position, Topic};

use crate::collector::Collector;
use crate::log::Entry;
use crate::log::kafka::group::{Member, MemberError};
use crate::log::kafka::{BrokerError, GroupOffsets, KafkaSettings};

/// The consumer group of every process that reads the intake topic.
pub const GROUP: &str = "weir-intake";

pub struct Intake {
    collector: Arc<Collector>,
    offsets: GroupOffsets,
    runtime: Handle,
    /// What one poll gave of each partition, to be appended at once.
    polled: BTreeMap<u16, Vec<Entry>>,
}

impl Intake {
    /// `runtime` is where the collector's appends run.
    pub fn new(settings: &KafkaSettings, collector: Arc<Collector>, runtime: Handle) -> Result<Self, BrokerError> {
        let offsets = GroupOffsets::new(settings, GROUP, Topic::Intake)?;
        Ok(Self { collector, offsets, runtime, polled: BTreeMap::new() })
    }
}

impl Member for Intake {
    fn assigned(&mut self, partition: u16) -> Result<u64, MemberError> {
        Ok(self.offsets.next(partition)?)
    }

    fn take(&mut self, partition: u16, entries: Vec<Entry>) -> Result<(), MemberError> {
        self.polled.entry(partition).or_default().extend(entries);
        Ok(())
    }

    /// After an error all of it is read again.
    fn pause(&mut self) -> Result<Vec<Position>, MemberError> {
        let polled: Vec<Entry> = std::mem::take(&mut self.polled).into_values().flatten().collect();
        if polled.is_empty() {
            return Ok(Vec::new());
        }
        self.runtime.block_on(self.collector.collect_records(&polled))?;
        let after = |entry: &Entry| Position { offset: entry.position.offset + 1, ..entry.position };
        let partitions: BTreeMap<u16, Position> =
            polled.iter().map(|entry| (entry.position.partition, after(entry))).collect();
        Ok(partitions.into_values().collect())
    }

    /// What was polled is durable: `pause` came after it.
    fn revoked(&mut self, partition: u16) {
        self.polled.remove(&partition);
    }

    fn lost(&mut self, partition: u16) {
        self.polled.remove(&partition);
    }
}

impl fmt::Debug for Intake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Intake({:?})", self.offsets)
    }
}
