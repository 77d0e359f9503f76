//! What the client fetches: partitions are added to it one by one, once it is known where each is read from.

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaResult;
use rdkafka::{Offset, TopicPartitionList};

use super::rebalance::Rebalancing;
use crate::log::kafka::client::{ANSWER, BrokerError};

type Native = BaseConsumer<Rebalancing>;

/// Fetches the partition from `next` on.
pub(super) fn start(consumer: &Native, topic: &str, partition: u16, next: u64) -> Result<(), BrokerError> {
    let started = match is_fetched(consumer, topic, partition) {
        Ok(true) => consumer.seek(topic, i32::from(partition), offset(next), ANSWER),
        Ok(false) => add(consumer, topic, partition, next),
        Err(error) => Err(error),
    };
    // The client remembers which were paused, also when it had them before.
    let resumed = started.and_then(|()| consumer.resume(&list(topic, [partition])));
    resumed.map_err(BrokerError::refused(format!("to fetch {topic}/{partition}")))
}

/// Answers a revocation: of the partitions, those that the client fetches are fetched no more.
pub(super) fn stop(consumer: &Native, revoked: &TopicPartitionList) -> KafkaResult<()> {
    let mut fetched = TopicPartitionList::new();
    for one in consumer.assignment()?.elements() {
        if revoked.find_partition(one.topic(), one.partition()).is_some() {
            fetched.add_partition(one.topic(), one.partition());
        }
    }
    consumer.incremental_unassign(&fetched)
}

fn is_fetched(consumer: &Native, topic: &str, partition: u16) -> KafkaResult<bool> {
    Ok(consumer.assignment()?.find_partition(topic, i32::from(partition)).is_some())
}

fn add(consumer: &Native, topic: &str, partition: u16, next: u64) -> KafkaResult<()> {
    let mut added = TopicPartitionList::new();
    added.add_partition_offset(topic, i32::from(partition), offset(next))?;
    consumer.incremental_assign(&added)
}

pub(super) fn list(topic: &str, partitions: impl IntoIterator<Item = u16>) -> TopicPartitionList {
    let mut list = TopicPartitionList::new();
    for partition in partitions {
        list.add_partition(topic, i32::from(partition));
    }
    list
}

pub(super) fn offset(next: u64) -> Offset {
    Offset::Offset(i64::try_from(next).unwrap_or(i64::MAX))
}
