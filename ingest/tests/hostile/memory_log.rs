//! A log in memory, which takes everything.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use weir_ingest::log::{Entry, EventLog, LogError};
use weir_messages::{Position, Record, Topic};

#[derive(Debug, Default)]
pub(crate) struct MemoryLog(Mutex<BTreeMap<Topic, Vec<Record>>>);

impl MemoryLog {
    pub(crate) fn records(&self, topic: Topic) -> Vec<Record> {
        self.0.lock().unwrap().get(&topic).cloned().unwrap_or_default()
    }

    pub(crate) fn put(&self, topic: Topic, records: Vec<Record>) -> Vec<Position> {
        let mut topics = self.0.lock().unwrap();
        let kept = topics.entry(topic).or_default();
        let first = kept.len();
        kept.extend(records);
        let place = |offset: usize| Position { partition: 0, offset: offset.try_into().unwrap() };
        (first..kept.len()).map(place).collect()
    }
}

#[async_trait]
impl EventLog for MemoryLog {
    async fn append(&self, topic: Topic, records: Vec<Record>) -> Result<Vec<Position>, LogError> {
        Ok(self.put(topic, records))
    }

    async fn read(&self, topic: Topic, from: Position, most: usize, _: Duration) -> Result<Vec<Entry>, LogError> {
        let entry = |(offset, record)| Entry { position: Position { offset, ..from }, record };
        let from = usize::try_from(from.offset).unwrap();
        let entries = (0_u64..).zip(self.records(topic)).map(entry);
        Ok(entries.skip(from).take(most).collect())
    }

    async fn start(&self, _: Topic, _: u16) -> Result<u64, LogError> {
        Ok(0)
    }

    async fn end(&self, topic: Topic, _: u16) -> Result<u64, LogError> {
        Ok(self.records(topic).len().try_into().unwrap())
    }

    fn partitions(&self, _: Topic) -> u16 {
        1
    }
}
