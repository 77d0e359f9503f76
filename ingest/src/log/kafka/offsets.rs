//! What a group has committed, and how far behind its topic it is.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{Offset, TopicPartitionList};
use weir_messages::Topic;

use super::KafkaSettings;
use super::client::{ANSWER, BrokerError, Logged, kept};

/// Asks the brokers, without joining the group.
#[derive(Clone)]
pub struct GroupOffsets {
    settings: KafkaSettings,
    /// A client that failed is not used again: it may have lost its brokers for good (librdkafka's issue 5301).
    client: Arc<Mutex<Option<Client>>>,
    topic: String,
    group: String,
}

type Client = Arc<BaseConsumer<Logged>>;

impl GroupOffsets {
    pub fn new(settings: &KafkaSettings, group: &str, topic: Topic) -> Result<Self, BrokerError> {
        let (topic, group) = (settings.topic(topic), settings.group(group));
        let client = Arc::new(Mutex::new(Some(client(settings, &group)?)));
        Ok(Self { settings: settings.clone(), client, topic, group })
    }

    fn ask<T>(&self, question: impl FnOnce(&BaseConsumer<Logged>) -> Result<T, BrokerError>) -> Result<T, BrokerError> {
        let client = self.client()?;
        question(&client).inspect_err(|_| {
            let mut current = self.current();
            if current.as_ref().is_some_and(|current| Arc::ptr_eq(current, &client)) {
                *current = None;
            }
        })
    }

    fn client(&self) -> Result<Client, BrokerError> {
        let mut current = self.current();
        let client = current.take().map_or_else(|| client(&self.settings, &self.group), Ok)?;
        Ok(Arc::clone(current.insert(client)))
    }

    fn current(&self) -> MutexGuard<'_, Option<Client>> {
        self.client.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the group goes on in this partition: what it committed, else the first offset that is kept. Blocking.
    pub fn next(&self, partition: u16) -> Result<u64, BrokerError> {
        let (first, _) = self.ask(|client| kept(client.client(), &self.topic, partition))?;
        Ok(self.committed(partition)?.unwrap_or(first).max(first))
    }

    /// What the group committed for this partition, if anything. Blocking.
    pub fn committed(&self, partition: u16) -> Result<Option<u64>, BrokerError> {
        Ok(self.all_committed(&[partition])?[0])
    }

    /// Records that the group has not committed yet, over the topic's `partitions`.
    pub async fn lag(&self, partitions: u16) -> Result<u64, BrokerError> {
        let offsets = self.clone();
        let asked = tokio::task::spawn_blocking(move || offsets.sum(partitions));
        asked.await.expect("it does not panic")
    }

    fn sum(&self, partitions: u16) -> Result<u64, BrokerError> {
        let all: Vec<u16> = (0..partitions).collect();
        let committed = self.all_committed(&all)?;
        let behind = all.into_iter().zip(committed).map(|(partition, committed)| {
            let (first, end) = self.ask(|client| kept(client.client(), &self.topic, partition))?;
            Ok(end.saturating_sub(committed.unwrap_or(first).max(first)))
        });
        behind.sum()
    }

    fn all_committed(&self, partitions: &[u16]) -> Result<Vec<Option<u64>>, BrokerError> {
        let mut asked = TopicPartitionList::new();
        for partition in partitions {
            asked.add_partition(&self.topic, i32::from(*partition));
        }
        let refused = || BrokerError::refused(format!("to tell the offsets of {}", self.group));
        let answer = self.ask(|client| client.committed_offsets(asked, ANSWER).map_err(refused()))?;
        let offset = |partition: &u16| {
            let one = answer.find_partition(&self.topic, i32::from(*partition)).map(|one| one.offset());
            if let Some(Offset::Offset(offset)) = one { u64::try_from(offset).ok() } else { None }
        };
        Ok(partitions.iter().map(offset).collect())
    }
}

fn client(settings: &KafkaSettings, group: &str) -> Result<Client, BrokerError> {
    let mut config = settings.client();
    config.set("group.id", group).set("enable.auto.commit", "false");
    let consumer = BaseConsumer::from_config_and_context(&config, Logged);
    consumer.map(Arc::new).map_err(BrokerError::refused("a client"))
}

impl fmt::Debug for GroupOffsets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GroupOffsets({} of {})", self.group, self.topic)
    }
}
