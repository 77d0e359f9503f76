//! The log on Kafka brokers, for any number of processes. A record's partition is that of its key's shard.

mod client;
pub mod group;
mod offsets;
mod pool;
mod producer;
mod reader;
mod record;
mod settings;
#[cfg(test)]
pub(crate) mod test_broker;
#[cfg(test)]
mod tests;
pub mod topics;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use weir_messages::{Position, Record, Topic};

use super::{Entry, EventLog, LogError};
pub use client::BrokerError;
pub use offsets::GroupOffsets;
use pool::Pool;
use producer::Producer;
pub use settings::{KafkaSettings, Mechanism, Sasl, Security, UnfitLimit};

pub struct KafkaLog {
    partitions: BTreeMap<Topic, u16>,
    settings: KafkaSettings,
    producer: Producer,
    pool: Arc<Pool>,
}

impl KafkaLog {
    /// Finds the topics, which must be there (`topics::apply`) and as they should be (`topics::check`).
    pub async fn open(settings: &KafkaSettings) -> Result<Self, BrokerError> {
        let partitions = topics::check(settings).await?;
        let (producer, pool) = (Producer::new(settings)?, Arc::new(Pool::new(settings.clone())));
        Ok(Self { partitions, settings: settings.clone(), producer, pool })
    }

    fn check_partition(&self, topic: Topic, partition: u16) -> Result<(), BrokerError> {
        let count = self.partitions(topic);
        if partition < count {
            return Ok(());
        }
        let (expected, found) = (format!("a partition below {count}"), partition.to_string());
        Err(BrokerError::Topic { topic: self.settings.topic(topic), expected, found })
    }
}

#[async_trait]
impl EventLog for KafkaLog {
    /// Answers within the configured time. What was not acknowledged by then may still be written.
    async fn append(&self, topic: Topic, records: Vec<Record>) -> Result<Vec<Position>, LogError> {
        if records.is_empty() {
            return Ok(Vec::new());
        }
        Ok(self.producer.append(&self.settings.topic(topic), self.partitions(topic), records).await?)
    }

    async fn read(&self, topic: Topic, from: Position, most: usize, wait: Duration) -> Result<Vec<Entry>, LogError> {
        self.check_partition(topic, from.partition)?;
        let (caller, pool) = (Arc::new(()), Arc::clone(&self.pool));
        let watched = Arc::downgrade(&caller);
        let read = tokio::task::spawn_blocking(move || pool.read(topic, from, most, wait, &watched));
        let entries = read.await.map_err(|error| LogError::Storage(Box::new(error)))?;
        drop(caller);
        entries.map_err(|error| {
            if let BrokerError::OutOfRange { partition, first, end, found, .. } = error {
                return LogError::OutOfRange { topic, partition, first, end, found };
            }
            error.into()
        })
    }

    async fn start(&self, topic: Topic, partition: u16) -> Result<u64, LogError> {
        self.check_partition(topic, partition)?;
        Ok(self.producer.kept(self.settings.topic(topic), partition).await?.0)
    }

    async fn end(&self, topic: Topic, partition: u16) -> Result<u64, LogError> {
        self.check_partition(topic, partition)?;
        Ok(self.producer.kept(self.settings.topic(topic), partition).await?.1)
    }

    fn partitions(&self, topic: Topic) -> u16 {
        self.partitions[&topic]
    }
}

impl fmt::Debug for KafkaLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KafkaLog({}, {}*)", self.settings.brokers, self.settings.prefix)
    }
}
