//! The partitions that the group has given to a member: those it reads, and those it has yet to take over.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use weir_messages::Causes;

use super::fetching::{self, list, offset};
use super::ownership::{Busy, Seat};
use super::rebalance::Rebalancing;
use super::{Member, MemberError};
use crate::log::Entry;
use crate::log::kafka::client::{BrokerError, kept};

/// Before a partition that failed is tried again.
const PAUSE: Duration = Duration::from_secs(1);
/// Before a partition is looked at again that another member of this process is about to close.
const SOON: Duration = Duration::from_millis(50);

type Native = BaseConsumer<Rebalancing>;

pub(super) struct Holds {
    topic: String,
    member: Box<dyn Member>,
    /// After the member, whose stores are closed by then.
    seat: Seat,
    held: BTreeMap<u16, Hold>,
    /// Assigned and not held, and when each is taken over. None of them is fetched.
    due: BTreeMap<u16, Instant>,
    /// Saved, and not yet committed.
    saved: BTreeMap<u16, u64>,
    committed: BTreeMap<u16, u64>,
}

struct Hold {
    next: u64,
    batch: Vec<Entry>,
}

impl Holds {
    pub(super) fn new(topic: String, member: Box<dyn Member>, seat: Seat) -> Self {
        let (held, due, saved, committed) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { topic, member, seat, held, due, saved, committed }
    }

    /// Notes what the group gives. It is taken over between polls.
    pub(super) fn assign(&mut self, partitions: &[u16]) {
        let now = Instant::now();
        for partition in partitions {
            self.seat.assign(*partition, now);
            self.due.insert(*partition, now);
        }
    }

    /// Gives partitions back in order: each is saved and closed. Those whose turn comes after `budget` are closed
    /// without, and their next holder folds more again: the group waits for this.
    pub(super) fn revoke(&mut self, partitions: &[u16], budget: Duration) {
        let began = Instant::now();
        for partition in partitions {
            if self.held.remove(partition).is_some() {
                if began.elapsed() < budget {
                    self.member.revoked(*partition);
                } else {
                    tracing::warn!(
                        topic = self.topic,
                        partition,
                        "given back without saving, as saving takes too long"
                    );
                    self.member.lost(*partition);
                }
            }
            self.forget(*partition);
        }
    }

    pub(super) fn revoke_all(&mut self, budget: Duration) {
        let all: Vec<u16> = self.held.keys().chain(self.due.keys()).copied().collect();
        self.revoke(&all, budget);
    }

    /// The partitions are other members' already.
    pub(super) fn lose(&mut self, partitions: &[u16]) {
        for partition in partitions {
            if self.held.remove(partition).is_some() {
                tracing::warn!(topic = self.topic, partition, "a partition was lost to another member");
                self.member.lost(*partition);
            }
            self.saved.remove(partition);
            self.forget(*partition);
        }
    }

    /// The group has put this member out: it keeps nothing, not even what it would have tried again.
    pub(super) fn lose_all(&mut self) {
        let all: Vec<u16> = self.held.keys().chain(self.due.keys()).copied().collect();
        self.lose(&all);
    }

    fn forget(&mut self, partition: u16) {
        self.due.remove(&partition);
        self.committed.remove(&partition);
        self.seat.release(partition);
    }

    /// Since when the member is out of its group, or comes into it.
    pub(super) fn set_astray(&self, since: Option<Instant>) {
        self.seat.set_astray(since);
    }

    /// With a new client.
    pub(super) fn joins_anew(&self) {
        self.seat.joins_anew();
    }

    /// Whether a partition waits to be taken over now.
    pub(super) fn is_due(&self) -> bool {
        let now = Instant::now();
        self.due.values().any(|at| *at <= now)
    }

    /// Takes over the partition that has been due for longest.
    pub(super) fn take_over_next(&mut self, consumer: &Native) {
        let now = Instant::now();
        let Some((&partition, _)) = self.due.iter().filter(|(_, at)| **at <= now).min_by_key(|(_, at)| **at) else {
            return;
        };
        match self.seat.open(partition, now) {
            Ok(()) => self.open(consumer, partition),
            Err(Busy::Open) => drop(self.due.insert(partition, now + SOON)),
            Err(Busy::Superseded) => drop(self.due.insert(partition, now + PAUSE)),
        }
    }

    fn open(&mut self, consumer: &Native, partition: u16) {
        match self.take_over(consumer, partition) {
            Ok(next) => {
                self.due.remove(&partition);
                self.held.insert(partition, Hold { next, batch: Vec::new() });
                self.seat.taken_over(partition);
            }
            Err(error) => {
                self.seat.close(partition, Instant::now());
                self.postpone(partition, &error);
            }
        }
    }

    /// The member's answer, where it is an offset that the broker has: else the client would read from somewhere else.
    fn take_over(&mut self, consumer: &Native, partition: u16) -> Result<u64, MemberError> {
        let found = self.member.assigned(partition)?;
        let fetched = self.check(consumer, partition, found).and_then(|()| {
            // Fetching anew would make the client forget that what it had is lost.
            if consumer.assignment_lost() {
                return Err("the group has given this member up".into());
            }
            fetching::start(consumer, &self.topic, partition, found).map_err(MemberError::from)
        });
        fetched.inspect_err(|_| self.member.lost(partition))?;
        Ok(found)
    }

    fn check(&self, consumer: &Native, partition: u16, found: u64) -> Result<(), MemberError> {
        let (first, end) = kept(consumer.client(), &self.topic, partition)?;
        if (first..=end).contains(&found) {
            return Ok(());
        }
        Err(BrokerError::OutOfRange { topic: self.topic.clone(), partition, first, end, found }.into())
    }

    fn postpone(&mut self, partition: u16, error: &MemberError) {
        let error = Causes(error.as_ref()).to_string();
        tracing::error!(topic = self.topic, partition, error, "a partition is tried again after a pause");
        self.due.insert(partition, Instant::now() + PAUSE);
    }

    /// What is not held, or was fetched before it was taken over again, is not wanted.
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
            Err(error) => {
                let held: Vec<u16> = self.held.keys().copied().collect();
                held.into_iter().for_each(|partition| self.drop_hold(consumer, partition, &error));
                self.saved.clear();
            }
        }
    }

    /// Closes what the group gave to another member of this process since, which waits for that.
    pub(super) fn drop_superseded(&mut self, consumer: &Native) {
        let superseded = |partition: &u16| self.seat.is_superseded(*partition);
        let partitions: Vec<u16> = self.held.keys().copied().filter(superseded).collect();
        for partition in partitions {
            self.drop_hold(consumer, partition, &"another member of this process was given it".into());
        }
    }

    fn drop_hold(&mut self, consumer: &Native, partition: u16, error: &MemberError) {
        self.held.remove(&partition);
        self.member.lost(partition);
        self.seat.close(partition, Instant::now());
        self.postpone(partition, error);
        if let Err(error) = consumer.pause(&list(&self.topic, [partition])) {
            tracing::warn!(%error, partition, "a partition goes on being fetched in vain");
        }
    }

    /// Those whose records are gone where they are to be read.
    pub(super) fn drop_out_of_range(&mut self, consumer: &Native) {
        let held: Vec<(u16, u64)> = self.held.iter().map(|(partition, hold)| (*partition, hold.next)).collect();
        for (partition, found) in held {
            let Ok((first, end)) = kept(consumer.client(), &self.topic, partition) else { continue };
            if !(first..=end).contains(&found) {
                let topic = self.topic.clone();
                let error = BrokerError::OutOfRange { topic, partition, first, end, found };
                self.drop_hold(consumer, partition, &error.into());
            }
        }
    }

    pub(super) fn commit(&mut self, consumer: &Native) {
        let saved = std::mem::take(&mut self.saved);
        if saved.is_empty() {
            return;
        }
        let mut offsets = TopicPartitionList::new();
        self.committed.extend(&saved);
        let added = saved.into_iter().try_for_each(|(partition, next)| {
            offsets.add_partition_offset(&self.topic, i32::from(partition), offset(next))
        });
        if let Err(error) = added.and_then(|()| consumer.commit(&offsets, CommitMode::Async)) {
            tracing::debug!(%error, "offsets were not committed");
        }
    }
}
