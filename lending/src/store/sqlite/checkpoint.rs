//! Moves what is committed from the write-ahead log into the database, off the commit path, while the store is open.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
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

/// `erased` says that something was: it is gone when the log, in which it may still stand, was cut.
pub(super) async fn run(options: SqliteConnectOptions, store: Open, erased: Arc<AtomicBool>) {
    let (options, mut connection) = (options.busy_timeout(PATIENCE), None);
    loop {
        tokio::time::sleep(EVERY).await;
        if !store.is_open() {
            break;
        }
        if connection.is_none() {
            connection = options.connect().await.ok();
        }
        let Some(open) = &mut connection else { continue };
        let erase = erased.swap(false, Ordering::AcqRel);
        match checkpoint(open, if erase { 0 } else { MAX_PAGES }).await {
            Ok(cut) => _ = erased.fetch_or(erase && !cut, Ordering::AcqRel),
            Err(error) => {
                tracing::warn!(%error, "checkpoint failed; the next one tries again");
                erased.fetch_or(erase, Ordering::AcqRel);
                connection = None;
            }
        }
    }
    if let Some(connection) = connection {
        connection.close().await.ok();
    }
}

/// Where the log has more pages than `most`, all of it is moved and the file cut to nothing, unless somebody reads; whether
/// the log has no more than that now.
pub(super) async fn checkpoint(connection: &mut SqliteConnection, most: i64) -> Result<bool, sqlx::Error> {
    // A row of: whether somebody was in the way, pages in the log, pages of them in the database.
    let moved = sqlx::query("pragma wal_checkpoint(passive)").fetch_one(&mut *connection).await?;
    if moved.try_get::<i64, _>(1)? <= most {
        return Ok(true);
    }
    let cut = sqlx::query("pragma wal_checkpoint(truncate)").fetch_one(connection).await?;
    Ok(cut.try_get::<i64, _>(0)? == 0)
}
