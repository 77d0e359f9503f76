//! Moves what is committed from the write-ahead log into the database, off the commit path, while the store is open.

use std::time::Duration;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, Row, SqliteConnection};

use crate::store::writer::Open;

const EVERY: Duration = Duration::from_secs(2);
/// Pages of the write-ahead log before commits are held up to empty it: 64 MiB. While commits follow one another it grows,
/// since it starts anew only where all of it is in the database and nobody reads it.
const MAX_PAGES: i64 = 16_384;
/// How long an emptying waits for readers. Commits wait as long.
const PATIENCE: Duration = Duration::from_millis(250);

pub(super) async fn run(options: SqliteConnectOptions, store: Open) {
    let (options, mut connection) = (options.busy_timeout(PATIENCE), None);
    loop {
        tokio::time::sleep(EVERY).await;
        if !store.is_open() {
            break;
        }
        if connection.is_none() {
            connection = options.connect().await.ok();
        }
        if let Some(open) = &mut connection
            && let Err(error) = checkpoint(open, MAX_PAGES).await
        {
            tracing::warn!(%error, "checkpoint failed; the next one tries again");
            connection = None;
        }
    }
    if let Some(connection) = connection {
        connection.close().await.ok();
    }
}

/// Where the log has more pages than `most`, all of it is moved and the file cut to nothing, unless somebody reads.
pub(super) async fn checkpoint(connection: &mut SqliteConnection, most: i64) -> Result<(), sqlx::Error> {
    // A row of: whether somebody was in the way, pages in the log, pages of them in the database.
    let moved = sqlx::query("pragma wal_checkpoint(passive)").fetch_one(&mut *connection).await?;
    if moved.try_get::<i64, _>(1)? > most {
        sqlx::query("pragma wal_checkpoint(truncate)").execute(connection).await?;
    }
    Ok(())
}
