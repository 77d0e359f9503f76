//! Moves what is committed from the write-ahead log into the database, off the commit path, while the store is open.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, Row, SqliteConnection};

use crate::store::writer::Open;

const EVERY: Duration = Duration::from_secs(2);
/// Pages of the write-ahead log before commits are held up to begin it anew: 64 MiB. While commits follow one another it
/// grows, since by itself it begins anew only where all of it is in the database and nobody reads it.
const MAX_PAGES: i64 = 16_384;
/// How many times as long it may get before readers are waited for with more patience.
const FAR_TOO_LONG: i64 = 4;
/// How long readers are waited for, in milliseconds: commits wait as long, and a reader is done in less than one.
const PATIENCE: &str = "pragma busy_timeout = 4";
const MORE_PATIENCE: &str = "pragma busy_timeout = 250";

/// What a process erased that was killed may stand in the log yet.
pub(super) async fn at_the_start(options: &SqliteConnectOptions) -> Result<(), sqlx::Error> {
    let mut connection = options.connect().await?;
    cut(&mut connection).await?;
    connection.close().await
}

/// `erased` says that something was: it is gone when the log, in which it may still stand, was cut.
pub(super) async fn run(options: SqliteConnectOptions, store: Open, erased: Arc<AtomicBool>) {
    let mut connection = None;
    loop {
        tokio::time::sleep(EVERY).await;
        if !store.is_open() {
            break;
        }
        if connection.is_none() {
            connection = options.connect().await.ok();
        }
        if let Some(open) = &mut connection
            && let Err(error) = look(open, &erased).await
        {
            tracing::warn!(%error, "checkpoint failed; the next one tries again");
            connection = None;
        }
    }
    if let Some(connection) = connection {
        connection.close().await.ok();
    }
}

async fn look(connection: &mut SqliteConnection, erased: &AtomicBool) -> Result<(), sqlx::Error> {
    checkpoint(connection, MAX_PAGES).await?;
    if erased.swap(false, Ordering::AcqRel) {
        let done = cut(connection).await;
        if !matches!(done, Ok(true)) {
            erased.store(true, Ordering::Release);
        }
        done?;
    }
    Ok(())
}

/// Where the log has more than `most` pages it begins anew, in the room that it has, unless somebody reads it for long.
pub(super) async fn checkpoint(connection: &mut SqliteConnection, most: i64) -> Result<(), sqlx::Error> {
    // A row of: whether somebody was in the way, pages in the log, pages of them in the database.
    let moved = sqlx::query("pragma wal_checkpoint(passive)").fetch_one(&mut *connection).await?;
    let pages = moved.try_get::<i64, _>(1)?;
    if pages > most {
        let patience = if pages > most * FAR_TOO_LONG { MORE_PATIENCE } else { PATIENCE };
        sqlx::query(patience).execute(&mut *connection).await?;
        sqlx::query("pragma wal_checkpoint(restart)").execute(connection).await?;
    }
    Ok(())
}

/// Cuts the log to nothing, unless somebody reads it for long; whether it is cut. Commits after it wait longer, as the
/// file has to grow again.
pub(super) async fn cut(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    sqlx::query(MORE_PATIENCE).execute(&mut *connection).await?;
    let cut = sqlx::query("pragma wal_checkpoint(truncate)").fetch_one(connection).await?;
    Ok(cut.try_get::<i64, _>(0)? == 0)
}
