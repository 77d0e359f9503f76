//! How far a loan's money has come, as the fold keeps it.

use chrono::NaiveDate;
use weir_money::Money;

use super::position::Repayment;
use super::{CancellationReason, FailureReason, LoanEvent, PaymentId, Position};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stage {
    Signed,
    PayingOut {
        payment: PaymentId,
        started_on: NaiveDate,
    },
    PayoutFailed {
        payment: PaymentId,
        reason: FailureReason,
    },
    Cancelled {
        /// Absent where it was cancelled with another text than a code.
        reason: Option<CancellationReason>,
    },
    PaidOut(Running),
}

/// A loan whose money the borrower has. Whether it is active, overpaid or closed follows from the fold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Running {
    pub(super) payment: PaymentId,
    pub(super) paid_out_on: NaiveDate,
    /// In booking order.
    pub(super) repayments: Vec<Repayment>,
    /// That went out.
    pub(super) refunds: Vec<Refund>,
    /// Ordered, and its outcome not known yet.
    pub(super) refund_under_way: Option<Refund>,
    /// Of the latest refund, where it failed.
    pub(super) refund_failure: Option<FailureReason>,
    /// Interest due up to and including this day is recognised.
    pub(super) ended_through: Option<NaiveDate>,
    /// The fold of all of the above.
    pub(super) position: Box<Position>,
}

/// A credit paid back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refund {
    pub(super) payment: PaymentId,
    pub(super) amount: Money,
    pub(super) started_on: NaiveDate,
}

impl Running {
    pub(super) fn new(payment: PaymentId, paid_out_on: NaiveDate, position: Position) -> Self {
        Self {
            payment,
            paid_out_on,
            repayments: Vec::new(),
            refunds: Vec::new(),
            refund_under_way: None,
            refund_failure: None,
            ended_through: None,
            position: Box::new(position),
        }
    }

    /// Takes one event in, but for the fold; false when it is none of a paid-out loan.
    pub(super) fn take(&mut self, event: &LoanEvent) -> bool {
        match event {
            LoanEvent::Repaid { repayment, amount, value_on, .. } => {
                let (id, amount, value_on) = (repayment.clone(), *amount, *value_on);
                self.repayments.push(Repayment { id, amount, value_on, reversed: false });
                true
            }
            LoanEvent::RepaymentReversed { repayment, .. } => {
                let unreversed = self.repayments.iter_mut().find(|one| one.id == *repayment && !one.reversed);
                unreversed.map(|one| one.reversed = true).is_some()
            }
            LoanEvent::DayEnded { through, .. } => {
                self.ended_through = self.ended_through.max(Some(*through));
                true
            }
            LoanEvent::RefundStarted { payment, amount, booked_on } if self.refund_under_way.is_none() => {
                let (payment, amount, started_on) = (payment.clone(), *amount, *booked_on);
                self.refund_under_way = Some(Refund { payment, amount, started_on });
                true
            }
            LoanEvent::RefundSucceeded { payment, .. } => {
                let paid = self.refund_under_way.take_if(|refund| refund.payment == *payment);
                self.refund_failure = None;
                paid.map(|refund| self.refunds.push(refund)).is_some()
            }
            LoanEvent::RefundFailed { payment, .. } => {
                self.refund_failure = event.failure();
                self.refund_under_way.take_if(|refund| refund.payment == *payment).is_some()
            }
            LoanEvent::Signed(_)
            | LoanEvent::PayoutStarted { .. }
            | LoanEvent::PayoutSucceeded { .. }
            | LoanEvent::PayoutFailed { .. }
            | LoanEvent::RefundStarted { .. }
            | LoanEvent::Cancelled { .. } => false,
        }
    }

    /// Whether this id has paid or is to pay something of this loan.
    pub(super) fn has_used(&self, payment: &PaymentId) -> bool {
        self.payment == *payment || self.refunds.iter().chain(&self.refund_under_way).any(|one| one.payment == *payment)
    }
}
