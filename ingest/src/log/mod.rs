//! The event log: the record that everything is replayed from. One narrow port and its implementations.
//!
//! Promises, held by `contract`: what `append` answered for is durable and stays where it said; records of one key keep
//! their order; an append whose answer was lost may be sent again and is then there twice, whole; any number of readers
//! read from any offset that is kept, and a reader never sees a record before it is durable. Records go from the start of
//! a partition alone, offsets are never given again, and a read of what is gone is an error and never a gap.

pub(crate) mod codec;
#[cfg(test)]
mod contract;
mod embedded;
pub mod kafka;
mod writer;

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;
use weir_messages::{Position, Record, Retry, Topic};

pub use embedded::{EmbeddedLog, Retention, TopicRetention};
pub use kafka::KafkaLog;

/// Bytes of records that one read answers with, but for its last record: so that memory is bounded whatever their size.
pub(crate) const MAX_READ_BYTES: usize = 16 << 20;

#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// Whether anything was appended is unknown; sending it again is safe, as readers drop repeats.
    #[error("the log failed")]
    Storage(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A record that the log never takes, such as one too large. Nothing of its append can be relied on.
    #[error("the log refuses a record")]
    Refused(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the log is closed")]
    Closed,
    #[error("{topic}/{partition}/{offset} does not read back: {reason}")]
    Corrupt { topic: Topic, partition: u16, offset: u64, reason: String },
    /// A read below the first offset that is still kept.
    #[error("{topic}/{partition}: expected an offset from {first} to {end}, which are kept, found {found}")]
    OutOfRange { topic: Topic, partition: u16, first: u64, end: u64, found: u64 },
}

impl LogError {
    /// Whether the same call may succeed when it is made again.
    #[must_use]
    pub const fn retry(&self) -> Retry {
        match self {
            Self::Storage(_) => Retry::Now,
            Self::Closed => Retry::Later,
            Self::Refused(_) | Self::Corrupt { .. } | Self::OutOfRange { .. } => Retry::Never,
        }
    }
}

/// A record where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub position: Position,
    pub record: Record,
}

#[async_trait]
pub trait EventLog: Send + Sync + Debug {
    /// Appends in order and answers when all are durable: one position a record.
    async fn append(&self, topic: Topic, records: Vec<Record>) -> Result<Vec<Position>, LogError>;

    /// At most `most` records of one partition from `from` on, in order, and at most 16 MiB of them but for the last.
    /// Where there are none yet, waits up to `wait` for the first and may then answer with none. Below `start` it is an
    /// error, [`LogError::OutOfRange`].
    async fn read(&self, topic: Topic, from: Position, most: usize, wait: Duration) -> Result<Vec<Entry>, LogError>;

    /// The first offset of this partition that is still kept; its end where none is.
    async fn start(&self, topic: Topic, partition: u16) -> Result<u64, LogError>;

    /// The offset that the next record of this partition will have.
    async fn end(&self, topic: Topic, partition: u16) -> Result<u64, LogError>;

    /// How many partitions a topic has.
    fn partitions(&self, topic: Topic) -> u16;
}
