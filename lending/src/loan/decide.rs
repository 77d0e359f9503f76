//! Which command may follow which state.

use chrono::NaiveDate;
use weir_money::Money;

use super::posting::{EntryError, entry};
use super::stage::{Running, Stage};
use super::{Answer, CancellationReason, Change, Loan, LoanCommand, LoanEvent, Refusal, RepaymentId, ReversalReason};

pub(super) type Decision = Result<Option<LoanEvent>, Refusal>;

impl Loan {
    /// Answers a command on the business date `on`. A command that came before is `AlreadyApplied`.
    pub fn decide(&self, command: &LoanCommand, on: NaiveDate) -> Result<Answer, Refusal> {
        let event = match command {
            LoanCommand::StartPayout { payment } => self.start_payout(payment, on)?,
            LoanCommand::StartRefund { payment } => self.start_refund(payment, on)?,
            LoanCommand::ConfirmPayment { payment, value_on } => self.confirm_payment(payment, *value_on, on)?,
            LoanCommand::FailPayment { payment, reason } => self.fail_payment(payment, reason, on)?,
            LoanCommand::Cancel { reason } => self.cancel(*reason, on)?,
            LoanCommand::Repay { repayment, amount, value_on } => self.repay(repayment, *amount, *value_on, on)?,
            LoanCommand::ReverseRepayment { repayment, reason } => self.reverse_repayment(repayment, *reason, on)?,
            LoanCommand::EndDay { through } => self.end_day(*through, on)?,
        };
        let Some(event) = event else { return Ok(Answer::AlreadyApplied) };
        let loan = self.after(&event)?;
        let entry = entry(self, &loan, &event).map_err(|error| match error {
            EntryError::Money(source) => Refusal::Money { loan: self.id().clone(), source },
            EntryError::Unbalanced(source) => Refusal::Entry { loan: self.id().clone(), source },
        })?;
        Ok(Answer::Applied(Box::new(Change { event, entry, loan })))
    }

    fn cancel(&self, reason: CancellationReason, on: NaiveDate) -> Decision {
        match &self.stage {
            Stage::Cancelled { .. } => Ok(None),
            Stage::Signed | Stage::PayoutFailed { .. } => {
                Ok(Some(LoanEvent::Cancelled { reason: reason.to_string(), booked_on: on }))
            }
            Stage::PayingOut { .. } | Stage::PaidOut(_) => {
                Err(self.refused("only a loan of which no money may have gone out is cancelled"))
            }
        }
    }

    fn repay(&self, repayment: &RepaymentId, amount: Money, given: Option<NaiveDate>, on: NaiveDate) -> Decision {
        let running = self.running("only a loan that is paid out takes a repayment")?;
        if let Some(booked) = running.repayments.iter().find(|booked| booked.id == *repayment) {
            // Without a date it is what it was, on whatever day it is reported again.
            return if booked.amount == amount && given.is_none_or(|given| given == booked.value_on) {
                Ok(None)
            } else {
                Err(Refusal::OtherRepayment { loan: self.id().clone(), repayment: repayment.clone() })
            };
        }
        let expected = self.signed.cost_table.principal.currency();
        if !amount.is_positive() || amount.currency() != expected {
            return Err(Refusal::Amount { loan: self.id().clone(), expected, found: amount });
        }
        let (first, value_on) = (running.paid_out_on, given.unwrap_or(on));
        if !(first..=on).contains(&value_on) {
            return Err(self.wrong_date("value_on", format!("a day from {first} to {on}"), value_on));
        }
        Ok(Some(LoanEvent::Repaid { repayment: repayment.clone(), amount, value_on, booked_on: on }))
    }

    fn reverse_repayment(&self, repayment: &RepaymentId, reason: ReversalReason, on: NaiveDate) -> Decision {
        let running = self.running("only a loan that is paid out has repayments")?;
        match running.repayments.iter().find(|booked| booked.id == *repayment) {
            None => Err(Refusal::NoRepayment { loan: self.id().clone(), repayment: repayment.clone() }),
            Some(booked) if booked.reversed => Ok(None),
            Some(_) => {
                let (repayment, reason) = (repayment.clone(), Some(reason));
                Ok(Some(LoanEvent::RepaymentReversed { repayment, reason, booked_on: on }))
            }
        }
    }

    /// A day without an installment to recognise leaves no event.
    fn end_day(&self, through: NaiveDate, on: NaiveDate) -> Decision {
        if through > on {
            return Err(self.wrong_date("through", format!("a day up to {on}"), through));
        }
        match &self.stage {
            // All its interest is recognised.
            Stage::PaidOut(running) if running.position.settled_on.is_some() => Ok(None),
            Stage::PaidOut(running) => {
                let falls_due = running.position.installments.iter().any(|installment| {
                    installment.due_on <= through && running.ended_through.is_none_or(|day| installment.due_on > day)
                });
                Ok(falls_due.then_some(LoanEvent::DayEnded { through, booked_on: on }))
            }
            Stage::Signed | Stage::PayingOut { .. } | Stage::PayoutFailed { .. } | Stage::Cancelled { .. } => Ok(None),
        }
    }

    pub(super) fn running(&self, rule: &'static str) -> Result<&Running, Refusal> {
        match &self.stage {
            Stage::PaidOut(running) => Ok(running),
            Stage::Signed | Stage::PayingOut { .. } | Stage::PayoutFailed { .. } | Stage::Cancelled { .. } => {
                Err(self.refused(rule))
            }
        }
    }

    /// That this is no state for what was asked.
    #[must_use]
    pub fn refused(&self, rule: &'static str) -> Refusal {
        Refusal::State { loan: self.id().clone(), state: self.state().to_string(), rule }
    }

    pub(super) fn wrong_date(&self, field: &'static str, expected: String, found: NaiveDate) -> Refusal {
        Refusal::Date { loan: self.id().clone(), field, expected, found }
    }
}
