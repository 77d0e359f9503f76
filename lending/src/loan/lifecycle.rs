//! The state machine: events in, state; commands in, the event and the entry that follow from them.

use std::sync::Arc;

use weir_messages::LoanId;
use weir_money::MoneyError;

use super::stage::{Refund, Running, Stage};
use super::{CancellationReason, LoanEvent, LoanState, PaymentId, Position, Signed};

/// Stored events that no loan can have had: the store is damaged, or the wrong events were read.
#[derive(Debug, thiserror::Error)]
pub enum BrokenHistory {
    #[error("expected a loan's first event to be its signature, found {0}")]
    NotSigned(String),
    #[error("loan {loan}: event {number} cannot follow, as the loan is {state}")]
    CannotFollow { loan: LoanId, number: u64, state: String },
    #[error("loan {loan}: event {number}: a sum cannot be held")]
    Money { loan: LoanId, number: u64, source: MoneyError },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loan {
    pub(super) signed: Arc<Signed>,
    /// How many events are folded in.
    version: u64,
    /// Ids under which no money will ever go out.
    pub(super) failed_payments: Vec<PaymentId>,
    pub(super) stage: Stage,
}

impl Loan {
    /// The loan after all its events, in order.
    pub fn fold<'a>(events: impl IntoIterator<Item = &'a LoanEvent>) -> Result<Self, BrokenHistory> {
        let mut events = events.into_iter();
        let mut loan = match events.next() {
            Some(LoanEvent::Signed(signed)) => Self {
                signed: Arc::new((**signed).clone()),
                version: 1,
                failed_payments: Vec::new(),
                stage: Stage::Signed,
            },
            Some(other) => return Err(BrokenHistory::NotSigned(format!("{other:?}"))),
            None => return Err(BrokenHistory::NotSigned("no event".to_owned())),
        };
        events.try_for_each(|event| loan.take(event))?;
        loan.refold()?;
        Ok(loan)
    }

    /// The loan with one more event.
    pub fn after(&self, event: &LoanEvent) -> Result<Self, BrokenHistory> {
        let mut loan = self.clone();
        loan.take(event)?;
        loan.refold()?;
        Ok(loan)
    }

    #[must_use]
    pub fn id(&self) -> &LoanId {
        &self.signed.loan
    }

    /// What was signed: parties, hashes and the cost table.
    #[must_use]
    pub fn signed(&self) -> &Signed {
        &self.signed
    }

    /// How many events are folded in; the number of the latest.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// What is owed and paid; `None` before the payout.
    #[must_use]
    pub fn position(&self) -> Option<&Position> {
        match &self.stage {
            Stage::Signed | Stage::PayingOut { .. } | Stage::PayoutFailed { .. } | Stage::Cancelled { .. } => None,
            Stage::PaidOut(running) => Some(&running.position),
        }
    }

    /// Why it was cancelled; `None` where it was not, or with another text than a code.
    #[must_use]
    pub const fn cancellation(&self) -> Option<CancellationReason> {
        match &self.stage {
            Stage::Cancelled { reason } => *reason,
            Stage::Signed | Stage::PayingOut { .. } | Stage::PayoutFailed { .. } | Stage::PaidOut(_) => None,
        }
    }

    #[must_use]
    pub fn state(&self) -> LoanState {
        match &self.stage {
            Stage::Signed => LoanState::Signed,
            Stage::PayingOut { payment, started_on } => {
                LoanState::PayingOut { payment: payment.clone(), started_on: *started_on }
            }
            Stage::PayoutFailed { payment, reason } => {
                LoanState::PayoutFailed { payment: payment.clone(), reason: reason.clone() }
            }
            Stage::Cancelled { reason } => LoanState::Cancelled { reason: *reason },
            Stage::PaidOut(Running { refund_under_way: Some(Refund { payment, amount, .. }), .. }) => {
                LoanState::Refunding { payment: payment.clone(), amount: *amount }
            }
            Stage::PaidOut(Running { position, .. }) => match position.settled_on {
                None => LoanState::Active,
                Some(_) if position.overdraft.is_positive() => LoanState::Active,
                Some(settled_on) if position.credit.is_zero() => LoanState::Closed { settled_on },
                Some(settled_on) => LoanState::Overpaid { credit: position.credit, settled_on },
            },
        }
    }

    /// Takes one event in, but for the fold of a paid-out loan's position.
    fn take(&mut self, event: &LoanEvent) -> Result<(), BrokenHistory> {
        let number = self.version + 1;
        let next = match (&mut self.stage, event) {
            (Stage::Signed | Stage::PayoutFailed { .. }, LoanEvent::PayoutStarted { payment, booked_on }) => {
                Some(Stage::PayingOut { payment: payment.clone(), started_on: *booked_on })
            }
            (Stage::PayingOut { payment: ordered, .. }, LoanEvent::PayoutSucceeded { payment, value_on, .. })
                if payment == ordered =>
            {
                let position = Position::fold(&self.signed.cost_table, *value_on, &[], &[])
                    .map_err(|source| BrokenHistory::Money { loan: self.signed.loan.clone(), number, source })?;
                Some(Stage::PaidOut(Running::new(payment.clone(), *value_on, position)))
            }
            (Stage::PayingOut { payment: ordered, .. }, LoanEvent::PayoutFailed { payment, .. })
                if payment == ordered =>
            {
                self.failed_payments.push(payment.clone());
                event.failure().map(|reason| Stage::PayoutFailed { payment: payment.clone(), reason })
            }
            (Stage::Signed | Stage::PayoutFailed { .. }, LoanEvent::Cancelled { reason, .. }) => {
                Some(Stage::Cancelled { reason: reason.parse().ok() })
            }
            (Stage::PaidOut(running), _) => {
                if !running.take(event) {
                    return Err(self.cannot_follow());
                }
                if let LoanEvent::RefundFailed { payment, .. } = event {
                    self.failed_payments.push(payment.clone());
                }
                None
            }
            (Stage::Signed | Stage::PayingOut { .. } | Stage::PayoutFailed { .. } | Stage::Cancelled { .. }, _) => {
                return Err(self.cannot_follow());
            }
        };
        if let Some(stage) = next {
            self.stage = stage;
        }
        self.version = number;
        Ok(())
    }

    fn cannot_follow(&self) -> BrokenHistory {
        let (loan, state) = (self.id().clone(), self.state().to_string());
        BrokenHistory::CannotFollow { loan, number: self.version + 1, state }
    }

    fn refold(&mut self) -> Result<(), BrokenHistory> {
        if let Stage::PaidOut(running) = &mut self.stage {
            let Running { paid_out_on, repayments, refunds, .. } = &*running;
            let folded = Position::fold(&self.signed.cost_table, *paid_out_on, repayments, refunds);
            *running.position = folded.map_err(|source| BrokenHistory::Money {
                loan: self.signed.loan.clone(),
                number: self.version,
                source,
            })?;
        }
        Ok(())
    }
}
