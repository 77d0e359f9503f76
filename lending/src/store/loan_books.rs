//! Loans side by side with the journal, page by page: a loan's events, and what the journal has on its accounts.

use std::collections::BTreeMap;

use serde_json::json;
use weir_messages::LoanId;
use weir_money::{Currency, Total};

use super::balances;
use super::sql::{Answer, Row, Sql, Value};
use crate::ledger::Account;

/// What two records of one loan say, at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoanBooks {
    pub loan: LoanId,
    /// Bodies in order.
    pub events: Vec<String>,
    /// Sums over the journal's lines. An account that was never posted to is absent.
    pub journal: BTreeMap<(Account, Currency), Total>,
}

/// Streams and accounts of loans lie between these, byte by byte: `;` comes after `:`.
const FIRST: &str = "loan:";
const BEYOND: &str = "loan;";

/// Loans beyond `after`, in order. Whoever calls it has opened a transaction in which the books do not move.
pub(super) async fn page(database: &mut impl Sql, after: Option<&LoanId>, limit: u32) -> Answer<Vec<LoanBooks>> {
    let sql = "select stream from stream_events where version = 1 and stream > $1 and stream < $2
               order by stream limit $3";
    let after = after.map_or_else(|| FIRST.to_owned(), |loan| format!("{FIRST}{loan}"));
    let values = [Value::Text(&after), Value::Text(BEYOND), Value::Number(limit.into())];
    let mut loans = BTreeMap::new();
    for row in database.rows(sql, &values).await? {
        let stream = row.text(0)?;
        let loan = LoanId::new(stream.trim_start_matches(FIRST));
        loans.insert(stream, LoanBooks { loan, events: Vec::new(), journal: BTreeMap::new() });
    }
    put_events(database, &mut loans).await?;
    put_journal(database, &mut loans).await?;
    Ok(loans.into_values().collect())
}

type ByStream = BTreeMap<String, LoanBooks>;

async fn put_events(database: &mut impl Sql, loans: &mut ByStream) -> Answer<()> {
    let sql = "select stream, body from stream_events
               where stream in (select value->>0 from json_array_elements($1::json)) order by stream, version";
    let streams = json!(loans.keys().map(|stream| [stream]).collect::<Vec<_>>()).to_string();
    for row in database.rows(sql, &[Value::Text(&streams)]).await? {
        let body = row.text(1)?;
        loans.entry(row.text(0)?).and_modify(|books| books.events.push(body));
    }
    Ok(())
}

async fn put_journal(database: &mut impl Sql, loans: &mut ByStream) -> Answer<()> {
    let sql = "select account, currency, cast(sum(minor_units / 4294967296) as bigint),
                      cast(sum(minor_units % 4294967296) as bigint)
               from journal_lines where account in (select value->>0 from json_array_elements($1::json))
               group by account, currency";
    let accounts = loans.values().flat_map(|books| Account::of_loan(&books.loan)).map(|account| [account]);
    let accounts = json!(accounts.collect::<Vec<_>>()).to_string();
    for row in database.rows(sql, &[Value::Text(&accounts)]).await? {
        let (account, currency, total) = balances::sum(&row)?;
        let stream = account.loan().map(|loan| format!("{FIRST}{loan}"));
        if let Some(books) = stream.and_then(|stream| loans.get_mut(&stream)) {
            books.journal.insert((account, currency), total);
        }
    }
    Ok(())
}

/// Loans' accounts beyond `after` that the journal names, in order, each with whether there is such a loan.
pub(super) async fn accounts(database: &mut impl Sql, after: Option<&str>, limit: u32) -> Answer<Vec<(String, bool)>> {
    let sql = "select account from journal_lines where account > $1 and account < $2
               group by account order by account limit $3";
    let values = [Value::Text(after.unwrap_or(FIRST)), Value::Text(BEYOND), Value::Number(limit.into())];
    let accounts = database.rows(sql, &values).await?;
    let accounts: Vec<String> = accounts.iter().map(|row| row.text(0)).collect::<Answer<_>>()?;
    let stream = |account: &str| account.rsplit_once(':').map_or(account, |(loan, _)| loan).to_owned();
    let streams = json!(accounts.iter().map(|account| [stream(account)]).collect::<Vec<_>>()).to_string();
    let sql = "select stream from stream_events
               where version = 1 and stream in (select value->>0 from json_array_elements($1::json))";
    let known = database.rows(sql, &[Value::Text(&streams)]).await?;
    let known: std::collections::BTreeSet<String> = known.iter().map(|row| row.text(0)).collect::<Answer<_>>()?;
    let known = |account: &str| known.contains(&stream(account));
    Ok(accounts.into_iter().map(|account| (account.clone(), known(&account))).collect())
}
