//! What a paid-out loan owes: the signed schedule with the payout and every repayment that was not reversed laid on it, in
//! order of value date, then of booking. A pure function, computed anew whenever it is asked for.

use chrono::NaiveDate;
use weir_money::{Currency, Money, MoneyError};

use super::stage::Refund;
use super::{InstallmentPosition, RepaymentId};
use crate::product::EarlyRepayment;
use crate::quote::CostTable;

/// Money that came in for the loan. One that went back has no effect on the fold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Repayment {
    pub(super) id: RepaymentId,
    pub(super) amount: Money,
    pub(super) value_on: NaiveDate,
    pub(super) reversed: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    pub installments: Vec<InstallmentPosition>,
    /// All repayments that were not reversed.
    pub received: Money,
    /// Paid back of what was received.
    pub refunded: Money,
    /// Beyond everything owed, and not refunded: the borrower's.
    pub credit: Money,
    /// Refunded beyond the credit, as a repayment was reversed after it: the borrower owes it, without interest.
    pub overdraft: Money,
    /// The value date of the repayment with which nothing was owed any more.
    pub settled_on: Option<NaiveDate>,
    early_repayment: EarlyRepayment,
}

impl Position {
    pub(super) fn fold(
        table: &CostTable,
        paid_out_on: NaiveDate,
        repayments: &[Repayment],
        refunds: &[Refund],
    ) -> Result<Self, MoneyError> {
        let installments = table
            .schedule
            .with_starts()
            .map(|(start, installment)| InstallmentPosition::new(start, installment, paid_out_on))
            .collect::<Result<Vec<_>, _>>()?;
        let nothing = Money::zero(table.principal.currency());
        let mut position = Self {
            installments,
            received: nothing,
            refunded: nothing,
            credit: nothing,
            overdraft: nothing,
            settled_on: None,
            early_repayment: table.early_repayment,
        };
        let mut unreversed: Vec<_> = repayments.iter().filter(|repayment| !repayment.reversed).collect();
        unreversed.sort_by_key(|repayment| repayment.value_on);
        position.settle(&unreversed)?;
        for repayment in unreversed {
            position.lay(repayment)?;
        }
        position.refund(refunds)?;
        Ok(position)
    }

    /// Lays refunds on the credit. They change no installment: a settled loan stays settled.
    fn refund(&mut self, refunds: &[Refund]) -> Result<(), MoneyError> {
        for refund in refunds {
            self.refunded = self.refunded.checked_add(refund.amount)?;
        }
        let from_credit = self.credit.checked_min(self.refunded)?;
        self.credit = self.credit.checked_sub(from_credit)?;
        self.overdraft = self.refunded.checked_sub(from_credit)?;
        Ok(())
    }

    /// Finds the first repayment with which everything owed by its date has been received, and drops the interest that
    /// is not owed after it.
    fn settle(&mut self, repayments: &[&Repayment]) -> Result<(), MoneyError> {
        for repayment in repayments {
            self.received = self.received.checked_add(repayment.amount)?;
            let date = repayment.value_on;
            if self.settled_on.is_none() && !self.open_on(date)?.is_positive() {
                self.settled_on = Some(date);
                for installment in &mut self.installments {
                    installment.interest = owed_interest(self.early_repayment, installment, date)?;
                }
            }
        }
        Ok(())
    }

    /// Oldest installment first: past due, then due, then in advance.
    fn lay(&mut self, repayment: &Repayment) -> Result<(), MoneyError> {
        let mut rest = repayment.amount;
        for installment in &mut self.installments {
            installment.take(&mut rest, repayment.value_on)?;
        }
        self.credit = self.credit.checked_add(rest)?;
        Ok(())
    }

    /// What a payment valued on `date` must bring to settle the loan; never below zero.
    pub fn payoff_amount(&self, date: NaiveDate) -> Result<Money, MoneyError> {
        match self.settled_on {
            Some(_) => Ok(self.overdraft),
            None => self.open_on(date)?.checked_add(self.overdraft),
        }
    }

    /// Of principal and interest, at a settlement on `date`.
    fn open_on(&self, date: NaiveDate) -> Result<Money, MoneyError> {
        let mut owed = self.sum(|installment| Ok(installment.principal))?;
        for installment in &self.installments {
            owed = owed.checked_add(owed_interest(self.early_repayment, installment, date)?)?;
        }
        let open = owed.checked_sub(self.received)?;
        Ok(if open.is_negative() { Money::zero(self.currency()) } else { open })
    }

    pub fn outstanding(&self) -> Result<Money, MoneyError> {
        self.sum(InstallmentPosition::outstanding)?.checked_add(self.overdraft)
    }

    /// Outstanding of the installments due on or before `date`, and what was refunded beyond the credit.
    pub fn due_by(&self, date: NaiveDate) -> Result<Money, MoneyError> {
        let due = self.sum(|installment| {
            if installment.due_on <= date { installment.outstanding() } else { Ok(Money::zero(self.currency())) }
        })?;
        due.checked_add(self.overdraft)
    }

    /// The oldest installment that still asks for money.
    #[must_use]
    pub fn oldest_open(&self) -> Option<&InstallmentPosition> {
        self.installments.iter().find(|installment| installment.is_open())
    }

    /// Days since the oldest open due date before `date`; 0 when nothing is past due.
    #[must_use]
    pub fn days_past_due(&self, date: NaiveDate) -> u32 {
        self.oldest_open().map_or(0, |oldest| u32::try_from((date - oldest.due_on).num_days()).unwrap_or(0))
    }

    #[must_use]
    pub const fn currency(&self) -> Currency {
        self.received.currency()
    }

    pub(super) fn sum(
        &self,
        part: impl Fn(&InstallmentPosition) -> Result<Money, MoneyError>,
    ) -> Result<Money, MoneyError> {
        self.installments
            .iter()
            .try_fold(Money::zero(self.currency()), |sum, installment| sum.checked_add(part(installment)?))
    }
}

/// What a settlement on `date` owes of an installment's interest.
fn owed_interest(
    rule: EarlyRepayment,
    installment: &InstallmentPosition,
    date: NaiveDate,
) -> Result<Money, MoneyError> {
    match rule {
        EarlyRepayment::AccruedInterest => installment.interest_earned_by(date),
        EarlyRepayment::ScheduledInterest => Ok(installment.interest),
    }
}
