//! The check of the journal: the chain link by link, each entry against its lines, and the sums of the house's accounts
//! against the balances that are kept netted. Page by page, so that neither memory nor a transaction grows with it:
//! what is in the chain never changes, and the last page is read at one moment with the balances.

use std::collections::BTreeMap;

use weir_money::{Currency, Total};

use super::rows::{self, signed, unsigned};
use super::sql::{Answer, Row, Sql, Value};
use super::{Broken, Chain, Posted};

/// Entries read at a time.
const PAGE: i64 = 1_000;

/// (account, currency, minor units)
type LineRow = (String, String, i64);

/// How far an audit has come.
#[derive(Debug)]
pub(super) struct Audit {
    chain: Chain,
    /// By account, over the entries so far.
    house: BTreeMap<(String, Currency), Total>,
}

impl Audit {
    pub(super) fn start() -> Self {
        Self { chain: Chain::start(), house: BTreeMap::new() }
    }

    /// Entries checked so far.
    pub(super) const fn entries(&self) -> u64 {
        self.chain.number
    }

    /// Checks one more page; the verdict once there is no more. Whoever calls it has opened a transaction in which the
    /// books do not move.
    pub(super) async fn page(&mut self, database: &mut impl Sql) -> Answer<Option<Result<u64, Broken>>> {
        let after = signed(self.chain.number);
        let sql = "select number, entry, trace, previous, hash from journal where number > $1 order by number limit $2";
        let page = database.rows(sql, &[Value::Number(after), Value::Number(PAGE)]).await?;
        let Some(last) = page.last() else { return Ok(Some(self.end(database).await?)) };
        let mut lines = lines(database, after, last.number(0)?).await?.into_iter().peekable();
        for row in &page {
            let number = row.number(0)?;
            let own = std::iter::from_fn(|| lines.next_if(|(of, _)| *of == number)).map(|(_, line)| line).collect();
            if let Err(broken) = self.link(row, own)? {
                return Ok(Some(Err(broken)));
            }
        }
        Ok(None)
    }

    /// Takes in the row if it continues the chain and is what it says.
    fn link(&mut self, row: &impl Row, lines: Vec<LineRow>) -> Answer<Result<(), Broken>> {
        let number = unsigned(row.number(0)?);
        if number != self.chain.number + 1 {
            return Ok(Err(Broken::Gap { expected: self.chain.number + 1, found: number }));
        }
        let next = self.chain.extended(&row.text(1)?, &row.text(2)?);
        if next.hash.as_str() != row.text(4)? || self.chain.hash.as_str() != row.text(3)? {
            return Ok(Err(Broken::Hash { number }));
        }
        let posted = match rows::posted(row) {
            Ok(posted) => posted,
            Err(error) => return Ok(Err(Broken::Unreadable { number, reason: error.to_string() })),
        };
        let line = |line: &crate::ledger::Line| {
            (line.account.to_string(), line.amount.currency().to_string(), line.amount.minor_units())
        };
        if posted.entry.lines().iter().map(line).collect::<Vec<_>>() != lines {
            return Ok(Err(Broken::Lines { number }));
        }
        self.add(&posted);
        self.chain = next;
        Ok(Ok(()))
    }

    fn add(&mut self, posted: &Posted) {
        for line in posted.entry.lines().iter().filter(|line| line.account.loan().is_none()) {
            let currency = line.amount.currency();
            let sum = self.house.entry((line.account.to_string(), currency)).or_insert(Total::zero(currency));
            *sum = sum.with(line.amount).unwrap_or(*sum);
        }
    }

    async fn end(&self, database: &mut impl Sql) -> Answer<Result<u64, Broken>> {
        let sql = "select count(*) from journal_lines where number < 1 or number > $1";
        let stray = database.rows(sql, &[Value::Number(signed(self.chain.number))]).await?;
        let stray = stray.first().map(|row| row.number(0)).transpose()?.map_or(0, unsigned);
        if stray > 0 {
            return Ok(Err(Broken::Stray { count: stray }));
        }
        let kept = house_balances(database).await?;
        let expected = |(key, journal): (&(String, Currency), &Total)| (key.clone(), journal.minor_units().to_string());
        let expected: BTreeMap<_, _> = self.house.iter().map(expected).collect();
        let zero = "0".to_owned();
        let differs = |key: &&(String, Currency)| expected.get(key).unwrap_or(&zero) != kept.get(key).unwrap_or(&zero);
        Ok(match expected.keys().chain(kept.keys()).find(differs) {
            None => Ok(self.chain.number),
            Some(key) => {
                let journal = self.house.get(key).copied().unwrap_or(Total::zero(key.1));
                let balance = kept.get(key).unwrap_or(&zero);
                let balance = balance.parse().map_or_else(
                    |_| format!("`{balance}`, which is no amount"),
                    |minor_units| Total::from_minor_units(minor_units, key.1).to_string(),
                );
                Err(Broken::Balance { account: key.0.clone(), journal, balance })
            }
        })
    }
}

async fn lines(database: &mut impl Sql, after: i64, last: i64) -> Answer<Vec<(i64, LineRow)>> {
    let sql = "select account, currency, minor_units, number from journal_lines
               where number > $1 and number <= $2 order by number, line";
    let rows = database.rows(sql, &[Value::Number(after), Value::Number(last)]).await?;
    rows.iter().map(|row| Ok((row.number(3)?, (row.text(0)?, row.text(1)?, row.number(2)?)))).collect()
}

/// Minor units as text, as they are kept netted beside the journal: a column of SQLite may hold anything.
async fn house_balances(database: &mut impl Sql) -> Answer<BTreeMap<(String, Currency), String>> {
    let sql = "select account, currency, cast(minor_units as text) from house_balances";
    let rows = database.rows(sql, &[]).await?;
    rows.iter().map(|row| Ok(((row.text(0)?, rows::currency(row, 1)?), row.text(2)?))).collect()
}
