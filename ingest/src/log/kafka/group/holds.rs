//! The partitions that a member has: those it reads, and those it could not take over yet.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::KafkaResult;
use rdkafka::{Offset, TopicPartitionList};
use weir_messages::Causes;

use super::rebalance::Rebalancing;
use super::{Member, MemberError};
use crate::log::Entry;
use crate::log::kafka::client::{ANSWER, BrokerError};
use crate::log::kafka::reader::kept;

/// Before a partition that failed is tried again.
const PAUSE: Duration = Duration::from_secs(1);

type Native = BaseConsumer<Rebalancing>;

pub(super) struct Holds {
    topic: String,
    member: Box<dyn Member>,
    held: BTreeMap<u16, Hold>,
    /// When each is tried next. They are this process's, and paused.
    owed: BTreeMap<u16, Instant>,
    /// Saved, and not yet committed.
    saved: BTreeMap<u16, u64>,
    committed: BTreeMap<u16, u64>,
}

struct Hold {
    next: u64,
    batch: Vec<Entry>,
}

impl Holds {
    pub(super) fn new(topic: String, member: Box<dyn Member>) -> Self {
        Self {
            topic,
            member,
            held: BTreeMap::new(),
            owed: BTreeMap::new(),
            saved: BTreeMap::new(),
            committed: BTreeMap::new(),
        }
    }

    /// Takes partitions over: gives each its offset, and answers those that are to be paused.
    pub(super) fn assign(
        &mut self,
        consumer: &Native,
        partitions: &mut TopicPartitionList,
    ) -> KafkaResult<TopicPartitionList> {
        let mut paused = TopicPartitionList::new();
        for partition in numbers(partitions) {
            let offset = match self.take_over(consumer, partition) {
                Ok(offset) => self.hold(partition, offset),
                Err(error) => {
                    self.owe(partition, &error);
                    paused.add_partition(&self.topic, i32::from(partition));
                    Offset::End
                }
            };
            partitions.set_partition_offset(&self.topic, i32::from(partition), offset)?;
        }
        Ok(paused)
    }

    pub(super) fn revoke(&mut self, consumer: &Native, partitions: &TopicPartitionList) {
        let lost = consumer.assignment_lost();
        for partition in numbers(partitions) {
            self.owed.remove(&partition);
            self.committed.remove(&partition);
            if self.held.remove(&partition).is_none() {
                continue;
            }
            if lost {
                tracing::warn!(topic = self.topic, partition, "a partition was lost to another member");
                self.member.lost(partition);
            } else {
                self.member.revoked(partition);
            }
        }
        if lost {
            self.saved.clear();
        }
        self.commit(consumer);
    }

    /// The member's answer, where it is an offset that the broker has: else the client would read from somewhere else.
    fn take_over(&mut self, consumer: &Native, partition: u16) -> Result<u64, MemberError> {
        let found = self.member.assigned(partition)?;
        let checked = kept(consumer, &self.topic, partition).and_then(|(first, end)| {
            if (first..=end).contains(&found) {
                return Ok(found);
            }
            Err(BrokerError::OutOfRange { topic: self.topic.clone(), partition, first, end, found })
        });
        Ok(checked.inspect_err(|_| self.member.lost(partition))?)
    }

    fn hold(&mut self, partition: u16, next: u64) -> Offset {
        self.held.insert(partition, Hold { next, batch: Vec::new() });
        Offset::Offset(i64::try_from(next).unwrap_or(i64::MAX))
    }

    fn owe(&mut self, partition: u16, error: &MemberError) {
        let error = Causes(error.as_ref()).to_string();
        tracing::error!(topic = self.topic, partition, error, "a partition is tried again after a pause");
        self.owed.insert(partition, Instant::now() + PAUSE);
    }

    /// What is not held, or was fetched before it was taken up again, is not wanted.
    pub(super) fn gathered(&mut self, entry: Entry) {
        if let Some(hold) = self.held.get_mut(&entry.position.partition)
            && entry.position.offset >= hold.next
        {
            hold.next = entry.position.offset + 1;
            hold.batch.push(entry);
        }
    }

    /// One partition's batch; false when there is none.
    pub(super) fn hand_over_one(&mut self, consumer: &Native) -> bool {
        let Some((&partition, hold)) = self.held.iter_mut().find(|(_, hold)| !hold.batch.is_empty()) else {
            return false;
        };
        let batch = std::mem::take(&mut hold.batch);
        if let Err(error) = self.member.take(partition, batch) {
            self.drop_hold(consumer, partition, &error);
        }
        true
    }

    pub(super) fn settle(&mut self, consumer: &Native) {
        for (partition, error) in self.member.settle() {
            self.drop_hold(consumer, partition, &error);
        }
    }

    pub(super) fn pause(&mut self, consumer: &Native) {
        match self.member.pause() {
            Ok(saved) => {
                let places = saved.into_iter().map(|position| (position.partition, position.offset));
                let moved = places.filter(|(partition, offset)| self.committed.get(partition) != Some(offset));
                self.saved.extend(moved);
            }
            Err(error) => self.drop_all(consumer, &error),
        }
    }

    pub(super) fn drop_all(&mut self, consumer: &Native, error: &MemberError) {
        let held: Vec<u16> = self.held.keys().copied().collect();
        held.into_iter().for_each(|partition| self.drop_hold(consumer, partition, error));
        self.saved.clear();
    }

    fn drop_hold(&mut self, consumer: &Native, partition: u16, error: &MemberError) {
        self.held.remove(&partition);
        self.member.lost(partition);
        self.owe(partition, error);
        if let Err(error) = consumer.pause(&self.list([partition])) {
            tracing::warn!(%error, partition, "a partition goes on being fetched in vain");
        }
    }

    /// Those whose records are gone where they are to be read.
    pub(super) fn drop_out_of_range(&mut self, consumer: &Native) {
        let held: Vec<(u16, u64)> = self.held.iter().map(|(partition, hold)| (*partition, hold.next)).collect();
        for (partition, found) in held {
            let Ok((first, end)) = kept(consumer, &self.topic, partition) else { continue };
            if !(first..=end).contains(&found) {
                let topic = self.topic.clone();
                let error = BrokerError::OutOfRange { topic, partition, first, end, found };
                self.drop_hold(consumer, partition, &error.into());
            }
        }
    }

    /// Tries again what is due.
    pub(super) fn retry(&mut self, consumer: &Native) {
        let now = Instant::now();
        let due: Vec<u16> = self.owed.iter().filter(|(_, due)| **due <= now).map(|(partition, _)| *partition).collect();
        for partition in due {
            if let Err(error) = self.take_up_again(consumer, partition) {
                self.owe(partition, &error);
            }
        }
    }

    fn take_up_again(&mut self, consumer: &Native, partition: u16) -> Result<(), MemberError> {
        let next = self.take_over(consumer, partition)?;
        let offset = Offset::Offset(i64::try_from(next).unwrap_or(i64::MAX));
        let moved = consumer
            .seek(&self.topic, i32::from(partition), offset, ANSWER)
            .and_then(|()| consumer.resume(&self.list([partition])));
        moved.inspect_err(|_| self.member.lost(partition))?;
        self.owed.remove(&partition);
        self.hold(partition, next);
        Ok(())
    }

    pub(super) fn commit(&mut self, consumer: &Native) {
        let saved = std::mem::take(&mut self.saved);
        if saved.is_empty() {
            return;
        }
        let mut offsets = TopicPartitionList::new();
        self.committed.extend(&saved);
        let added = saved.into_iter().try_for_each(|(partition, offset)| {
            let offset = Offset::Offset(i64::try_from(offset).unwrap_or(i64::MAX));
            offsets.add_partition_offset(&self.topic, i32::from(partition), offset)
        });
        if let Err(error) = added.and_then(|()| consumer.commit(&offsets, CommitMode::Async)) {
            tracing::debug!(%error, "offsets were not committed");
        }
    }

    fn list(&self, partitions: impl IntoIterator<Item = u16>) -> TopicPartitionList {
        let mut list = TopicPartitionList::new();
        for partition in partitions {
            list.add_partition(&self.topic, i32::from(partition));
        }
        list
    }
}

fn numbers(partitions: &TopicPartitionList) -> Vec<u16> {
    partitions.elements().iter().filter_map(|one| u16::try_from(one.partition()).ok()).collect()
}
