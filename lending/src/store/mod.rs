//! The narrow port behind which lending keeps everything, and what a commit may hold. One database is one shard, with
//! house accounts and a hash chain of its own.
//!
//! Promises, held by `contract`: a commit is whole or absent; it is durable before it is answered, and happens even if
//! the caller stops waiting; a refused commit changes nothing and fails no other; `load` and `find` see every commit
//! that was answered.

mod admission;
mod chain;
mod commit;
#[cfg(test)]
mod contract;
mod sqlite;

use std::fmt::Debug;

use async_trait::async_trait;
use weir_messages::{CustomerId, Event, KnownTime, TraceId};

pub use chain::{Broken, Chain, ChainHash};
pub use commit::{
    AnsweredRequest, Append, BlindIndex, Claim, Commit, ConsumerOffset, Listing, ListingKind, Personal, Refused,
    StreamId,
};
pub use sqlite::{OutboxFeed, SqliteStore};

use crate::ledger::{Account, Entry};

/// A named place that a test may end the process at.
pub type FailPoint = std::sync::Arc<dyn Fn(&'static str) + Send + Sync>;

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the store failed")]
    Database(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("stored {what} does not read back: {reason}")]
    Corrupt { what: String, reason: String },
    /// The disk failed, or the commit breaks a rule of the database. Sending it again is safe.
    #[error("the transaction failed and changed nothing")]
    Aborted,
    #[error("the store is closed")]
    Closed,
}

#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A journal entry as it lies in the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    pub number: u64,
    pub entry: Entry,
    pub trace: TraceId,
}

/// The balance of one account, in minor units; positive is a debit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Balance {
    pub account: Account,
    pub amount: weir_money::Money,
}

/// An event that waits to be published, under its place in the outbox.
#[derive(Debug, Clone)]
pub struct OutboxRow {
    pub number: u64,
    pub event: Event,
    pub at: KnownTime,
}

/// Which listings to find, in order of their ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Find {
    pub kind: ListingKind,
    pub state: Option<String>,
    pub customer: Option<CustomerId>,
    /// Only ids beyond this one.
    pub after: Option<String>,
    pub limit: u32,
}

#[async_trait]
pub trait Store: Send + Sync + Debug {
    async fn commit(&self, commit: Commit) -> Result<(), CommitError>;
    /// The bodies of a stream's events in order; the last one's version is their number.
    async fn load(&self, stream: &StreamId) -> Result<Vec<String>, StoreError>;
    /// The trace under which a stream's latest event was committed.
    async fn trace(&self, stream: &StreamId) -> Result<Option<TraceId>, StoreError>;
    async fn find(&self, find: &Find) -> Result<Vec<Listing>, StoreError>;
    async fn answered(&self, request: &str) -> Result<Option<AnsweredRequest>, StoreError>;
    /// Who holds a claim.
    async fn owner(&self, kind: &str, value: &str) -> Result<Option<String>, StoreError>;
    /// Customers with this token in the blind index.
    async fn with_token(&self, kind: &str, token: &str) -> Result<Vec<CustomerId>, StoreError>;
    /// `None` where the customer is unknown or erased.
    async fn personal(&self, customer: &CustomerId) -> Result<Option<Personal>, StoreError>;
    /// Entries that touch `account` (all entries without one), beyond a number, in order.
    async fn journal(&self, account: Option<&Account>, after: u64, limit: u32) -> Result<Vec<Posted>, StoreError>;
    /// Every account's balance, summed over the journal's lines.
    async fn balances(&self) -> Result<Vec<Balance>, StoreError>;
    /// Checks the whole chain, every entry, its lines, and the netted house balances; the number of entries.
    async fn verify(&self) -> Result<Result<u64, Broken>, StoreError>;
    /// Unpublished events beyond a number, in order.
    async fn outbox(&self, after: u64, limit: u32) -> Result<Vec<OutboxRow>, StoreError>;
    /// Everything up to `number` is published. Written with a later commit or after a tenth of a second;
    /// what is not written yet is published again after a restart.
    fn published(&self, number: u64);
    /// Where a consumer of the log goes on.
    async fn offset(&self, consumer: &str, shard: u16) -> Result<Option<u64>, StoreError>;
}
