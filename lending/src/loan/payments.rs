//! Money that goes out through the payment channel: the payout, and the refund of a credit. One at a time, and never
//! under an id that was used before.

use chrono::NaiveDate;
use weir_money::Money;

use super::decide::Decision;
use super::stage::{Running, Stage};
use super::{FailureReason, Loan, LoanEvent, PaymentId, Refusal};

/// Ordered from the channel, its outcome not known yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenPayment {
    pub payment: PaymentId,
    pub amount: Money,
}

impl Loan {
    /// What the payment channel is to pay, or has paid without our knowing it yet.
    #[must_use]
    pub fn open_payment(&self) -> Option<OpenPayment> {
        match &self.stage {
            Stage::PayingOut { payment, .. } => {
                Some(OpenPayment { payment: payment.clone(), amount: self.signed.cost_table.principal })
            }
            Stage::PaidOut(Running { refund_under_way: Some(refund), .. }) => {
                Some(OpenPayment { payment: refund.payment.clone(), amount: refund.amount })
            }
            Stage::Signed | Stage::PayoutFailed { .. } | Stage::Cancelled { .. } | Stage::PaidOut(_) => None,
        }
    }

    /// Why the latest payout or refund failed; `None` where it did not.
    #[must_use]
    pub const fn payment_failure(&self) -> Option<&FailureReason> {
        match &self.stage {
            Stage::PayoutFailed { reason, .. } => Some(reason),
            Stage::PaidOut(running) => running.refund_failure.as_ref(),
            Stage::Signed | Stage::PayingOut { .. } | Stage::Cancelled { .. } => None,
        }
    }

    pub(super) fn start_payout(&self, payment: &PaymentId, on: NaiveDate) -> Decision {
        match &self.stage {
            Stage::PayingOut { payment: running, .. } | Stage::PaidOut(Running { payment: running, .. }) => {
                self.same_payment(running, payment)?;
                Ok(None)
            }
            Stage::Cancelled { .. } => Err(self.refused("only a signed loan is paid out")),
            Stage::Signed | Stage::PayoutFailed { .. } => {
                self.not_failed(payment)?;
                let table = &self.signed.cost_table;
                let (first, last) = (table.schedule.starts_on, table.last_payout_on());
                if !(first..=last).contains(&on) {
                    return Err(self.wrong_date("payout", format!("a day from {first} to {last}"), on));
                }
                Ok(Some(LoanEvent::PayoutStarted { payment: payment.clone(), booked_on: on }))
            }
        }
    }

    /// The whole credit, as it is now.
    pub(super) fn start_refund(&self, payment: &PaymentId, on: NaiveDate) -> Decision {
        const RULE: &str = "only a loan with a credit is refunded";
        let running = self.running(RULE)?;
        if running.refunds.iter().chain(&running.refund_under_way).any(|refund| refund.payment == *payment) {
            return Ok(None);
        }
        if let Some(under_way) = &running.refund_under_way {
            self.same_payment(&under_way.payment, payment)?;
        }
        self.not_failed(payment)?;
        if running.has_used(payment) {
            return Err(Refusal::UsedPayment { loan: self.id().clone(), payment: payment.clone() });
        }
        let amount = running.position.credit;
        if !amount.is_positive() {
            return Err(self.refused(RULE));
        }
        Ok(Some(LoanEvent::RefundStarted { payment: payment.clone(), amount, booked_on: on }))
    }

    pub(super) fn confirm_payment(&self, payment: &PaymentId, value_on: NaiveDate, on: NaiveDate) -> Decision {
        let within = |started_on: NaiveDate| {
            if (started_on..=on).contains(&value_on) {
                return Ok(());
            }
            Err(self.wrong_date("value_on", format!("a day from {started_on} to {on}"), value_on))
        };
        let payment = payment.clone();
        match &self.stage {
            Stage::PayingOut { payment: running, started_on } => {
                self.same_payment(running, &payment)?;
                within(*started_on)?;
                Ok(Some(LoanEvent::PayoutSucceeded { payment, value_on, booked_on: on }))
            }
            Stage::PaidOut(Running { refund_under_way: Some(refund), .. }) if refund.payment == payment => {
                within(refund.started_on)?;
                Ok(Some(LoanEvent::RefundSucceeded { payment, value_on, booked_on: on }))
            }
            Stage::PaidOut(running) if running.has_used(&payment) => Ok(None),
            Stage::PaidOut(running) => self.same_payment(&running.payment, &payment).map(|()| None),
            Stage::Signed | Stage::PayoutFailed { .. } | Stage::Cancelled { .. } => {
                Err(self.refused("only a payment under way can succeed"))
            }
        }
    }

    pub(super) fn fail_payment(&self, payment: &PaymentId, reason: &FailureReason, on: NaiveDate) -> Decision {
        if self.failed_payments.contains(payment) {
            return Ok(None);
        }
        let (payment, booked_on) = (payment.clone(), on);
        let (code, reason) = (Some(reason.code), reason.text.clone());
        match &self.stage {
            Stage::PayingOut { payment: running, .. } => {
                self.same_payment(running, &payment)?;
                Ok(Some(LoanEvent::PayoutFailed { payment, reason, code, booked_on }))
            }
            Stage::PaidOut(Running { refund_under_way: Some(refund), .. }) if refund.payment == payment => {
                Ok(Some(LoanEvent::RefundFailed { payment, reason, code, booked_on }))
            }
            Stage::Signed | Stage::PayoutFailed { .. } | Stage::Cancelled { .. } | Stage::PaidOut(_) => {
                Err(self.refused("only a payment under way can fail"))
            }
        }
    }

    fn not_failed(&self, payment: &PaymentId) -> Result<(), Refusal> {
        if self.failed_payments.contains(payment) {
            return Err(Refusal::FailedPayment { loan: self.id().clone(), payment: payment.clone() });
        }
        Ok(())
    }

    fn same_payment(&self, expected: &PaymentId, found: &PaymentId) -> Result<(), Refusal> {
        if expected == found {
            return Ok(());
        }
        let (expected, found) = (expected.clone(), found.clone());
        Err(Refusal::OtherPayment { loan: self.id().clone(), expected, found })
    }
}
