//! The store on PostgreSQL. Each process writes in groups over one connection, and the row in `heads` makes the groups
//! of all processes take turns; reads go to a pool on the primary or, where they may lag, on a replica.

mod news;
mod session;
#[cfg(test)]
pub(super) mod tests;
mod turn;

use std::sync::Arc;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, PgConnection, Postgres};
use tokio::sync::watch;
use tokio::task::JoinSet;
use weir_messages::Tasks;

use super::database::PostgresDatabase;
use super::sql::{Answer, Row, Sql, Value, bound, failed};
use super::sql_store::{Readers, SqlStore};
use super::writer::Writer;
use super::{FailPoint, Freshness, Opened, StoreError, feed};
use news::Listener;
use session::PgSession;
use turn::Turn;

/// A commit that found no database is tried again for so long, and then answered with an error.
const PATIENCE: Duration = Duration::from_secs(5);
const CONNECT_WITHIN: Duration = Duration::from_secs(2);
/// A reader that gets no connection in time says so.
const READER_WITHIN: Duration = Duration::from_secs(3);
/// A statement without an answer by then is on a dead connection, or might as well be.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);

/// Connections that read keys.
const KEY_READERS: u32 = 2;

/// Opens the database and brings it to the newest migration. Processes that do so at once take turns.
pub(super) async fn open(
    database: &PostgresDatabase,
    fail_point: FailPoint,
    watch: &Tasks,
) -> Result<Opened, StoreError> {
    migrate(&database.primary.options).await?;
    let primary = for_us(&database.primary.options);
    let mut connection = connect_to_write(&primary).await?;
    let outbox = outbox_head(&mut connection).await?;
    let readers = PgReaders {
        primary: pool(primary.clone(), database.max_connections),
        replica: database.replica.as_ref().map(|one| pool(for_us(&one.options), database.max_connections)),
        tasks: tokio::sync::Mutex::default(),
    };
    let (turn, whose) = watch::channel(false);
    let (teller, feed, news) = feed::feed(outbox, whose);
    let session = PgSession::new(primary.clone(), connection).await?;
    {
        let mut tasks = readers.tasks.lock().await;
        let listener = Listener {
            options: primary.clone(),
            primary: readers.primary.clone(),
            teller: teller.clone(),
            poll_every: database.poll_every,
        };
        tasks.spawn(watch.watch("postgres-listener", listener.run()));
        let turn = Turn { options: primary, turn, teller: teller.clone() };
        tasks.spawn(watch.watch("postgres-turn", turn.take()));
    }
    let writer = Writer::start(session, teller, PATIENCE, fail_point, watch);
    Ok(Opened { store: Arc::new(SqlStore { readers, writer }), feed, news })
}

/// For keys alone.
pub(super) fn key_readers(database: &PostgresDatabase) -> PgReaders {
    let primary = pool(for_us(&database.primary.options), KEY_READERS);
    PgReaders { primary, replica: None, tasks: tokio::sync::Mutex::default() }
}

/// On a connection of its own, which waits as long as another process's migrations take.
async fn migrate(options: &PgConnectOptions) -> Answer<()> {
    let mut connection = connect(options).await?;
    let migrated = super::migrations::postgres().run(&mut connection).await;
    migrated.map_err(|error| StoreError::Database(Box::new(error)))?;
    connection.close().await.map_err(failed)
}

/// Where the outbox stands, whoever moved it.
async fn outbox_head(connection: &mut PgConnection) -> Answer<u64> {
    let rows = connection.rows("select outbox from heads", &[]).await?;
    rows.first().map(|row| row.number(0).map(super::rows::unsigned)).transpose().map(Option::unwrap_or_default)
}

/// As each of our connections is: a process that stands still lets go of its locks, and one that waits gives up in time.
fn for_us(options: &PgConnectOptions) -> PgConnectOptions {
    let options = options.clone().disable_statement_logging();
    options.application_name("weir").options([
        ("idle_in_transaction_session_timeout", "3s"),
        ("lock_timeout", "4s"),
        ("tcp_keepalives_idle", "10"),
        ("tcp_keepalives_interval", "5"),
        ("tcp_keepalives_count", "3"),
    ])
}

async fn connect(options: &PgConnectOptions) -> Answer<PgConnection> {
    in_time(CONNECT_WITHIN, options.connect()).await.map_err(|error| StoreError::Unavailable(Arc::new(error)))
}

/// Nobody is told of a commit that is not on the disk, however the server is set.
async fn connect_to_write(options: &PgConnectOptions) -> Answer<PgConnection> {
    let mut connection = connect(options).await?;
    let sql =
        "select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off'";
    connection.run(sql, &[]).await?;
    Ok(connection)
}

async fn in_time<T>(limit: Duration, answer: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    let late = |_| sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, "no answer in time"));
    tokio::time::timeout(limit, answer).await.unwrap_or_else(|elapsed| Err(late(elapsed)))
}

fn pool(options: PgConnectOptions, most: u32) -> PgPool {
    PgPoolOptions::new()
        .max_connections(most)
        .acquire_timeout(READER_WITHIN)
        .idle_timeout(None)
        .max_lifetime(None)
        // After use, so that no reader waits for it.
        .after_release(|connection, _| Box::pin(end_stray_transaction(connection)))
        .connect_lazy_with(options.options([("default_transaction_read_only", "on")]))
}

/// A cancelled reader may leave a transaction open, or an answer unread. Where there is none to end, one is begun first:
/// a mere `rollback` would write a warning into the server's log after each read.
async fn end_stray_transaction(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    let ended = in_time(CONNECT_WITHIN, sqlx::raw_sql("begin; rollback").execute(connection)).await;
    Ok(ended.is_ok())
}

#[derive(Debug)]
pub(super) struct PgReaders {
    primary: PgPool,
    replica: Option<PgPool>,
    tasks: tokio::sync::Mutex<JoinSet<()>>,
}

impl Readers for PgReaders {
    type Driver = Postgres;
    const SNAPSHOT: &'static str = "begin isolation level repeatable read, read only";

    async fn reader(&self, freshness: Freshness) -> Answer<PoolConnection<Postgres>> {
        let pool = match freshness {
            Freshness::Now => &self.primary,
            Freshness::MayLag => self.replica.as_ref().unwrap_or(&self.primary),
        };
        pool.acquire().await.map_err(failed)
    }

    async fn close(&self) {
        self.tasks.lock().await.shutdown().await;
        self.primary.close().await;
        if let Some(replica) = &self.replica {
            replica.close().await;
        }
    }
}

impl Sql for PgConnection {
    type Row = sqlx::postgres::PgRow;

    async fn rows(&mut self, sql: &'static str, values: &[Value<'_>]) -> Answer<Vec<Self::Row>> {
        in_time(ANSWER_WITHIN, bound::<Postgres>(sql, values).fetch_all(self)).await.map_err(failed)
    }

    async fn run(&mut self, sql: &'static str, values: &[Value<'_>]) -> Answer<()> {
        in_time(ANSWER_WITHIN, bound::<Postgres>(sql, values).execute(self)).await.map(drop).map_err(failed)
    }
}
