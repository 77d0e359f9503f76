//! A journal entry: dated lines that add up to zero in every currency. An unbalanced one cannot be built or read.

use std::collections::BTreeMap;
use std::fmt;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use weir_money::{Money, MoneyError};

use super::Account;

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum UnbalancedEntry {
    #[error("entry {entry} has no line")]
    Empty { entry: EntryId },
    #[error("entry {entry} has a line of zero on {account}")]
    ZeroLine { entry: EntryId, account: Account },
    #[error("entry {entry}: expected debits and credits to be equal, found {excess} more debit than credit")]
    Unbalanced { entry: EntryId, excess: Money },
    #[error("entry {entry}: the sum of its lines")]
    Sum { entry: EntryId, source: MoneyError },
}

/// `<loan>:<number of the loan event that caused it>`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EntryId(String);

impl EntryId {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why an entry was made. `reference` is the payment, repayment or day that caused it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "reference", rename_all = "snake_case")]
pub enum Cause {
    PayoutStarted(String),
    PayoutSucceeded(String),
    PayoutFailed(String),
    RefundStarted(String),
    RefundSucceeded(String),
    RefundFailed(String),
    Repayment(String),
    RepaymentReversed(String),
    DayEnd(NaiveDate),
}

/// `amount` is positive for a debit and negative for a credit, never zero.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    pub account: Account,
    pub amount: Money,
}

impl Line {
    #[must_use]
    pub const fn new(account: Account, amount: Money) -> Self {
        Self { account, amount }
    }

    #[must_use]
    pub const fn is_debit(&self) -> bool {
        self.amount.is_positive()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked", into = "Unchecked")]
pub struct Entry {
    id: EntryId,
    booked_on: NaiveDate,
    value_on: NaiveDate,
    cause: Cause,
    lines: Vec<Line>,
}

impl Entry {
    /// `booked_on` is the business date in force, `value_on` the date from which it counts.
    pub fn new(
        id: EntryId,
        booked_on: NaiveDate,
        value_on: NaiveDate,
        cause: Cause,
        lines: Vec<Line>,
    ) -> Result<Self, UnbalancedEntry> {
        if lines.is_empty() {
            return Err(UnbalancedEntry::Empty { entry: id });
        }
        let mut sums = BTreeMap::new();
        for Line { account, amount } in &lines {
            if amount.is_zero() {
                return Err(UnbalancedEntry::ZeroLine { entry: id, account: account.clone() });
            }
            let sum = sums.entry(amount.currency()).or_insert_with(|| Money::zero(amount.currency()));
            *sum = sum.checked_add(*amount).map_err(|source| UnbalancedEntry::Sum { entry: id.clone(), source })?;
        }
        match sums.into_values().find(|sum| !sum.is_zero()) {
            Some(excess) => Err(UnbalancedEntry::Unbalanced { entry: id, excess }),
            None => Ok(Self { id, booked_on, value_on, cause, lines }),
        }
    }

    #[must_use]
    pub const fn id(&self) -> &EntryId {
        &self.id
    }

    #[must_use]
    pub const fn booked_on(&self) -> NaiveDate {
        self.booked_on
    }

    #[must_use]
    pub const fn value_on(&self) -> NaiveDate {
        self.value_on
    }

    #[must_use]
    pub const fn cause(&self) -> &Cause {
        &self.cause
    }

    #[must_use]
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }
}

/// The stored form of an entry, before its balance has been checked.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    id: EntryId,
    booked_on: NaiveDate,
    value_on: NaiveDate,
    cause: Cause,
    lines: Vec<Line>,
}

impl TryFrom<Unchecked> for Entry {
    type Error = UnbalancedEntry;

    fn try_from(entry: Unchecked) -> Result<Self, UnbalancedEntry> {
        Self::new(entry.id, entry.booked_on, entry.value_on, entry.cause, entry.lines)
    }
}

impl From<Entry> for Unchecked {
    fn from(entry: Entry) -> Self {
        let Entry { id, booked_on, value_on, cause, lines } = entry;
        Self { id, booked_on, value_on, cause, lines }
    }
}

#[cfg(test)]
mod tests {
    use weir_money::Currency;

    use super::*;

    fn entry(lines: &[(Account, &str)]) -> Result<Entry, UnbalancedEntry> {
        let day = NaiveDate::from_ymd_opt(2024, 1, 1).unwrap();
        let lines = lines.iter().map(|(account, money)| Line::new(account.clone(), money.parse().unwrap())).collect();
        Entry::new(EntryId::new("L1:1"), day, day, Cause::PayoutStarted("P1".to_owned()), lines)
    }

    fn bank() -> Account {
        Account::HouseBank(Currency::EUR)
    }

    fn transit() -> Account {
        Account::PayoutsInTransit(Currency::EUR)
    }

    #[test]
    fn an_entry_whose_lines_do_not_add_up_to_zero_cannot_be_built() {
        assert!(entry(&[(bank(), "-1.00 EUR"), (transit(), "1.00 EUR")]).is_ok());
        let error = entry(&[(bank(), "-1.00 EUR"), (transit(), "1.01 EUR")]).unwrap_err();
        assert!(error.to_string().contains("0.01 EUR more debit"), "{error}");
        assert!(entry(&[]).is_err());
        assert!(entry(&[(bank(), "0.00 EUR")]).is_err());
    }

    #[test]
    fn each_currency_balances_by_itself() {
        let lines = [(bank(), "-1.00 EUR"), (transit(), "1.00 EUR"), (bank(), "-5.00 USD"), (transit(), "4.00 USD")];
        assert!(entry(&lines).unwrap_err().to_string().contains("-1.00 USD"));
    }

    #[test]
    fn an_unbalanced_entry_cannot_be_read_either() {
        let json = serde_json::to_string(&entry(&[(bank(), "-1.00 EUR"), (transit(), "1.00 EUR")]).unwrap()).unwrap();
        assert!(serde_json::from_str::<Entry>(&json).is_ok());
        assert!(serde_json::from_str::<Entry>(&json.replace("\"-1.00 EUR", "\"-1.01 EUR")).is_err());
    }
}
