//! One installment of a running loan: what it asks for after the payout, what is paid on it, and what it has earned.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::Serialize;
use weir_money::{Money, MoneyError};

use crate::schedule::Installment;

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InstallmentPosition {
    pub number: u32,
    /// Interest counts from the day after.
    pub starts_on: NaiveDate,
    pub due_on: NaiveDate,
    pub principal: Money,
    /// As signed, less what a late payout or an early settlement spared.
    pub interest: Money,
    pub principal_paid: Money,
    pub interest_paid: Money,
    /// The value date of the payment that completed it.
    pub paid_on: Option<NaiveDate>,
}

impl InstallmentPosition {
    /// `start` is the due date before. Interest up to and including a later payout is not owed.
    pub(super) fn new(start: NaiveDate, installment: &Installment, paid_out_on: NaiveDate) -> Result<Self, MoneyError> {
        let (due_on, nothing) = (installment.due_on, Money::zero(installment.interest.currency()));
        let charged = |from: NaiveDate| share(installment.interest, days(from, due_on), days(start, due_on));
        let (starts_on, interest) = if paid_out_on <= start {
            (start, installment.interest)
        } else {
            let first_charged = paid_out_on.succ_opt().unwrap_or(due_on).min(due_on);
            (first_charged, charged(first_charged)?)
        };
        Ok(Self {
            number: installment.number,
            starts_on,
            due_on,
            principal: installment.principal,
            interest,
            principal_paid: nothing,
            interest_paid: nothing,
            paid_on: None,
        })
    }

    /// What a settlement on `date` owes of this installment's interest: all of it from the due date on, before that the
    /// part of the days since the start, the day itself not counted.
    pub(super) fn interest_earned_by(&self, date: NaiveDate) -> Result<Money, MoneyError> {
        if date >= self.due_on {
            return Ok(self.interest);
        }
        let earned = (days(self.starts_on, date) - 1).max(0);
        share(self.interest, earned, days(self.starts_on, self.due_on))
    }

    pub fn outstanding(&self) -> Result<Money, MoneyError> {
        let due = self.principal.checked_add(self.interest)?;
        due.checked_sub(self.principal_paid)?.checked_sub(self.interest_paid)
    }

    #[must_use]
    pub fn is_open(&self) -> bool {
        self.principal_paid != self.principal || self.interest_paid != self.interest
    }

    /// Takes from `money` what it still owes, interest before principal, and leaves the rest.
    pub(super) fn take(&mut self, money: &mut Money, value_on: NaiveDate) -> Result<(), MoneyError> {
        for (owed, paid) in [(self.interest, &mut self.interest_paid), (self.principal, &mut self.principal_paid)] {
            let part = owed.checked_sub(*paid)?.checked_min(*money)?;
            *paid = paid.checked_add(part)?;
            *money = money.checked_sub(part)?;
        }
        if self.paid_on.is_none() && !self.is_open() {
            self.paid_on = Some(value_on);
        }
        Ok(())
    }
}

fn days(from: NaiveDate, to: NaiveDate) -> i64 {
    (to - from).num_days()
}

/// `part` of `whole` days of an amount, rounded half-even.
fn share(amount: Money, part: i64, whole: i64) -> Result<Money, MoneyError> {
    if whole <= 0 {
        return Ok(Money::zero(amount.currency()));
    }
    let share = amount.major_units().checked_mul(Decimal::from(part)).ok_or(MoneyError::Overflow)?;
    Money::round_half_even(share / Decimal::from(whole), amount.currency())
}
