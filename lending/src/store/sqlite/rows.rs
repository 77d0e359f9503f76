//! Between SQLite's 64-bit signed integers and text, and ours.

use weir_money::{Currency, Money};

use super::StoreError;
use crate::store::Balance;

/// Numbers count rows: none comes near the limit.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

pub(super) fn corrupt(what: impl Into<String>, reason: impl std::fmt::Display) -> StoreError {
    StoreError::Corrupt { what: what.into(), reason: reason.to_string() }
}

/// (account, currency, minor units)
pub(super) type BalanceRow = (String, String, i64);

pub(super) fn balance((account, currency, minor_units): BalanceRow) -> Result<Balance, StoreError> {
    let currency: Currency = currency.parse().map_err(|error| corrupt("balance", error))?;
    Ok(Balance {
        account: account.parse().map_err(|error| corrupt("balance", error))?,
        amount: Money::from_minor_units(minor_units, currency),
    })
}
