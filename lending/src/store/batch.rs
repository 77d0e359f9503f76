//! The admitted commits of a group, gathered by table and written with one statement each.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use weir_messages::KnownTime;

use super::admission::Known;
use super::known::known;
use super::rows::signed;
use super::sql::{Answer, Sql, Value as Bound};
use super::{Chain, Commit, OutboxRow, Refused, parked};
use crate::ledger::Entry;

/// Rows by table. Each table's become one statement.
#[derive(Debug, Default)]
struct Batch {
    events: Vec<Value>,
    journal: Vec<Value>,
    lines: Vec<Value>,
    outbox: Vec<Value>,
    answered: Vec<Value>,
    /// (kind, value) of claims made or given up; who holds them in the end is known after admission.
    claims: BTreeSet<(String, String)>,
    data_keys: Vec<Value>,
    vault: Vec<Value>,
    blind_index: Vec<Value>,
    listings: BTreeMap<(&'static str, String), Value>,
    erased: Vec<Value>,
    offsets: BTreeMap<(String, u16), u64>,
    /// What of it is parked in the end; `None` where it is parked no more.
    parked: BTreeMap<(&'static str, String), Option<Value>>,
    /// Answers given before then, in microseconds, are forgotten.
    forget_answers: Option<i64>,
}

/// Where journal and outbox go on.
#[derive(Debug, Clone)]
pub(super) struct Heads {
    pub(super) chain: Chain,
    pub(super) outbox: u64,
}

/// A group that was written and waits for the end of its transaction.
#[derive(Debug, Clone)]
pub(super) struct Written {
    /// One for each commit, in order.
    pub(super) verdicts: Vec<Result<(), Refused>>,
    pub(super) handed: Vec<OutboxRow>,
    pub(super) heads: Heads,
}

/// Admits a group in its order and writes what is admitted, in the transaction that `database` is in.
pub(super) async fn write(database: &mut impl Sql, group: &[Commit], mut heads: Heads) -> Answer<Written> {
    let mut known = known(database, group).await?;
    let (mut batch, mut handed) = (Batch::default(), Vec::new());
    let admit = |commit: &Commit| {
        known.admit(commit)?;
        batch.take(commit, &mut heads, &mut handed);
        Ok(())
    };
    let verdicts = group.iter().map(admit).collect();
    batch.write(&known, database).await?;
    Ok(Written { verdicts, handed, heads })
}

impl Batch {
    /// Takes a commit in, moves the heads on, and hands out the rows of its events.
    fn take(&mut self, commit: &Commit, heads: &mut Heads, handed: &mut Vec<OutboxRow>) {
        let (at, trace) = (commit.at.micros(), commit.trace.to_string());
        for append in &commit.appends {
            for (version, body) in (append.expected + 1..).zip(&append.bodies) {
                self.events.push(json!([append.stream.as_str(), version, body, at, trace]));
            }
        }
        for entry in &commit.entries {
            self.post(entry, &trace, heads);
        }
        for event in &commit.outbox {
            heads.outbox += 1;
            self.outbox.push(json!([heads.outbox, text_of(event), at]));
            handed.push(OutboxRow { number: heads.outbox, event: event.clone(), at: commit.at });
        }
        if let Some(one) = &commit.answered {
            self.answered.push(json!([one.request, one.fingerprint, one.answer, at, one.status]));
        }
        let claims = commit.claims.iter().chain(&commit.releases);
        self.claims.extend(claims.map(|one| (one.kind.to_owned(), one.value.clone())));
        if let Some(personal) = &commit.personal {
            let customer = personal.customer.as_str();
            self.data_keys.push(json!([customer, personal.wrapped_key]));
            self.vault.extend(personal.fields.iter().map(|(field, sealed)| json!([customer, field, sealed])));
        }
        self.blind_index.extend(commit.blind_index.iter().map(|one| json!([one.kind, one.token, one.customer])));
        for listing in &commit.listings {
            let kind = listing.state.kind().name();
            let row = json!([kind, listing.id, listing.customer, listing.state.name()]);
            self.listings.insert((kind, listing.id.clone()), row);
        }
        self.erased.extend(commit.erase.iter().map(|customer| json!(customer)));
        if let Some(offset) = &commit.offset {
            let next = self.offsets.entry((offset.consumer.clone(), offset.shard)).or_default();
            *next = offset.next.max(*next);
        }
        for (kind, id) in &commit.unpark {
            self.parked.insert((kind.name(), id.clone()), None);
        }
        for item in &commit.park {
            self.parked.insert((item.kind.name(), item.id.clone()), Some(parked::row(item, commit.at)));
        }
        self.forget_answers = self.forget_answers.max(commit.forget_answers.map(KnownTime::micros));
    }

    fn post(&mut self, entry: &Entry, trace: &str, heads: &mut Heads) {
        let text = text_of(entry);
        let next = heads.chain.extended(&text, trace);
        let (previous, hash) = (heads.chain.hash.as_str(), next.hash.as_str());
        self.journal.push(json!([next.number, entry.id(), text, trace, previous, hash]));
        for (number, line) in (1_u32..).zip(entry.lines()) {
            let (account, amount) = (line.account.to_string(), line.amount);
            self.lines.push(json!([next.number, number, account, amount.currency(), amount.minor_units()]));
        }
        heads.chain = next;
    }

    async fn write(self, known: &Known, database: &mut impl Sql) -> Answer<()> {
        for (sql, rows) in self.statements(known) {
            if !rows.is_empty() {
                let rows = Value::Array(rows).to_string();
                database.run(sql, &[Bound::Text(&rows)]).await?;
            }
        }
        Ok(())
    }

    fn statements(self, known: &Known) -> [(&'static str, Vec<Value>); 20] {
        let (parked, unparked): (Vec<_>, Vec<_>) = self.parked.into_iter().partition(|(_, row)| row.is_some());
        let unparked = unparked.into_iter().map(|(key, _)| json!(key));
        let forget_answers = self.forget_answers.iter().map(|before| json!([before]));
        let held = self.claims.iter().filter_map(|key| known.claims.get(key).map(|owner| json!([key.0, key.1, owner])));
        let given_up = self.claims.iter().filter(|key| !known.claims.contains_key(*key)).map(|key| json!(key));
        let offsets = self.offsets.into_iter().map(|((consumer, shard), next)| json!([consumer, shard, next]));
        let erased: Vec<_> = self.erased.into_iter().map(|customer| json!([customer])).collect();
        [
            (
                "insert into stream_events
                 select value->>0, cast(value->>1 as bigint), value->>2, cast(value->>3 as bigint), value->>4
                 from json_array_elements($1::json)",
                self.events,
            ),
            (
                "insert into journal
                 select cast(value->>0 as bigint), value->>1, value->>2, value->>3, value->>4, value->>5
                 from json_array_elements($1::json)",
                self.journal,
            ),
            (
                "insert into journal_lines
                 select cast(value->>0 as bigint), cast(value->>1 as bigint), value->>2, value->>3,
                        cast(value->>4 as bigint)
                 from json_array_elements($1::json)",
                self.lines,
            ),
            (
                "insert into house_balances select value->>0, value->>1, cast(value->>2 as bigint)
                 from json_array_elements($1::json) where true
                 on conflict (account, currency) do update set minor_units = excluded.minor_units",
                // Netted: a hot account is one row, however many commits touch it.
                known.house.rows(),
            ),
            (
                "insert into outbox select cast(value->>0 as bigint), value->>1, cast(value->>2 as bigint)
                 from json_array_elements($1::json)",
                self.outbox,
            ),
            (
                "insert into answered_requests (request, fingerprint, answer, at, status)
                 select value->>0, value->>1, value->>2, cast(value->>3 as bigint), cast(value->>4 as bigint)
                 from json_array_elements($1::json)",
                self.answered,
            ),
            (
                "delete from claims where (kind, value) in
                 (select e.value->>0, e.value->>1 from json_array_elements($1::json) e)",
                given_up.collect(),
            ),
            (
                "insert into claims select e.value->>0, e.value->>1, e.value->>2
                 from json_array_elements($1::json) e where true
                 on conflict (kind, value) do update set owner = excluded.owner",
                held.collect(),
            ),
            ("insert into data_keys select value->>0, value->>1 from json_array_elements($1::json)", self.data_keys),
            ("insert into vault select value->>0, value->>1, value->>2 from json_array_elements($1::json)", self.vault),
            (
                "insert into blind_index select value->>0, value->>1, value->>2 from json_array_elements($1::json)",
                self.blind_index,
            ),
            (
                "insert into listings select value->>0, value->>1, value->>2, value->>3
                 from json_array_elements($1::json) where true
                 on conflict (kind, id) do update set state = excluded.state",
                self.listings.into_values().collect(),
            ),
            (
                "insert into consumer_offsets
                 select value->>0, cast(value->>1 as bigint), cast(value->>2 as bigint)
                 from json_array_elements($1::json) where true
                 on conflict (consumer, shard) do update set next = excluded.next
                 where excluded.next > consumer_offsets.next",
                offsets.collect(),
            ),
            (
                "delete from data_keys where customer in (select value->>0 from json_array_elements($1::json))",
                erased.clone(),
            ),
            (
                "delete from vault where customer in (select value->>0 from json_array_elements($1::json))",
                erased.clone(),
            ),
            (
                "delete from blind_index where customer in (select value->>0 from json_array_elements($1::json))",
                erased.clone(),
            ),
            ("delete from claims where owner in (select e.value->>0 from json_array_elements($1::json) e)", erased),
            (parked::INSERT, parked.into_iter().filter_map(|(_, row)| row).collect()),
            (parked::DELETE, unparked.collect()),
            (
                "delete from answered_requests where request in
                 (select a.request from answered_requests a, json_array_elements($1::json) e
                  where a.at < cast(e.value->>0 as bigint) order by a.at limit 1000)",
                forget_answers.collect(),
            ),
        ]
    }
}

/// Deletes what is published.
pub(super) async fn acknowledge(database: &mut impl Sql, published: u64) -> Answer<()> {
    database.run("delete from outbox where number <= $1", &[Bound::Number(signed(published))]).await
}

fn text_of<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("text, numbers and string keys serialise")
}
