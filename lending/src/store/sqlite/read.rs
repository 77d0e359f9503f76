//! What is read, each question by one statement, so that its answer is of one moment.

use sqlx::SqlitePool;
use weir_messages::{CustomerId, Event, KnownTime, TraceId};

use super::rows::{self, BalanceRow, corrupt, signed, unsigned};
use super::{
    AnsweredRequest, Balance, Broken, Find, Listing, OutboxRow, Personal, Posted, StoreError, StreamId, failed,
};
use crate::ledger::{Account, Entry};
use crate::store::Chain;
use crate::store::chain::Recount;

type Answer<T> = Result<T, StoreError>;

/// Entries read at a time when the whole journal is checked.
const PAGE: u32 = 1_000;

pub(super) async fn load(pool: &SqlitePool, stream: &StreamId) -> Answer<Vec<String>> {
    let sql = "select body from stream_events where stream = ? order by version";
    sqlx::query_scalar(sql).bind(stream.as_str()).fetch_all(pool).await.map_err(failed)
}

pub(super) async fn trace(pool: &SqlitePool, stream: &StreamId) -> Answer<Option<TraceId>> {
    let sql = "select trace from stream_events where stream = ? order by version desc limit 1";
    let trace: Option<String> =
        sqlx::query_scalar(sql).bind(stream.as_str()).fetch_optional(pool).await.map_err(failed)?;
    let read = |trace: String| trace.try_into().map_err(|error: String| corrupt(format!("trace of {stream}"), error));
    trace.map(read).transpose()
}

pub(super) async fn find(pool: &SqlitePool, find: &Find) -> Answer<Vec<Listing>> {
    // One index each; SQLite would not choose between them behind a `?2 is null`.
    let sql = match (&find.customer, &find.state) {
        (Some(_), _) => {
            "select id, customer, state from listings
             where kind = ?1 and customer = ?2 and (?3 is null or state = ?3) and id > ?4 order by id limit ?5"
        }
        (None, Some(_)) => {
            "select id, customer, state from listings
             where kind = ?1 and ?2 is null and state = ?3 and id > ?4 order by id limit ?5"
        }
        (None, None) => {
            "select id, customer, state from listings
             where kind = ?1 and ?2 is null and ?3 is null and id > ?4 order by id limit ?5"
        }
    };
    let rows: Vec<(String, String, String)> = sqlx::query_as(sql)
        .bind(find.kind.name())
        .bind(find.customer.as_ref().map(CustomerId::as_str))
        .bind(find.state.as_deref())
        .bind(find.after.as_deref().unwrap_or_default())
        .bind(find.limit)
        .fetch_all(pool)
        .await
        .map_err(failed)?;
    let listing = |(id, customer, state): (String, String, String)| Listing {
        kind: find.kind,
        id,
        customer: CustomerId::new(customer),
        state,
    };
    Ok(rows.into_iter().map(listing).collect())
}

pub(super) async fn answered(pool: &SqlitePool, request: &str) -> Answer<Option<AnsweredRequest>> {
    let sql = "select fingerprint, answer from answered_requests where request = ?";
    let row: Option<(String, String)> = sqlx::query_as(sql).bind(request).fetch_optional(pool).await.map_err(failed)?;
    Ok(row.map(|(fingerprint, answer)| AnsweredRequest { request: request.to_owned(), fingerprint, answer }))
}

pub(super) async fn owner(pool: &SqlitePool, kind: &str, value: &str) -> Answer<Option<String>> {
    let sql = "select owner from claims where kind = ? and value = ?";
    sqlx::query_scalar(sql).bind(kind).bind(value).fetch_optional(pool).await.map_err(failed)
}

pub(super) async fn with_token(pool: &SqlitePool, kind: &str, token: &str) -> Answer<Vec<CustomerId>> {
    let sql = "select customer from blind_index where kind = ? and token = ? order by customer";
    let customers: Vec<String> =
        sqlx::query_scalar(sql).bind(kind).bind(token).fetch_all(pool).await.map_err(failed)?;
    Ok(customers.into_iter().map(CustomerId::new).collect())
}

pub(super) async fn personal(pool: &SqlitePool, customer: &CustomerId) -> Answer<Option<Personal>> {
    let sql = "select wrapped, field, sealed from data_keys join vault using (customer)
               where customer = ? order by field";
    let rows: Vec<(String, String, String)> =
        sqlx::query_as(sql).bind(customer.as_str()).fetch_all(pool).await.map_err(failed)?;
    Ok(rows.first().map(|(wrapped_key, ..)| Personal {
        customer: customer.clone(),
        wrapped_key: wrapped_key.clone(),
        fields: rows.iter().map(|(_, field, sealed)| (field.clone(), sealed.clone())).collect(),
    }))
}

pub(super) async fn journal(
    pool: &SqlitePool,
    account: Option<&Account>,
    after: u64,
    limit: u32,
) -> Answer<Vec<Posted>> {
    let sql = if account.is_some() {
        "select number, entry, trace from journal where number in
         (select number from journal_lines where account = ?1 and number > ?2) order by number limit ?3"
    } else {
        "select number, entry, trace from journal where ?1 is null and number > ?2 order by number limit ?3"
    };
    let rows: Vec<(i64, String, String)> = sqlx::query_as(sql)
        .bind(account.map(Account::to_string))
        .bind(signed(after))
        .bind(limit)
        .fetch_all(pool)
        .await
        .map_err(failed)?;
    rows.into_iter().map(posted).collect()
}

fn posted((number, entry, trace): (i64, String, String)) -> Answer<Posted> {
    let what = || format!("journal entry {number}");
    let entry: Entry = serde_json::from_str(&entry).map_err(|error| corrupt(what(), error))?;
    let trace = trace.try_into().map_err(|error: String| corrupt(what(), error))?;
    Ok(Posted { number: unsigned(number), entry, trace })
}

pub(super) async fn balances(pool: &SqlitePool) -> Answer<Vec<Balance>> {
    let sql = "select account, currency, sum(minor_units) from journal_lines group by account, currency";
    let rows: Vec<BalanceRow> = sqlx::query_as(sql).fetch_all(pool).await.map_err(failed)?;
    rows.into_iter().map(rows::balance).collect()
}

pub(super) async fn verify(pool: &SqlitePool) -> Answer<Result<u64, Broken>> {
    // One transaction: the books must not move while they are checked.
    let mut reading = pool.begin().await.map_err(failed)?;
    let (mut chain, mut recount) = (Chain::start(), Recount::default());
    loop {
        let sql = "select j.number, j.entry, j.trace, j.previous, j.hash,
                     (select json_group_array(json_array(l.account, l.currency, l.minor_units) order by l.line)
                      from journal_lines l where l.number = j.number)
                   from journal j where j.number > ? order by j.number limit ?";
        let page: Vec<JournalRow> =
            sqlx::query_as(sql).bind(signed(chain.number)).bind(PAGE).fetch_all(&mut *reading).await.map_err(failed)?;
        for row in &page {
            chain = match link(&chain, row, &mut recount) {
                Ok(next) => next,
                Err(broken) => return Ok(Err(broken)),
            };
        }
        if page.is_empty() {
            break;
        }
    }
    let sql = "select account, currency, minor_units from house_balances";
    let house: Vec<BalanceRow> = sqlx::query_as(sql).fetch_all(&mut *reading).await.map_err(failed)?;
    let house = house.into_iter().map(rows::balance).collect::<Answer<Vec<_>>>()?;
    let sql = "select account, currency, sum(minor_units) from journal_lines group by account, currency";
    let lines: Vec<BalanceRow> = sqlx::query_as(sql).fetch_all(&mut *reading).await.map_err(failed)?;
    let lines = lines.into_iter().map(rows::balance).collect::<Answer<Vec<_>>>()?;
    reading.rollback().await.map_err(failed)?;
    Ok(recount.check(&house, &lines).map(|()| chain.number))
}

/// Number, entry, trace, hash before, hash, lines as JSON.
type JournalRow = (i64, String, String, String, String, String);

/// The head of the chain after `row`, if it continues the chain and is what it says.
fn link(chain: &Chain, row: &JournalRow, recount: &mut Recount) -> Result<Chain, Broken> {
    let (number, entry, trace, previous, hash, lines) = row;
    let number = unsigned(*number);
    if number != chain.number + 1 {
        return Err(Broken::Gap { expected: chain.number + 1, found: number });
    }
    let next = chain.extended(entry, trace);
    if next.hash.as_str() != hash || chain.hash.as_str() != previous {
        return Err(Broken::Hash { number });
    }
    let posted = posted((signed(number), entry.clone(), trace.clone()))
        .map_err(|error| Broken::Unreadable { number, reason: error.to_string() })?;
    let expected: Vec<_> = posted
        .entry
        .lines()
        .iter()
        .map(|line| (line.account.to_string(), line.amount.currency().to_string(), line.amount.minor_units()))
        .collect();
    if serde_json::from_str::<Vec<BalanceRow>>(lines).ok().as_ref() != Some(&expected) {
        return Err(Broken::Lines { number });
    }
    recount.take(&posted)?;
    Ok(next)
}

pub(super) async fn outbox(pool: &SqlitePool, after: u64, limit: u32) -> Answer<Vec<OutboxRow>> {
    let sql = "select number, event, at from outbox where number > ? order by number limit ?";
    let rows: Vec<(i64, String, i64)> =
        sqlx::query_as(sql).bind(signed(after)).bind(limit).fetch_all(pool).await.map_err(failed)?;
    rows.into_iter()
        .map(|(number, event, at)| {
            let event: Event =
                serde_json::from_str(&event).map_err(|error| corrupt(format!("outbox row {number}"), error))?;
            Ok(OutboxRow { number: unsigned(number), event, at: KnownTime::from_micros(at) })
        })
        .collect()
}

pub(super) async fn offset(pool: &SqlitePool, consumer: &str, shard: u16) -> Answer<Option<u64>> {
    let sql = "select next from consumer_offsets where consumer = ? and shard = ?";
    let next: Option<i64> =
        sqlx::query_scalar(sql).bind(consumer).bind(shard).fetch_optional(pool).await.map_err(failed)?;
    Ok(next.map(unsigned))
}
