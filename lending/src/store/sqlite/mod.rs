//! The store on SQLite: one connection that writes in groups, and a pool of readers. One process has it to itself.

mod checkpoint;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sqlx::pool::PoolConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Sqlite, SqliteConnection};
use tokio::sync::watch;
use weir_messages::Tasks;

use super::batch::{self, Heads, Written};
use super::rows::unsigned;
use super::sql::{Answer, Row, Sql, Value, bound, failed};
use super::sql_store::{Readers, SqlStore};
use super::writer::{Session, Writer};
use super::{Chain, Commit, FailPoint, Freshness, Opened, StoreError, feed};

/// Opens or creates the database at `path`.
pub(super) async fn open(path: &Path, fail_point: FailPoint, tasks: &Tasks) -> Result<Opened, StoreError> {
    let options = options(path).create_if_missing(true);
    let mut connection = options.clone().connect().await.map_err(failed)?;
    let migrated = super::migrations::sqlite().run(&mut connection).await;
    migrated.map_err(|error| StoreError::Database(Box::new(error)))?;
    checkpoint::at_the_start(&options).await.map_err(failed)?;
    let readers = readers(options.clone()).await?;
    let heads = heads(&mut connection).await?;
    let (teller, outbox, news) = feed::feed(heads.outbox, watch::channel(true).1);
    let erased = Arc::<AtomicBool>::default();
    let session = SqliteSession { connection, heads, erased: Arc::clone(&erased) };
    let writer = Writer::start(session, teller, Duration::ZERO, fail_point, tasks);
    tokio::spawn(tasks.watch("sqlite-checkpoint", checkpoint::run(options, writer.open(), erased)));
    Ok(Opened { store: Arc::new(SqlStore { readers, writer }), feed: outbox, news })
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(10))
        // Checkpoints belong to the task below, off the commit path.
        .pragma("wal_autocheckpoint", "0")
        .pragma("secure_delete", "on")
        .disable_statement_logging()
}

/// For keys alone, of a database that another pool has brought to the newest migration.
pub(super) fn key_readers(path: &Path) -> SqliteReaders {
    let pool = SqlitePoolOptions::new().max_connections(1);
    SqliteReaders(pool.connect_lazy_with(options(path).pragma("query_only", "on")))
}

async fn readers(options: SqliteConnectOptions) -> Answer<SqliteReaders> {
    let pool = SqlitePoolOptions::new()
        .max_connections(8)
        .min_connections(4)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        // After use, so that no reader waits for it.
        .after_release(|connection, _| Box::pin(end_stray_transaction(connection)))
        .connect_with(options.pragma("query_only", "on"));
    Ok(SqliteReaders(pool.await.map_err(failed)?))
}

#[derive(Debug)]
pub(super) struct SqliteReaders(SqlitePool);

impl Readers for SqliteReaders {
    type Driver = Sqlite;
    const SNAPSHOT: &'static str = "begin";

    async fn reader(&self, _: Freshness) -> Answer<PoolConnection<Sqlite>> {
        self.0.acquire().await.map_err(failed)
    }

    async fn close(&self) {
        self.0.close().await;
    }
}

impl Sql for SqliteConnection {
    type Row = sqlx::sqlite::SqliteRow;

    async fn rows(&mut self, sql: &'static str, values: &[Value<'_>]) -> Answer<Vec<Self::Row>> {
        bound::<Sqlite>(AssertSqlSafe(in_own_words(sql)), values).fetch_all(self).await.map_err(failed)
    }

    async fn run(&mut self, sql: &'static str, values: &[Value<'_>]) -> Answer<()> {
        bound::<Sqlite>(AssertSqlSafe(in_own_words(sql)), values).execute(self).await.map(drop).map_err(failed)
    }
}

fn in_own_words(sql: &str) -> String {
    sql.replace("json_array_elements(", "json_each(").replace("::json)", ")")
}

/// A cancelled reader may leave a transaction open on its connection, which would show the next reader an old state for
/// ever. Rolling back where there is nothing to roll back is an error, and a good sign.
async fn end_stray_transaction(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    match sqlx::query("rollback").execute(connection).await {
        Ok(_) => Ok(true),
        Err(sqlx::Error::Database(_)) => Ok(true),
        Err(_) => Ok(false),
    }
}

/// The only one that writes, so the heads in memory are those in the tables.
struct SqliteSession {
    connection: SqliteConnection,
    heads: Heads,
    /// Set when what was erased may still stand in the write-ahead log.
    erased: Arc<AtomicBool>,
}

impl SqliteSession {
    async fn transact(&mut self, group: &[Commit], published: Option<u64>) -> Answer<Written> {
        self.connection.run("begin immediate", &[]).await?;
        let written = batch::write(&mut self.connection, group, self.heads.clone()).await?;
        if let Some(published) = published {
            batch::acknowledge(&mut self.connection, published).await?;
        }
        self.connection.run("commit", &[]).await?;
        Ok(written)
    }
}

impl Session for SqliteSession {
    async fn write(&mut self, group: &[Commit], published: Option<u64>, _: Instant) -> Answer<Written> {
        let written = self.transact(group, published).await;
        match &written {
            Ok(written) => {
                self.heads = written.heads.clone();
                if group.iter().any(|commit| commit.erase.is_some()) {
                    self.erased.store(true, Ordering::Release);
                }
            }
            Err(_) => drop(self.connection.run("rollback", &[]).await),
        }
        written
    }

    async fn acknowledge(&mut self, published: u64) -> Answer<()> {
        batch::acknowledge(&mut self.connection, published).await
    }

    async fn close(self) -> Answer<()> {
        self.connection.close().await.map_err(failed)
    }
}

/// Where journal and outbox stand.
async fn heads(connection: &mut SqliteConnection) -> Answer<Heads> {
    let last = connection.rows("select number, hash from journal order by number desc limit 1", &[]).await?;
    let chain = match last.first() {
        Some(row) => Chain { number: unsigned(row.number(0)?), hash: row.text(1)?.into() },
        None => Chain::start(),
    };
    let outbox = connection.rows("select seq from sqlite_sequence where name = 'outbox'", &[]).await?;
    let outbox = outbox.first().map(|row| row.number(0)).transpose()?;
    Ok(Heads { chain, outbox: outbox.map(unsigned).unwrap_or_default() })
}
