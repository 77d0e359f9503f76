//! What is read, each question by one statement, so that its answer is of one moment.

use serde_json::json;
use weir_messages::{CustomerId, KnownTime, TraceId};

use super::rows::{self, corrupt, signed, unsigned};
use super::sql::{Answer, Row, Sql, Value};
use super::{AnsweredRequest, Find, Listing, ListingState, OutboxPage, Personal, Posted, StreamId, UnreadableRow};
use crate::ledger::Account;

pub(super) async fn load(database: &mut impl Sql, stream: &StreamId) -> Answer<Vec<String>> {
    let sql = "select body from stream_events where stream = $1 order by version";
    texts(&database.rows(sql, &[Value::Text(stream.as_str())]).await?)
}

pub(super) async fn events(
    database: &mut impl Sql,
    version: u64,
    streams: &[StreamId],
) -> Answer<Vec<(StreamId, String)>> {
    let sql = "select stream, body from stream_events
               where version = $1 and stream in (select value->>0 from json_array_elements($2::json))";
    let streams = json!(streams.iter().map(|stream| [stream]).collect::<Vec<_>>()).to_string();
    let rows = database.rows(sql, &[Value::Number(signed(version)), Value::Text(&streams)]).await?;
    rows.iter().map(|row| Ok((StreamId::stored(row.text(0)?), row.text(1)?))).collect()
}

pub(super) async fn trace(database: &mut impl Sql, stream: &StreamId) -> Answer<Option<TraceId>> {
    let sql = "select trace from stream_events where stream = $1 order by version desc limit 1";
    let rows = database.rows(sql, &[Value::Text(stream.as_str())]).await?;
    let read = |trace: String| trace.try_into().map_err(|error: String| corrupt(format!("trace of {stream}"), error));
    texts(&rows)?.pop().map(read).transpose()
}

pub(super) async fn find(database: &mut impl Sql, find: &Find) -> Answer<Vec<Listing>> {
    // One index each; SQLite would not choose between them behind a `$2 is null`.
    let (kind, state) = (find.listings.kind(), find.listings.state());
    let sql = match (&find.customer, state) {
        (Some(_), _) => {
            "select id, customer, state from listings
             where kind = $1 and customer = $2 and ($3 is null or state = $3) and id > $4 order by id limit $5"
        }
        (None, Some(_)) => {
            "select id, customer, state from listings
             where kind = $1 and $2 is null and state = $3 and id > $4 order by id limit $5"
        }
        (None, None) => {
            "select id, customer, state from listings
             where kind = $1 and $2 is null and $3 is null and id > $4 order by id limit $5"
        }
    };
    let values = [
        Value::Text(kind.name()),
        find.customer.as_ref().map(CustomerId::as_str).into(),
        state.into(),
        Value::Text(find.after.as_deref().unwrap_or_default()),
        Value::Number(find.limit.into()),
    ];
    let rows = database.rows(sql, &values).await?;
    let listings = rows.iter().map(|row| {
        let (id, customer, state) = (row.text(0)?, CustomerId::new(row.text(1)?), row.text(2)?);
        Ok(Listing { id, customer, state: ListingState::stored(kind, &state)? })
    });
    listings.collect()
}

pub(super) async fn answered(database: &mut impl Sql, request: &str) -> Answer<Option<AnsweredRequest>> {
    let sql = "select fingerprint, answer, cast(status as text) from answered_requests where request = $1";
    let rows = database.rows(sql, &[Value::Text(request)]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let (request, fingerprint, answer) = (request.to_owned(), row.text(0)?, row.text(1)?);
    let status = row.optional(2)?.map(|status| rows::status(&status)).transpose()?;
    Ok(Some(AnsweredRequest { request, fingerprint, status, answer }))
}

pub(super) async fn has_answers_before(database: &mut impl Sql, before: KnownTime) -> Answer<bool> {
    let sql = "select request from answered_requests where at < $1 limit 1";
    Ok(!database.rows(sql, &[Value::Number(before.micros())]).await?.is_empty())
}

pub(super) async fn owner(database: &mut impl Sql, kind: &str, value: &str) -> Answer<Option<String>> {
    let sql = "select owner from claims where kind = $1 and value = $2";
    Ok(texts(&database.rows(sql, &[Value::Text(kind), Value::Text(value)]).await?)?.pop())
}

pub(super) async fn with_token(database: &mut impl Sql, kind: &str, token: &str) -> Answer<Vec<CustomerId>> {
    let sql = "select customer from blind_index where kind = $1 and token = $2 order by customer";
    let customers = texts(&database.rows(sql, &[Value::Text(kind), Value::Text(token)]).await?)?;
    Ok(customers.into_iter().map(CustomerId::new).collect())
}

pub(super) async fn first_of_each_sealing_key(database: &mut impl Sql) -> Answer<Vec<CustomerId>> {
    // `sealed1.<key id>.<base64>`, without the base64.
    let sql = "select min(customer) from data_keys
               group by rtrim(wrapped, 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/') order by 1";
    let customers = texts(&database.rows(sql, &[]).await?)?;
    Ok(customers.into_iter().map(CustomerId::new).collect())
}

pub(super) async fn personal(database: &mut impl Sql, customer: &CustomerId) -> Answer<Option<Personal>> {
    let sql = "select wrapped, field, sealed from data_keys join vault using (customer)
               where customer = $1 order by field";
    let rows = database.rows(sql, &[Value::Text(customer.as_str())]).await?;
    let Some(first) = rows.first() else { return Ok(None) };
    let fields = rows.iter().map(|row| Ok((row.text(1)?, row.text(2)?))).collect::<Answer<_>>()?;
    Ok(Some(Personal { customer: customer.clone(), wrapped_key: first.text(0)?, fields }))
}

pub(super) async fn journal(
    database: &mut impl Sql,
    account: Option<&Account>,
    after: u64,
    limit: u32,
) -> Answer<Vec<Posted>> {
    let sql = if account.is_some() {
        "select number, entry, trace from journal where number in
         (select number from journal_lines where account = $1 and number > $2) order by number limit $3"
    } else {
        "select number, entry, trace from journal where $1 is null and number > $2 order by number limit $3"
    };
    let account = account.map(Account::to_string);
    let values = [account.as_deref().into(), Value::Number(signed(after)), Value::Number(limit.into())];
    database.rows(sql, &values).await?.iter().map(rows::posted).collect()
}

pub(super) async fn outbox(database: &mut impl Sql, after: u64, limit: u32) -> Answer<OutboxPage> {
    let sql = "select number, event, at from outbox where number > $1 order by number limit $2";
    let values = [Value::Number(signed(after)), Value::Number(limit.into())];
    let mut page = OutboxPage { rows: Vec::new(), unreadable: None };
    for row in database.rows(sql, &values).await? {
        match rows::outbox_row(&row) {
            Ok(row) => page.rows.push(row),
            Err(error) => {
                page.unreadable = Some(UnreadableRow { number: unsigned(row.number(0)?), event: row.text(1)?, error });
                break;
            }
        }
    }
    Ok(page)
}

pub(super) async fn offset(database: &mut impl Sql, consumer: &str, shard: u16) -> Answer<Option<u64>> {
    let sql = "select next from consumer_offsets where consumer = $1 and shard = $2";
    let rows = database.rows(sql, &[Value::Text(consumer), Value::Number(shard.into())]).await?;
    rows.first().map(|row| row.number(0).map(unsigned)).transpose()
}

/// The first column.
fn texts(rows: &[impl Row]) -> Answer<Vec<String>> {
    rows.iter().map(|row| row.text(0)).collect()
}
