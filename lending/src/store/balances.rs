//! Sums over the journal's lines, page by page over the accounts, as there are several for every loan.

use std::collections::BTreeMap;

use weir_money::{Currency, Total};

use super::Balance;
use super::rows::{self, corrupt};
use super::sql::{Answer, Row, Sql, Value};
use crate::ledger::Account;

/// Accounts summed at a time.
const PAGE: i64 = 1_000;

/// Whoever calls it has opened a transaction in which the books do not move.
pub(super) async fn balances(database: &mut impl Sql) -> Answer<Vec<Balance>> {
    let mut sums: BTreeMap<(String, Currency), Total> = BTreeMap::new();
    let mut after = (String::new(), String::new());
    loop {
        let page = page(database, &after).await?;
        let Some((account, currency, _)) = page.last() else { break };
        after = (account.to_string(), currency.to_string());
        for (account, currency, total) in page {
            let sum = sums.entry((account.summary(), currency)).or_insert(Total::zero(currency));
            *sum = sum.with(total).map_err(|error| corrupt("balance", error))?;
        }
    }
    Ok(sums.into_iter().map(|((account, _), total)| Balance { account, total }).collect())
}

/// Sums by account and currency, from beyond one of them. Each is two, as a sum of 64-bit numbers may have more bits.
async fn page(
    database: &mut impl Sql,
    (account, currency): &(String, String),
) -> Answer<Vec<(Account, Currency, Total)>> {
    let sql = "select account, currency, cast(sum(minor_units / 4294967296) as bigint),
                      cast(sum(minor_units % 4294967296) as bigint)
               from journal_lines where (account, currency) > ($1, $2)
               group by account, currency order by account, currency limit $3";
    let values = [Value::Text(account), Value::Text(currency), Value::Number(PAGE)];
    let sums = database.rows(sql, &values).await?;
    sums.iter().map(sum).collect()
}

/// From account, currency, and a sum in units of 2^32 and of 1.
pub(super) fn sum(row: &impl Row) -> Answer<(Account, Currency, Total)> {
    let (currency, high, low) = (rows::currency(row, 1)?, row.number(2)?, row.number(3)?);
    let minor_units = (i128::from(high) << 32) + i128::from(low);
    let account = row.text(0)?.parse().map_err(|error| corrupt("account", error))?;
    Ok((account, currency, Total::from_minor_units(minor_units, currency)))
}
