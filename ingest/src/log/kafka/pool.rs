//! Readers that are parked where their last read ended, so that whoever follows a partition finds one that has already
//! fetched what comes next.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use weir_messages::{Position, Topic};

use super::KafkaSettings;
use super::client::BrokerError;
use super::reader::{Caller, Reader};
use crate::log::Entry;

/// Each has a connection to a broker and up to 8 MiB of records.
const MOST_PARKED: usize = 16;

pub(super) struct Pool {
    settings: KafkaSettings,
    /// The one that was parked last is at the back.
    parked: Mutex<VecDeque<Parked>>,
}

struct Parked {
    topic: Topic,
    partition: u16,
    reader: Reader,
}

impl Pool {
    pub(super) fn new(settings: KafkaSettings) -> Self {
        Self { settings, parked: Mutex::new(VecDeque::new()) }
    }

    /// Blocking. A reader that failed is not used again.
    pub(super) fn read(
        &self,
        topic: Topic,
        from: Position,
        most: usize,
        wait: Duration,
        caller: &Caller,
    ) -> Result<Vec<Entry>, BrokerError> {
        let mut reader = match self.take(topic, from) {
            Some(reader) => reader,
            None => Reader::new(&self.settings, self.settings.topic(topic), from.partition)?,
        };
        let entries = reader.read(from.offset, most, wait, caller)?;
        drop(self.park(Parked { topic, partition: from.partition, reader }));
        Ok(entries)
    }

    /// The reader that stands there, else any of this partition: moving one is cheaper than making one, and two who
    /// follow a partition come to have two.
    fn take(&self, topic: Topic, from: Position) -> Option<Reader> {
        let mut parked = self.parked();
        let fits = |one: &Parked| one.topic == topic && one.partition == from.partition;
        let there = parked.iter().position(|one| fits(one) && one.reader.stands_at() == Some(from.offset));
        let found = there.or_else(|| parked.iter().position(fits))?;
        parked.remove(found).map(|one| one.reader)
    }

    /// Gives back the one that has no more room, to be closed without the lock.
    fn park(&self, one: Parked) -> Option<Parked> {
        let mut parked = self.parked();
        parked.push_back(one);
        (parked.len() > MOST_PARKED).then(|| parked.pop_front()).flatten()
    }

    fn parked(&self) -> MutexGuard<'_, VecDeque<Parked>> {
        self.parked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
