//! The balance of every account over a set of entries. Over whole entries each currency adds up to zero.

use std::collections::BTreeMap;

use weir_money::{Currency, Money, MoneyError};

use super::{Account, Entry, Line};

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrialBalance {
    balances: BTreeMap<(Account, Currency), Money>,
}

impl TrialBalance {
    pub fn of<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Result<Self, MoneyError> {
        let mut balance = Self::default();
        entries.into_iter().try_for_each(|entry| balance.post(entry.lines()))?;
        Ok(balance)
    }

    pub fn post(&mut self, lines: &[Line]) -> Result<(), MoneyError> {
        for Line { account, amount } in lines {
            let currency = amount.currency();
            let balance = self.balances.entry((account.clone(), currency)).or_insert_with(|| Money::zero(currency));
            *balance = balance.checked_add(*amount)?;
        }
        Ok(())
    }

    /// Accounts in order of their kind and owner; a debit balance is positive. An account that came back to zero stays.
    pub fn balances(&self) -> impl Iterator<Item = (&Account, Money)> {
        self.balances.iter().map(|((account, _), balance)| (account, *balance))
    }

    /// Zero for an account never posted to.
    #[must_use]
    pub fn balance(&self, account: &Account, currency: Currency) -> Money {
        self.balances.get(&(account.clone(), currency)).copied().unwrap_or_else(|| Money::zero(currency))
    }

    /// Debits less credits of each currency: all zero, or an entry is missing or torn.
    pub fn totals(&self) -> Result<BTreeMap<Currency, Money>, MoneyError> {
        let mut totals = BTreeMap::new();
        for ((_, currency), balance) in &self.balances {
            let total = totals.entry(*currency).or_insert_with(|| Money::zero(*currency));
            *total = total.checked_add(*balance)?;
        }
        Ok(totals)
    }

    pub fn is_zero(&self) -> Result<bool, MoneyError> {
        Ok(self.totals()?.values().all(|total| total.is_zero()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(account: &str, money: &str) -> Line {
        Line::new(account.parse().unwrap(), money.parse().unwrap())
    }

    #[test]
    fn a_torn_entry_shows_in_the_total_of_its_currency() {
        let mut balance = TrialBalance::default();
        balance.post(&[line("loan:L1:principal", "10.00 EUR"), line("house:bank:EUR", "-10.00 EUR")]).unwrap();
        assert!(balance.is_zero().unwrap());
        balance.post(&[line("house:bank:USD", "1.00 USD")]).unwrap();
        assert!(!balance.is_zero().unwrap());
        assert_eq!(balance.totals().unwrap()[&Currency::EUR], Money::zero(Currency::EUR));
        assert_eq!(balance.totals().unwrap()[&Currency::USD].to_string(), "1.00 USD");
    }

    #[test]
    fn a_balance_is_the_sum_of_its_lines() {
        let mut balance = TrialBalance::default();
        for money in ["10.00 EUR", "-2.50 EUR"] {
            balance.post(&[line("loan:L1:principal", money)]).unwrap();
        }
        let account = "loan:L1:principal".parse().unwrap();
        assert_eq!(balance.balance(&account, Currency::EUR).to_string(), "7.50 EUR");
        assert_eq!(balance.balance(&account, Currency::USD).to_string(), "0.00 USD");
    }
}
