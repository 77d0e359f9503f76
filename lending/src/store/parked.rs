//! Items that could not be handled and were set aside: what they are, and how they are found.

use std::fmt::Debug;

use async_trait::async_trait;
use serde_json::{Value as Json, json};
use weir_messages::{Causes, KnownTime, Retry};

use super::StoreError;
use super::rows::{corrupt, unsigned};
use super::sql::{Answer, Row, Sql, Value};
use crate::status::statuses;

statuses! {
    /// What kind of item, and with it how it is tried again.
    ParkedKind {
        /// A decision on the log that cannot be applied; the id is its application, or its place where it does not read.
        Decision = "decision",
        /// A loan whose business day cannot end.
        DayEnd = "day_end",
        /// A loan whose payout cannot go on for a reason of ours. An unknown outcome is none: the channel is asked again.
        Payout = "payout",
        /// An event that the log never takes; the id is the event's.
        Outbox = "outbox",
    }
}

/// One attempt that failed. Of an item that is parked already, it counts one more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Park {
    pub kind: ParkedKind,
    pub id: String,
    /// For people; holds no personal data.
    pub cause: String,
    pub retry: Retry,
    /// What trying again needs and nothing else holds. Never shown.
    pub detail: Option<String>,
}

/// Characters of a cause.
const MAX_CAUSE: usize = 300;

impl Park {
    /// The cause is the error's text with those that led to it. What stands in double quotes is struck out, as that is
    /// how a parser repeats a value that it did not expect.
    pub fn new(
        kind: ParkedKind,
        id: impl Into<String>,
        error: &dyn std::error::Error,
        retry: Retry,
        detail: Option<String>,
    ) -> Self {
        let text = Causes(error).to_string();
        let parts = text.split('"').enumerate().map(|(number, part)| if number % 2 == 0 { part } else { "…" });
        let cause = parts.collect::<String>().chars().take(MAX_CAUSE).collect();
        Self { kind, id: id.into(), cause, retry, detail }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parked {
    pub item: Park,
    pub first_at: KnownTime,
    pub last_at: KnownTime,
    pub attempts: u64,
}

/// How many items of a kind are parked, and since when the oldest is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParkedCount {
    pub kind: ParkedKind,
    pub count: u64,
    pub oldest: KnownTime,
}

/// What is parked. It is written along with a commit.
#[async_trait]
pub trait Parking: Send + Sync + Debug {
    /// In order of kind and id, from beyond an item.
    async fn parked(
        &self,
        kind: Option<ParkedKind>,
        after: Option<(ParkedKind, &str)>,
        limit: u32,
    ) -> Result<Vec<Parked>, StoreError>;
    async fn parked_item(&self, kind: ParkedKind, id: &str) -> Result<Option<Parked>, StoreError>;
    /// Those to be tried again later whose last attempt was before `before`, the longest waiting first.
    async fn parked_before(&self, before: KnownTime, limit: u32) -> Result<Vec<Parked>, StoreError>;
    /// Kinds of which nothing is parked are absent.
    async fn parked_counts(&self) -> Result<Vec<ParkedCount>, StoreError>;
}

/// As `insert` takes it.
pub(super) fn row(item: &Park, at: KnownTime) -> Json {
    let Park { kind, id, cause, retry, detail } = item;
    json!([kind.name(), id, cause, retry, detail, at.micros()])
}

pub(super) const INSERT: &str = "
    insert into parked (kind, id, cause, retry, detail, first_at, last_at, attempts)
    select value->>0, value->>1, value->>2, value->>3, value->>4, cast(value->>5 as bigint),
           cast(value->>5 as bigint), 1
    from json_array_elements($1::json) where true
    on conflict (kind, id) do update
    set cause = excluded.cause, retry = excluded.retry, detail = excluded.detail, last_at = excluded.last_at,
        attempts = parked.attempts + 1";

pub(super) const DELETE: &str = "
    delete from parked where (kind, id) in (select e.value->>0, e.value->>1 from json_array_elements($1::json) e)";

pub(super) async fn parked(
    database: &mut impl Sql,
    kind: Option<ParkedKind>,
    after: Option<(ParkedKind, &str)>,
    limit: u32,
) -> Answer<Vec<Parked>> {
    let sql = "select kind, id, cause, retry, detail, first_at, last_at, attempts from parked
               where ($1 is null or kind = $1) and (kind, id) > ($2, $3) order by kind, id limit $4";
    let (after_kind, after_id) = after.map_or(("", ""), |(kind, id)| (kind.name(), id));
    let kind = kind.map(ParkedKind::name).into();
    let values = [kind, Value::Text(after_kind), Value::Text(after_id), Value::Number(limit.into())];
    database.rows(sql, &values).await?.iter().filter_map(|row| read(row).transpose()).collect()
}

pub(super) async fn item(database: &mut impl Sql, kind: ParkedKind, id: &str) -> Answer<Option<Parked>> {
    let sql = "select kind, id, cause, retry, detail, first_at, last_at, attempts from parked
               where kind = $1 and id = $2";
    let rows = database.rows(sql, &[Value::Text(kind.name()), Value::Text(id)]).await?;
    Ok(rows.first().map(read).transpose()?.flatten())
}

pub(super) async fn before(database: &mut impl Sql, before: KnownTime, limit: u32) -> Answer<Vec<Parked>> {
    let sql = "select kind, id, cause, retry, detail, first_at, last_at, attempts from parked
               where retry = 'later' and last_at < $1 order by last_at limit $2";
    let values = [Value::Number(before.micros()), Value::Number(limit.into())];
    database.rows(sql, &values).await?.iter().filter_map(|row| read(row).transpose()).collect()
}

pub(super) async fn counts(database: &mut impl Sql) -> Answer<Vec<ParkedCount>> {
    let rows =
        database.rows("select kind, count(*), min(first_at) from parked group by kind order by kind", &[]).await?;
    let mut counts = Vec::new();
    for row in &rows {
        if let Ok(kind) = row.text(0)?.parse() {
            let (count, oldest) = (unsigned(row.number(1)?), KnownTime::from_micros(row.number(2)?));
            counts.push(ParkedCount { kind, count, oldest });
        }
    }
    Ok(counts)
}

/// `None` for a kind that only a newer release knows.
fn read(row: &impl Row) -> Answer<Option<Parked>> {
    let Ok(kind) = row.text(0)?.parse() else { return Ok(None) };
    let retry = row.text(3)?.parse().map_err(|error| corrupt("parked item", error))?;
    let (id, cause, detail) = (row.text(1)?, row.text(2)?, row.optional(4)?);
    Ok(Some(Parked {
        item: Park { kind, id, cause, retry, detail },
        first_at: KnownTime::from_micros(row.number(5)?),
        last_at: KnownTime::from_micros(row.number(6)?),
        attempts: unsigned(row.number(7)?),
    }))
}
