//! The narrow port behind which lending keeps everything, and what a commit may hold. One database is one shard, with
//! house accounts and a hash chain of its own.
//!
//! Promises, held by `contract`: a commit is whole or absent; it is durable before it is answered, and happens even if
//! the caller stops waiting; a refused commit changes nothing and fails no other; `load` and `find` see every commit
//! that was answered. Several processes may share a database, and the promises hold between them too.
//!
//! What money decisions read comes from the primary: everything but `journal`, `balances`, `verify` and a `find` that
//! says `MayLag`, which may be answered by a replica.

mod admission;
mod audit;
mod balances;
mod batch;
mod chain;
mod commit;
#[cfg(test)]
mod contract;
mod data_keys;
mod database;
mod feed;
mod house;
mod known;
mod listing;
mod loan_books;
mod migrations;
mod parked;
mod postgres;
mod read;
mod rows;
mod sql;
mod sql_store;
mod sqlite;
mod writer;

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use weir_messages::{CustomerId, Event, KnownTime, LoanId, Retry, Tasks, TraceId};

pub use chain::{Broken, Chain, ChainHash};
pub use commit::{AnsweredRequest, Append, BlindIndex, Claim, Commit, ConsumerOffset, Personal, Refused, StreamId};
pub(crate) use data_keys::{DataKeys, data_keys};
pub use database::{Database, InvalidDatabase, PostgresDatabase};
pub use feed::{News, OutboxFeed};
pub use listing::{Find, Listing, ListingKind, ListingState, Listings};
pub use loan_books::LoanBooks;
pub use parked::{Park, Parked, ParkedCount, ParkedKind, Parking};
#[cfg(test)]
pub(crate) use postgres::tests::TestDatabase;

use weir_money::Total;

use crate::ledger::{Account, Entry};

/// A named place that a test may end the process at.
pub type FailPoint = Arc<dyn Fn(&'static str) + Send + Sync>;

/// A store that is open, and what it tells.
#[derive(Debug)]
pub struct Opened {
    pub store: Arc<dyn Store>,
    pub feed: OutboxFeed,
    pub news: tokio::sync::mpsc::Receiver<News>,
}

/// Opens or creates the database and brings it to the newest migration. `fail_point` is passed with `commit_done`
/// between a group's commit and its answers. The end of a task of the store, and a database that takes no more writes, are
/// told to `tasks`.
pub async fn open(database: &Database, fail_point: FailPoint, tasks: &Tasks) -> Result<Opened, StoreError> {
    match database {
        Database::Sqlite(path) => sqlite::open(path, fail_point, tasks).await,
        Database::Postgres(postgres) => postgres::open(postgres, fail_point, tasks).await,
    }
}

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the store failed")]
    Database(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Nothing took effect. Asking again later is safe.
    #[error("the database does not answer now")]
    Unavailable(#[source] Arc<dyn std::error::Error + Send + Sync>),
    /// Asking again is safe: what took effect is found by its key or its version.
    #[error("the database was lost while it committed, and whether it did is not known yet")]
    OutcomeUnknown(#[source] Arc<dyn std::error::Error + Send + Sync>),
    #[error("stored {what} does not read back: {reason}")]
    Corrupt { what: String, reason: String },
    /// The disk failed, or the commit breaks a rule of the database. Sending it again is safe.
    #[error("the transaction failed and changed nothing")]
    Aborted,
    #[error("the store is closed")]
    Closed,
}

impl StoreError {
    /// Whether the same call may succeed when it is made again.
    #[must_use]
    pub const fn retry(&self) -> Retry {
        match self {
            Self::Unavailable(_) | Self::OutcomeUnknown(_) => Retry::Now,
            // A disk that failed or is full, a database that lost its tables, a row that breaks a rule of it.
            Self::Database(_) | Self::Aborted | Self::Closed => Retry::Later,
            Self::Corrupt { .. } => Retry::Never,
        }
    }

    /// The same for another caller, where it concerns all alike.
    fn again(&self) -> Option<Self> {
        match self {
            Self::Unavailable(cause) => Some(Self::Unavailable(Arc::clone(cause))),
            Self::OutcomeUnknown(cause) => Some(Self::OutcomeUnknown(Arc::clone(cause))),
            Self::Database(_) | Self::Corrupt { .. } | Self::Aborted | Self::Closed => None,
        }
    }
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

/// The sum of one account's lines, or of those of all loans' accounts of one kind; positive is a debit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Balance {
    /// `house:bank:EUR`, or `loans:principal` for the sum over all loans.
    pub account: String,
    pub total: Total,
}

/// An event that waits to be published, under its place in the outbox.
#[derive(Debug, Clone)]
pub struct OutboxRow {
    pub number: u64,
    pub event: Event,
    pub at: KnownTime,
}

/// Rows of the outbox in order, up to one that does not read back.
#[derive(Debug)]
pub struct OutboxPage {
    pub rows: Vec<OutboxRow>,
    pub unreadable: Option<UnreadableRow>,
}

#[derive(Debug)]
pub struct UnreadableRow {
    pub number: u64,
    /// As it is stored.
    pub event: String,
    pub error: StoreError,
}

/// Whether a replica that lags may answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// For whatever a decision about money reads.
    Now,
    /// For people who look.
    MayLag,
}

#[async_trait]
pub trait Store: Parking {
    async fn commit(&self, commit: Commit) -> Result<(), CommitError>;
    /// The bodies of a stream's events in order; the last one's version is their number.
    async fn load(&self, stream: &StreamId) -> Result<Vec<String>, StoreError>;
    /// The events with this version of each of the streams that have one, in no order.
    async fn events(&self, version: u64, streams: &[StreamId]) -> Result<Vec<(StreamId, String)>, StoreError>;
    /// The trace under which a stream's latest event was committed.
    async fn trace(&self, stream: &StreamId) -> Result<Option<TraceId>, StoreError>;
    async fn find(&self, find: &Find) -> Result<Vec<Listing>, StoreError>;
    async fn answered(&self, request: &str) -> Result<Option<AnsweredRequest>, StoreError>;
    /// Whether an answer from before then is kept.
    async fn has_answers_before(&self, before: KnownTime) -> Result<bool, StoreError>;
    /// Who holds a claim.
    async fn owner(&self, kind: &str, value: &str) -> Result<Option<String>, StoreError>;
    /// Customers with this token in the blind index.
    async fn with_token(&self, kind: &str, token: &str) -> Result<Vec<CustomerId>, StoreError>;
    /// Of each key of the ring that data keys are sealed under, the first customer by id.
    async fn first_of_each_sealing_key(&self) -> Result<Vec<CustomerId>, StoreError>;
    /// `None` where the customer is unknown or erased.
    async fn personal(&self, customer: &CustomerId) -> Result<Option<Personal>, StoreError>;
    /// Entries that touch `account` (all entries without one), beyond a number, in order.
    async fn journal(&self, account: Option<&Account>, after: u64, limit: u32) -> Result<Vec<Posted>, StoreError>;
    /// Balances of the house's accounts, and of all loans' by kind, summed over the journal's lines at one moment.
    async fn balances(&self) -> Result<Vec<Balance>, StoreError>;
    /// Checks the whole chain, every entry, its lines, and the netted house balances; the number of entries.
    async fn verify(&self) -> Result<Result<u64, Broken>, StoreError>;
    /// Loans beyond one, in order of their ids, with what the journal has on their accounts: each page is of one moment.
    async fn loan_books(&self, after: Option<&LoanId>, limit: u32) -> Result<Vec<LoanBooks>, StoreError>;
    /// Loans' accounts that the journal names, in order, each with whether there is such a loan.
    async fn loan_accounts(&self, after: Option<&str>, limit: u32) -> Result<Vec<(String, bool)>, StoreError>;
    /// Unpublished events beyond a number, in order.
    async fn outbox(&self, after: u64, limit: u32) -> Result<OutboxPage, StoreError>;
    /// Everything up to `number` is published. Written with a later commit or after a tenth of a second;
    /// what is not written yet is published again after a restart.
    fn published(&self, number: u64);
    /// Where a consumer of the log goes on.
    async fn offset(&self, consumer: &str, shard: u16) -> Result<Option<u64>, StoreError>;
    /// Finishes what was sent before, and lets go of the database.
    async fn close(&self);
}
