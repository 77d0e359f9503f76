//! The rows of one topic, from the first that is kept.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use fjall::config::{BlockSizePolicy, CompressionPolicy, FilterPolicy};
use fjall::{AbstractTree, CompressionType, Database, Keyspace};
use weir_messages::{Position, Topic};

use super::failed;
use crate::database;
use crate::log::{Entry, LogError, MAX_READ_BYTES, codec};

#[derive(Clone)]
pub(super) struct Rows {
    topic: Topic,
    keyspace: Keyspace,
    /// Where `start` is on the disk.
    starts: Keyspace,
    /// Rows before it may still lie on the disk; nobody sees them.
    start: Arc<AtomicU64>,
}

impl Rows {
    pub(super) fn open(database: &Database, starts: &Keyspace, topic: Topic) -> Result<Self, LogError> {
        // Read in ranges and never asked for what is not there: large compressed blocks, no filters.
        let options = || {
            database::options()
                .data_block_compression_policy(CompressionPolicy::all(CompressionType::Lz4))
                .data_block_size_policy(BlockSizePolicy::all(16 << 10))
                .filter_policy(FilterPolicy::disabled())
        };
        let keyspace = database.keyspace(topic.name(), options).map_err(failed)?;
        let start = match starts.get(topic.name()).map_err(failed)? {
            Some(bytes) => number(topic, &bytes)?,
            None => 0,
        };
        Ok(Self { topic, keyspace, starts: starts.clone(), start: Arc::new(AtomicU64::new(start)) })
    }

    pub(super) const fn keyspace(&self) -> &Keyspace {
        &self.keyspace
    }

    /// The first offset that is kept.
    pub(super) fn start(&self) -> u64 {
        self.start.load(Ordering::Acquire)
    }

    /// The offset of the next row: where none is left, it is known from the start.
    pub(super) fn end(&self) -> Result<u64, LogError> {
        let Some(last) = self.keyspace.last_key_value() else { return Ok(self.start()) };
        let last = number(self.topic, &last.key().map_err(failed)?)?;
        Ok(self.start().max(last + 1))
    }

    pub(super) fn read(&self, from: u64, most: usize, end: u64) -> Result<Vec<Entry>, LogError> {
        let first = self.start();
        if from < first {
            return Err(LogError::OutOfRange { topic: self.topic, partition: 0, first, end, found: from });
        }
        let (mut entries, mut bytes) = (Vec::new(), 0);
        for (row, offset) in self.keyspace.range(from.to_be_bytes()..).take(most).zip(from..) {
            let (key, value) = row.into_inner().map_err(failed)?;
            if key.as_ref() != offset.to_be_bytes() {
                return Err(corrupt(self.topic, offset, "it is missing"));
            }
            let record = codec::decode(&value).map_err(|reason| corrupt(self.topic, offset, reason))?;
            entries.push(Entry { position: Position { partition: 0, offset }, record });
            bytes += value.len();
            if bytes >= MAX_READ_BYTES {
                break;
            }
        }
        Ok(entries)
    }

    /// Keeps nothing before `before`: first nobody sees it any more, then the tables that hold nothing else are deleted.
    /// What lies in one table with rows that are kept goes with a later call.
    pub(super) fn trim(&self, database: &Database, before: u64) -> Result<(), LogError> {
        if before <= self.start() {
            return Ok(());
        }
        let mut batch = database::durable_batch(database);
        batch.insert(&self.starts, self.topic.name(), before.to_be_bytes());
        batch.commit().map_err(failed)?;
        self.start.store(before, Ordering::Release);
        self.keyspace.tree.drop_range(..before.to_be_bytes()).map_err(failed)
    }

    /// Bytes in tables on the disk; what came lately is in the journal, which all topics share.
    pub(super) fn disk_space(&self) -> u64 {
        self.keyspace.disk_space()
    }

    /// Bytes of the rows from `from` on, at most `most` of them.
    pub(super) fn sizes(&self, from: u64, most: usize) -> Result<Vec<u64>, LogError> {
        let size = |row: fjall::Guard| Ok(u64::from(row.size().map_err(failed)?));
        self.keyspace.range(from.to_be_bytes()..).take(most).map(size).collect()
    }
}

fn number(topic: Topic, bytes: &[u8]) -> Result<u64, LogError> {
    bytes.try_into().map(u64::from_be_bytes).map_err(|_| corrupt(topic, 0, "expected an offset of eight bytes"))
}

fn corrupt(topic: Topic, offset: u64, reason: &str) -> LogError {
    LogError::Corrupt { topic, partition: 0, offset, reason: reason.to_owned() }
}

impl std::fmt::Debug for Rows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Rows({})", self.keyspace.path().display())
    }
}
