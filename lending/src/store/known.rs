//! Reading what a group of commits asks about.

use serde_json::json;

use super::admission::Known;
use super::rows::{self, corrupt};
use super::sql::{Answer, Row, Sql, Value};
use super::{AnsweredRequest, Commit, StreamId};
use crate::ledger::Entry;

/// Everything that admitting this group may ask about, by one statement: each costs a round trip.
pub(super) async fn known(database: &mut impl Sql, group: &[Commit]) -> Answer<Known> {
    const SQL: &str = "
        select 'version', q.stream, cast((select max(version) from stream_events e where e.stream = q.stream) as text),
                null, null
            from (select distinct value->>0 as stream from json_array_elements($1::json)) q
        union all
        select 'answered', request, fingerprint, answer, cast(status as text) from answered_requests
            where request in (select value->>0 from json_array_elements($2::json))
        union all
        select 'claim', kind, value, owner, null from claims
            where (kind, value) in (select e.value->>0, e.value->>1 from json_array_elements($3::json) e)
        union all
        select 'entry', entry_id, null, null, null from journal
            where entry_id in (select value->>0 from json_array_elements($4::json))
        union all
        select 'house', account, currency, cast(minor_units as text), null from house_balances where $4 <> '[]'";
    let commits = || group.iter();
    let streams: Vec<_> = commits().flat_map(|commit| &commit.appends).map(|append| [&append.stream]).collect();
    let requests: Vec<_> = commits().filter_map(|commit| commit.answered.as_ref()).map(|one| [&one.request]).collect();
    let claims = commits().flat_map(|commit| commit.claims.iter().chain(&commit.releases));
    let claims: Vec<_> = claims.map(|one| [one.kind, one.value.as_str()]).collect();
    let entries: Vec<_> = commits().flat_map(|commit| &commit.entries).map(|entry: &Entry| [entry.id()]).collect();
    let asked = [json!(streams), json!(requests), json!(claims), json!(entries)].map(|one| one.to_string());
    let values = asked.each_ref().map(|one| Value::Text(one));
    let mut known = Known::default();
    for row in database.rows(SQL, &values).await? {
        take(&mut known, &row)?;
    }
    Ok(known)
}

fn take(known: &mut Known, row: &impl Row) -> Answer<()> {
    match (row.text(0)?.as_str(), row.text(1)?, row.optional(2)?, row.optional(3)?) {
        ("version", stream, Some(version), None) => {
            let version = version.parse().map_err(|error| corrupt(format!("version of {stream}"), error))?;
            known.versions.insert(StreamId::stored(stream), version);
        }
        ("answered", request, Some(fingerprint), Some(answer)) => {
            let status = row.optional(4)?.map(|status| rows::status(&status)).transpose()?;
            known.answered.insert(request.clone(), AnsweredRequest { request, fingerprint, status, answer });
        }
        ("claim", kind, Some(value), Some(owner)) => {
            known.claims.insert((kind, value), owner);
        }
        ("house", account, Some(currency), Some(minor_units)) => known.house.put(account, currency, &minor_units),
        ("entry", entry, None, None) => {
            known.entries.insert(entry);
        }
        // A stream without events has no version.
        _ => {}
    }
    Ok(())
}
