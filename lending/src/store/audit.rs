//! The check of everything: the chain link by link, each entry against its lines, and the sums against the balances.
//! Whoever calls it has opened a transaction in which the books do not move.

use super::chain::Recount;
use super::rows::{self, signed, unsigned};
use super::sql::{Answer, Row, Sql, Value};
use super::{Broken, Chain, read};

/// Entries read at a time.
const PAGE: i64 = 1_000;

/// (account, currency, minor units)
type LineRow = (String, String, i64);

pub(super) async fn verify(database: &mut impl Sql) -> Answer<Result<u64, Broken>> {
    let (mut chain, mut recount) = (Chain::start(), Recount::default());
    loop {
        let after = signed(chain.number);
        let sql = "select number, entry, trace, previous, hash from journal where number > $1 order by number limit $2";
        let page = database.rows(sql, &[Value::Number(after), Value::Number(PAGE)]).await?;
        let Some(last) = page.last() else { break };
        let mut lines = lines(database, after, last.number(0)?).await?.into_iter().peekable();
        for row in &page {
            let number = row.number(0)?;
            let own = std::iter::from_fn(|| lines.next_if(|(of, _)| *of == number)).map(|(_, line)| line).collect();
            chain = match link(&chain, row, own, &mut recount)? {
                Ok(next) => next,
                Err(broken) => return Ok(Err(broken)),
            };
        }
    }
    let (house, sums) = (read::house_balances(database).await?, read::balances(database).await?);
    Ok(recount.check(&house, &sums).map(|()| chain.number))
}

async fn lines(database: &mut impl Sql, after: i64, last: i64) -> Answer<Vec<(i64, LineRow)>> {
    let sql = "select account, currency, minor_units, number from journal_lines
               where number > $1 and number <= $2 order by number, line";
    let rows = database.rows(sql, &[Value::Number(after), Value::Number(last)]).await?;
    rows.iter().map(|row| Ok((row.number(3)?, (row.text(0)?, row.text(1)?, row.number(2)?)))).collect()
}

/// The head of the chain after `row`, if it continues the chain and is what it says.
fn link(chain: &Chain, row: &impl Row, lines: Vec<LineRow>, recount: &mut Recount) -> Answer<Result<Chain, Broken>> {
    let number = unsigned(row.number(0)?);
    if number != chain.number + 1 {
        return Ok(Err(Broken::Gap { expected: chain.number + 1, found: number }));
    }
    let next = chain.extended(&row.text(1)?, &row.text(2)?);
    if next.hash.as_str() != row.text(4)? || chain.hash.as_str() != row.text(3)? {
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
    Ok(recount.take(&posted).map(|()| next))
}
