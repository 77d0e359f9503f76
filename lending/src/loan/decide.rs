//! Which command may follow which state.

use chrono::NaiveDate;
use weir_money::Money;

use super::lifecycle::{EntryError, Running, Stage};
use super::{Answer, Change, Loan, LoanCommand, LoanEvent, PaymentId, Refusal, RepaymentId};

type Decision = Result<Option<LoanEvent>, Refusal>;

impl Loan {
    /// Answers a command on the business date `on`. A command that came before is `AlreadyApplied`.
    pub fn decide(&self, command: &LoanCommand, on: NaiveDate) -> Result<Answer, Refusal> {
        let event = match command {
            LoanCommand::StartPayout { payment } => self.start_payout(payment, on)?,
            LoanCommand::ConfirmPayout { payment, value_on } => self.confirm_payout(payment, *value_on, on)?,
            LoanCommand::FailPayout { payment, reason } => self.fail_payout(payment, reason, on)?,
            LoanCommand::Cancel { reason } => self.cancel(reason, on)?,
            LoanCommand::Repay { repayment, amount, value_on } => self.repay(repayment, *amount, *value_on, on)?,
            LoanCommand::ReverseRepayment { repayment } => self.reverse_repayment(repayment, on)?,
            LoanCommand::EndDay { through } => self.end_day(*through, on)?,
        };
        let Some(event) = event else { return Ok(Answer::AlreadyApplied) };
        let loan = self.after(&event)?;
        let entry = self.entry(&loan, &event).map_err(|error| match error {
            EntryError::Money(source) => Refusal::Money { loan: self.id().clone(), source },
            EntryError::Unbalanced(source) => Refusal::Entry { loan: self.id().clone(), source },
        })?;
        Ok(Answer::Applied(Box::new(Change { event, entry, loan })))
    }

    fn start_payout(&self, payment: &PaymentId, on: NaiveDate) -> Decision {
        match &self.stage {
            Stage::PayingOut { payment: running, .. } | Stage::PaidOut(Running { payment: running, .. }) => {
                self.same_payment(running, payment)?;
                Ok(None)
            }
            Stage::Cancelled { .. } => Err(self.refused("only a signed loan is paid out")),
            Stage::Signed | Stage::PayoutFailed { .. } => {
                if self.failed_payments.contains(payment) {
                    return Err(Refusal::FailedPayment { loan: self.id().clone(), payment: payment.clone() });
                }
                let table = &self.signed.cost_table;
                let (first, last) = (table.schedule.starts_on, table.last_payout_on());
                if !(first..=last).contains(&on) {
                    return Err(self.wrong_date("payout", format!("a day from {first} to {last}"), on));
                }
                Ok(Some(LoanEvent::PayoutStarted { payment: payment.clone(), booked_on: on }))
            }
        }
    }

    fn confirm_payout(&self, payment: &PaymentId, value_on: NaiveDate, on: NaiveDate) -> Decision {
        match &self.stage {
            Stage::PayingOut { payment: running, started_on } => {
                self.same_payment(running, payment)?;
                if !(*started_on..=on).contains(&value_on) {
                    return Err(self.wrong_date("value_on", format!("a day from {started_on} to {on}"), value_on));
                }
                Ok(Some(LoanEvent::PayoutSucceeded { payment: payment.clone(), value_on, booked_on: on }))
            }
            Stage::PaidOut(running) => self.same_payment(&running.payment, payment).map(|()| None),
            Stage::Signed | Stage::PayoutFailed { .. } | Stage::Cancelled { .. } => {
                Err(self.refused("only a payout under way can succeed"))
            }
        }
    }

    fn fail_payout(&self, payment: &PaymentId, reason: &str, on: NaiveDate) -> Decision {
        if self.failed_payments.contains(payment) {
            return Ok(None);
        }
        match &self.stage {
            Stage::PayingOut { payment: running, .. } => {
                self.same_payment(running, payment)?;
                let (payment, reason) = (payment.clone(), reason.to_owned());
                Ok(Some(LoanEvent::PayoutFailed { payment, reason, booked_on: on }))
            }
            Stage::Signed | Stage::PayoutFailed { .. } | Stage::Cancelled { .. } | Stage::PaidOut(_) => {
                Err(self.refused("only a payout under way can fail"))
            }
        }
    }

    fn cancel(&self, reason: &str, on: NaiveDate) -> Decision {
        match &self.stage {
            Stage::Cancelled { .. } => Ok(None),
            Stage::Signed | Stage::PayoutFailed { .. } => {
                Ok(Some(LoanEvent::Cancelled { reason: reason.to_owned(), booked_on: on }))
            }
            Stage::PayingOut { .. } | Stage::PaidOut(_) => {
                Err(self.refused("only a loan of which no money may have gone out is cancelled"))
            }
        }
    }

    fn repay(&self, repayment: &RepaymentId, amount: Money, value_on: NaiveDate, on: NaiveDate) -> Decision {
        let running = self.running("only a loan that is paid out takes a repayment")?;
        if let Some(booked) = running.repayments.iter().find(|booked| booked.id == *repayment) {
            return if (booked.amount, booked.value_on) == (amount, value_on) {
                Ok(None)
            } else {
                Err(Refusal::OtherRepayment { loan: self.id().clone(), repayment: repayment.clone() })
            };
        }
        let expected = self.signed.cost_table.principal.currency();
        if !amount.is_positive() || amount.currency() != expected {
            return Err(Refusal::Amount { loan: self.id().clone(), expected, found: amount });
        }
        let first = running.paid_out_on;
        if !(first..=on).contains(&value_on) {
            return Err(self.wrong_date("value_on", format!("a day from {first} to {on}"), value_on));
        }
        Ok(Some(LoanEvent::Repaid { repayment: repayment.clone(), amount, value_on, booked_on: on }))
    }

    fn reverse_repayment(&self, repayment: &RepaymentId, on: NaiveDate) -> Decision {
        let running = self.running("only a loan that is paid out has repayments")?;
        match running.repayments.iter().find(|booked| booked.id == *repayment) {
            None => Err(Refusal::NoRepayment { loan: self.id().clone(), repayment: repayment.clone() }),
            Some(booked) if booked.reversed => Ok(None),
            Some(_) => Ok(Some(LoanEvent::RepaymentReversed { repayment: repayment.clone(), booked_on: on })),
        }
    }

    /// A day without an installment to recognise leaves no event.
    fn end_day(&self, through: NaiveDate, on: NaiveDate) -> Decision {
        if through > on {
            return Err(self.wrong_date("through", format!("a day up to {on}"), through));
        }
        match &self.stage {
            Stage::PaidOut(running) => {
                let falls_due = running.position.installments.iter().any(|installment| {
                    installment.due_on <= through && running.ended_through.is_none_or(|day| installment.due_on > day)
                });
                Ok(falls_due.then_some(LoanEvent::DayEnded { through, booked_on: on }))
            }
            Stage::Signed | Stage::PayingOut { .. } | Stage::PayoutFailed { .. } | Stage::Cancelled { .. } => Ok(None),
        }
    }

    fn running(&self, rule: &'static str) -> Result<&Running, Refusal> {
        match &self.stage {
            Stage::PaidOut(running) => Ok(running),
            Stage::Signed | Stage::PayingOut { .. } | Stage::PayoutFailed { .. } | Stage::Cancelled { .. } => {
                Err(self.refused(rule))
            }
        }
    }

    fn same_payment(&self, expected: &PaymentId, found: &PaymentId) -> Result<(), Refusal> {
        if expected == found {
            return Ok(());
        }
        let (expected, found) = (expected.clone(), found.clone());
        Err(Refusal::OtherPayment { loan: self.id().clone(), expected, found })
    }

    fn refused(&self, rule: &'static str) -> Refusal {
        Refusal::State { loan: self.id().clone(), state: self.state().to_string(), rule }
    }

    fn wrong_date(&self, field: &'static str, expected: String, found: NaiveDate) -> Refusal {
        Refusal::Date { loan: self.id().clone(), field, expected, found }
    }
}
