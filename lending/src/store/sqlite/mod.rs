//! The store on SQLite: one writer task that owns the write connection and commits in groups, and a pool of readers.

mod read;
mod rows;
#[cfg(test)]
mod tests;
mod write;
mod writer;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection};
use tokio::sync::{mpsc, oneshot};
use weir_messages::{CustomerId, TraceId};

use super::{
    AnsweredRequest, Balance, Broken, Commit, CommitError, FailPoint, Find, Listing, OutboxRow, Personal, Posted,
    Store, StoreError, StreamId,
};
use crate::ledger::Account;
use writer::{Request, Writer};

/// Requests that wait for the writer. Beyond that callers wait, and the HTTP edge refuses.
const QUEUE: usize = 1_024;
/// Outbox rows handed over in memory; what does not fit is read from the table.
const FEED: usize = 1_024;
const CHECKPOINT_EVERY: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub struct SqliteStore {
    readers: SqlitePool,
    writer: mpsc::Sender<Request>,
    published: Arc<AtomicU64>,
}

/// Outbox rows as they are committed, for the relay.
#[derive(Debug)]
pub struct OutboxFeed {
    pub(crate) rows: mpsc::Receiver<Vec<OutboxRow>>,
    /// The last number committed, whether or not its row fitted into `rows`.
    pub(crate) committed: Arc<AtomicU64>,
}

pub(super) fn failed(error: impl std::error::Error + Send + Sync + 'static) -> StoreError {
    StoreError::Database(Box::new(error))
}

impl SqliteStore {
    /// Opens or creates the database at `path` and brings it to the newest migration. `fail_point` is passed with
    /// `commit_done` between a group's commit and its answers.
    pub async fn open(path: &Path, fail_point: FailPoint) -> Result<(Self, OutboxFeed), StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(10))
            // Checkpoints belong to the task below, off the commit path.
            .pragma("wal_autocheckpoint", "0")
            .pragma("secure_delete", "on")
            .disable_statement_logging();
        let mut connection = options.clone().connect().await.map_err(failed)?;
        sqlx::migrate!("./migrations").run(&mut connection).await.map_err(failed)?;
        let readers = SqlitePoolOptions::new()
            .max_connections(8)
            .min_connections(4)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            // After use, so that no reader waits for it.
            .after_release(|connection, _| Box::pin(end_stray_transaction(connection)))
            .connect_with(options.clone().pragma("query_only", "on"))
            .await
            .map_err(failed)?;
        let (writer, requests) = mpsc::channel(QUEUE);
        let (feed, rows) = mpsc::channel(FEED);
        let published = Arc::new(AtomicU64::new(0));
        let committed = Arc::new(AtomicU64::new(0));
        let task = Writer::new(connection, requests, feed, Arc::clone(&committed), Arc::clone(&published), fail_point);
        tokio::spawn(task.await?.run());
        tokio::spawn(checkpoint(options, writer.downgrade()));
        Ok((Self { readers, writer, published }, OutboxFeed { rows, committed }))
    }

    /// Ends the writer after everything that was sent before, and closes the readers.
    pub async fn close(&self) {
        let (done, ended) = oneshot::channel();
        if self.writer.send(Request::Close(done)).await.is_ok() {
            ended.await.ok();
        }
        self.readers.close().await;
    }
}

/// A cancelled reader may leave a transaction open on its connection, which would show the next reader an old state for
/// ever. Rolling back where there is nothing to roll back is an error, and a good sign.
async fn end_stray_transaction(connection: &mut sqlx::SqliteConnection) -> Result<bool, sqlx::Error> {
    match sqlx::query("rollback").execute(connection).await {
        Ok(_) => Ok(true),
        Err(sqlx::Error::Database(_)) => Ok(true),
        Err(_) => Ok(false),
    }
}

/// Moves what is committed from the write-ahead log into the database, while the store is open.
async fn checkpoint(options: SqliteConnectOptions, store: mpsc::WeakSender<Request>) {
    let mut connection = None;
    loop {
        tokio::time::sleep(CHECKPOINT_EVERY).await;
        if store.upgrade().is_none_or(|writer| writer.is_closed()) {
            break;
        }
        if connection.is_none() {
            connection = options.connect().await.ok();
        }
        if let Some(open) = &mut connection
            && let Err(error) = sqlx::query("pragma wal_checkpoint(passive)").execute(open).await
        {
            tracing::warn!(%error, "checkpoint failed; the next one tries again");
            connection = None;
        }
    }
    if let Some(connection) = connection {
        connection.close().await.ok();
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn commit(&self, commit: Commit) -> Result<(), CommitError> {
        let (answer, answered) = oneshot::channel();
        let request = Request::Commit { commit: Box::new(commit), answer };
        self.writer.send(request).await.map_err(|_| StoreError::Closed)?;
        answered.await.map_err(|_| StoreError::Closed)?
    }

    async fn load(&self, stream: &StreamId) -> Result<Vec<String>, StoreError> {
        read::load(&self.readers, stream).await
    }

    async fn trace(&self, stream: &StreamId) -> Result<Option<TraceId>, StoreError> {
        read::trace(&self.readers, stream).await
    }

    async fn find(&self, find: &Find) -> Result<Vec<Listing>, StoreError> {
        read::find(&self.readers, find).await
    }

    async fn answered(&self, request: &str) -> Result<Option<AnsweredRequest>, StoreError> {
        read::answered(&self.readers, request).await
    }

    async fn owner(&self, kind: &str, value: &str) -> Result<Option<String>, StoreError> {
        read::owner(&self.readers, kind, value).await
    }

    async fn with_token(&self, kind: &str, token: &str) -> Result<Vec<CustomerId>, StoreError> {
        read::with_token(&self.readers, kind, token).await
    }

    async fn personal(&self, customer: &CustomerId) -> Result<Option<Personal>, StoreError> {
        read::personal(&self.readers, customer).await
    }

    async fn journal(&self, account: Option<&Account>, after: u64, limit: u32) -> Result<Vec<Posted>, StoreError> {
        read::journal(&self.readers, account, after, limit).await
    }

    async fn balances(&self) -> Result<Vec<Balance>, StoreError> {
        read::balances(&self.readers).await
    }

    async fn verify(&self) -> Result<Result<u64, Broken>, StoreError> {
        read::verify(&self.readers).await
    }

    async fn outbox(&self, after: u64, limit: u32) -> Result<Vec<OutboxRow>, StoreError> {
        read::outbox(&self.readers, after, limit).await
    }

    fn published(&self, number: u64) {
        self.published.fetch_max(number, Ordering::Relaxed);
    }

    async fn offset(&self, consumer: &str, shard: u16) -> Result<Option<u64>, StoreError> {
        read::offset(&self.readers, consumer, shard).await
    }
}
