//! What a loan's events so far have put on every account. Postings are never invented: an entry is what these balances
//! are after an event, less what they were before it.

use std::collections::BTreeMap;

use weir_money::{Currency, Money, MoneyError};

use super::Loan;
use super::stage::{Running, Stage};
use crate::ledger::{Account, Line};

impl Loan {
    /// What the loan's events have put on each of its own accounts. Positive is a debit.
    pub fn balances(&self) -> Result<BTreeMap<Account, Money>, MoneyError> {
        let accounts = Accounts::of(self)?.balances;
        Ok(accounts.into_iter().filter(|(account, _)| account.loan().is_some()).collect())
    }
}

#[derive(Debug)]
pub(super) struct Accounts {
    currency: Currency,
    balances: BTreeMap<Account, Money>,
}

impl Accounts {
    pub(super) fn of(loan: &Loan) -> Result<Self, MoneyError> {
        let principal = loan.signed.cost_table.principal;
        let currency = principal.currency();
        let mut accounts = Self { currency, balances: BTreeMap::new() };
        match &loan.stage {
            Stage::Signed | Stage::PayoutFailed { .. } | Stage::Cancelled { .. } => {}
            Stage::PayingOut { .. } => {
                accounts.put(Account::PayoutsInTransit(currency), principal)?;
                accounts.put(Account::HouseBank(currency), principal.checked_neg()?)?;
            }
            Stage::PaidOut(running) => accounts.put_running(loan, principal, running)?,
        }
        Ok(accounts)
    }

    fn put_running(&mut self, loan: &Loan, principal: Money, running: &Running) -> Result<(), MoneyError> {
        let (id, position) = (loan.id(), &running.position);
        let cash = position.received.checked_sub(principal)?.checked_sub(position.refunded)?;
        self.put(Account::HouseBank(self.currency), cash)?;
        if let Some(refund) = &running.refund_under_way {
            self.put(Account::PayoutsInTransit(self.currency), refund.amount)?;
            self.put(Account::HouseBank(self.currency), refund.amount.checked_neg()?)?;
        }
        self.put(Account::LoanPrincipal(id.clone()), principal)?;
        for installment in &position.installments {
            self.put(Account::LoanPrincipal(id.clone()), installment.principal_paid.checked_neg()?)?;
            // A settled loan earns nothing later: what it owed is recognised at once.
            let recognised =
                position.settled_on.is_some() || running.ended_through.is_some_and(|day| installment.due_on <= day);
            let paid = installment.interest_paid.checked_neg()?;
            if recognised {
                self.put(Account::InterestIncome(self.currency), installment.interest.checked_neg()?)?;
                self.put(Account::LoanInterest(id.clone()), installment.interest)?;
                self.put(Account::LoanInterest(id.clone()), paid)?;
            } else {
                self.put(Account::LoanInterestInAdvance(id.clone()), paid)?;
            }
        }
        self.put(Account::LoanCredit(id.clone()), position.overdraft.checked_sub(position.credit)?)
    }

    /// Positive is a debit.
    fn put(&mut self, account: Account, amount: Money) -> Result<(), MoneyError> {
        let balance = self.balances.entry(account).or_insert_with(|| Money::zero(self.currency));
        *balance = balance.checked_add(amount)?;
        Ok(())
    }

    /// Accounts on which something else stands than `trial` says, with the difference.
    #[cfg(test)]
    pub(super) fn less_balances(self, trial: &crate::ledger::TrialBalance) -> Vec<Line> {
        let balances = trial.balances().map(|(account, balance)| (account.clone(), balance)).collect();
        let currency = self.currency;
        self.less(Self { currency, balances }).expect("a test's sums are small")
    }

    /// The lines that lead from `before` to these balances, debits first.
    pub(super) fn less(mut self, before: Self) -> Result<Vec<Line>, MoneyError> {
        for (account, balance) in before.balances {
            self.put(account, balance.checked_neg()?)?;
        }
        let changed = self.balances.into_iter().filter(|(_, amount)| !amount.is_zero());
        let mut lines: Vec<_> = changed.map(|(account, amount)| Line::new(account, amount)).collect();
        lines.sort_by_key(|line| !line.is_debit());
        Ok(lines)
    }
}
