//! What our statements need of a driver: values in, rows out. Statements are written once, as PostgreSQL reads them; the
//! SQLite driver knows its own names for what turns JSON into rows.

use std::sync::Arc;

use sqlx::query::Query;
use sqlx::{ColumnIndex, Decode, Encode, SqlSafeStr, Type};

use super::StoreError;
use super::rows::corrupt;

pub(super) type Answer<T> = Result<T, StoreError>;

/// A bound parameter.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value<'a> {
    Text(&'a str),
    Number(i64),
    Nothing,
}

impl<'a> From<Option<&'a str>> for Value<'a> {
    fn from(text: Option<&'a str>) -> Self {
        text.map_or(Self::Nothing, Self::Text)
    }
}

/// A connection to one of the databases.
pub(super) trait Sql: Send {
    type Row: Row;

    fn rows(&mut self, sql: &'static str, values: &[Value<'_>]) -> impl Future<Output = Answer<Vec<Self::Row>>> + Send;

    fn run(&mut self, sql: &'static str, values: &[Value<'_>]) -> impl Future<Output = Answer<()>> + Send;
}

/// A row as text and numbers.
pub(super) trait Row: Send {
    fn text(&self, column: usize) -> Answer<String>;
    fn optional(&self, column: usize) -> Answer<Option<String>>;
    fn number(&self, column: usize) -> Answer<i64>;
}

impl<R> Row for R
where
    R: sqlx::Row + Send,
    usize: ColumnIndex<R>,
    for<'r> String: Decode<'r, R::Database> + Type<R::Database>,
    for<'r> i64: Decode<'r, R::Database> + Type<R::Database>,
{
    fn text(&self, column: usize) -> Answer<String> {
        self.try_get(column).map_err(unreadable)
    }

    fn optional(&self, column: usize) -> Answer<Option<String>> {
        self.try_get(column).map_err(unreadable)
    }

    fn number(&self, column: usize) -> Answer<i64> {
        self.try_get(column).map_err(unreadable)
    }
}

/// A statement with its values, ready to be run.
pub(super) fn bound<'q, DB: sqlx::Database>(
    sql: impl SqlSafeStr,
    values: &[Value<'_>],
) -> Query<'q, DB, <DB as sqlx::Database>::Arguments>
where
    for<'v> &'v str: Encode<'v, DB> + Type<DB>,
    for<'v> String: Encode<'v, DB> + Type<DB>,
    for<'v> Option<&'v str>: Encode<'v, DB> + Type<DB>,
    for<'v> i64: Encode<'v, DB> + Type<DB>,
{
    values.iter().fold(sqlx::query(sql), |query, value| match *value {
        // PostgreSQL's text holds no NUL and nothing of ours does, so whoever looks for one finds nothing.
        Value::Text(text) if text.contains('\0') => query.bind(text.replace('\0', "\u{fffd}")),
        Value::Text(text) => query.bind(text),
        Value::Number(number) => query.bind(number),
        Value::Nothing => query.bind(None::<&str>),
    })
}

fn unreadable(error: sqlx::Error) -> StoreError {
    corrupt("row", error)
}

/// What a driver's error means to who asks.
pub(super) fn failed(error: sqlx::Error) -> StoreError {
    if passes(&error) { StoreError::Unavailable(Arc::new(error)) } else { StoreError::Database(Box::new(error)) }
}

/// Whether SQLite's file takes no more: it is full, failing, damaged, read-only or cannot be opened. PostgreSQL's disk is
/// its own to mend, and is waited for.
pub(super) fn takes_no_writes(error: &StoreError) -> bool {
    // https://sqlite.org/rescode.html: READONLY, IOERR, CORRUPT, FULL, CANTOPEN, NOTADB; the rest of a code is detail.
    const DISK: [u32; 6] = [8, 10, 11, 13, 14, 26];
    let StoreError::Database(cause) = error else { return false };
    let code = cause.downcast_ref::<sqlx::Error>().and_then(sqlx::Error::as_database_error).and_then(|one| one.code());
    // PostgreSQL's codes have five characters.
    let code = code.filter(|code| code.len() < 5).and_then(|code| code.parse::<u32>().ok());
    code.is_some_and(|code| DISK.contains(&(code & 0xff)))
}

/// Whether the database may well answer the same thing later: it is gone or going, or somebody was in the way.
fn passes(error: &sqlx::Error) -> bool {
    const CLASSES: [&str; 4] = ["08", "40", "53", "57"];
    // A lock not had in time, a session that idled, a standby that is not a primary yet.
    const CODES: [&str; 3] = ["55P03", "25P03", "25006"];
    match error.as_database_error() {
        // SQLite's codes are shorter.
        Some(error) => error
            .code()
            .filter(|code| code.len() == 5)
            .is_some_and(|code| CLASSES.iter().any(|class| code.starts_with(class)) || CODES.contains(&code.as_ref())),
        None => {
            use sqlx::Error::{BeginFailed, Io, PoolTimedOut, Tls};
            matches!(error, Io(_) | Tls(_) | PoolTimedOut | BeginFailed)
        }
    }
}
