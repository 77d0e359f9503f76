//! The state machine: events in, state; commands in, the event and the entry that follow from them.

use std::sync::Arc;

use chrono::NaiveDate;
use weir_messages::LoanId;
use weir_money::MoneyError;

use super::accounts::Accounts;
use super::position::Repayment;
use super::{LoanEvent, LoanState, PaymentId, Position, Signed};
use crate::ledger::{Cause, Entry, EntryId};

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

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stage {
    Signed,
    PayingOut { payment: PaymentId, started_on: NaiveDate },
    PayoutFailed { payment: PaymentId, reason: String },
    Cancelled { reason: String },
    PaidOut(Running),
}

/// A loan whose money the borrower has. Whether it is active, overpaid or closed follows from the fold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Running {
    pub(super) payment: PaymentId,
    pub(super) paid_out_on: NaiveDate,
    /// In booking order.
    pub(super) repayments: Vec<Repayment>,
    /// Interest due up to and including this day is recognised.
    pub(super) ended_through: Option<NaiveDate>,
    /// The fold of all of the above.
    pub(super) position: Position,
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
    pub const fn position(&self) -> Option<&Position> {
        match &self.stage {
            Stage::Signed | Stage::PayingOut { .. } | Stage::PayoutFailed { .. } | Stage::Cancelled { .. } => None,
            Stage::PaidOut(running) => Some(&running.position),
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
            Stage::Cancelled { reason } => LoanState::Cancelled { reason: reason.clone() },
            Stage::PaidOut(Running { position, .. }) => match position.settled_on {
                None => LoanState::Active,
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
                let position = Position::fold(&self.signed.cost_table, *value_on, &[])
                    .map_err(|source| BrokenHistory::Money { loan: self.signed.loan.clone(), number, source })?;
                Some(Stage::PaidOut(Running {
                    payment: payment.clone(),
                    paid_out_on: *value_on,
                    repayments: Vec::new(),
                    ended_through: None,
                    position,
                }))
            }
            (Stage::PayingOut { payment: ordered, .. }, LoanEvent::PayoutFailed { payment, reason, .. })
                if payment == ordered =>
            {
                self.failed_payments.push(payment.clone());
                Some(Stage::PayoutFailed { payment: payment.clone(), reason: reason.clone() })
            }
            (Stage::Signed | Stage::PayoutFailed { .. }, LoanEvent::Cancelled { reason, .. }) => {
                Some(Stage::Cancelled { reason: reason.clone() })
            }
            (Stage::PaidOut(running), _) => {
                if !running.take(event) {
                    return Err(self.cannot_follow());
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
            running.position =
                Position::fold(&self.signed.cost_table, running.paid_out_on, &running.repayments).map_err(
                    |source| BrokenHistory::Money { loan: self.signed.loan.clone(), number: self.version, source },
                )?;
        }
        Ok(())
    }

    /// The entry that `event` causes: the accounts after it less the accounts before.
    pub(super) fn entry(&self, after: &Self, event: &LoanEvent) -> Result<Option<Entry>, EntryError> {
        let lines = Accounts::of(after)?.less(Accounts::of(self)?)?;
        if lines.is_empty() {
            return Ok(None);
        }
        let booked_on = event.booked_on();
        let (cause, value_on) = match event {
            LoanEvent::Signed(_) | LoanEvent::Cancelled { .. } => return Ok(None),
            LoanEvent::PayoutStarted { payment, .. } => (Cause::PayoutStarted(payment.to_string()), booked_on),
            LoanEvent::PayoutSucceeded { payment, value_on, .. } => {
                (Cause::PayoutSucceeded(payment.to_string()), *value_on)
            }
            LoanEvent::PayoutFailed { payment, .. } => (Cause::PayoutFailed(payment.to_string()), booked_on),
            LoanEvent::Repaid { repayment, value_on, .. } => (Cause::Repayment(repayment.to_string()), *value_on),
            LoanEvent::RepaymentReversed { repayment, .. } => {
                (Cause::RepaymentReversed(repayment.to_string()), booked_on)
            }
            LoanEvent::DayEnded { through, .. } => (Cause::DayEnd(*through), *through),
        };
        let id = EntryId::new(format!("{}:{}", self.id(), after.version));
        Ok(Some(Entry::new(id, booked_on, value_on, cause, lines)?))
    }
}

impl Running {
    /// Takes one event in, but for the fold; false when it is none of a paid-out loan.
    fn take(&mut self, event: &LoanEvent) -> bool {
        match event {
            LoanEvent::Repaid { repayment, amount, value_on, .. } => {
                let (id, amount, value_on) = (repayment.clone(), *amount, *value_on);
                self.repayments.push(Repayment { id, amount, value_on, reversed: false });
                true
            }
            LoanEvent::RepaymentReversed { repayment, .. } => {
                let living = self.repayments.iter_mut().find(|one| one.id == *repayment && !one.reversed);
                living.map(|one| one.reversed = true).is_some()
            }
            LoanEvent::DayEnded { through, .. } => {
                self.ended_through = self.ended_through.max(Some(*through));
                true
            }
            LoanEvent::Signed(_)
            | LoanEvent::PayoutStarted { .. }
            | LoanEvent::PayoutSucceeded { .. }
            | LoanEvent::PayoutFailed { .. }
            | LoanEvent::Cancelled { .. } => false,
        }
    }
}

/// Why an entry could not be made.
#[derive(Debug, thiserror::Error)]
pub(super) enum EntryError {
    #[error(transparent)]
    Money(#[from] MoneyError),
    #[error(transparent)]
    Unbalanced(#[from] crate::ledger::UnbalancedEntry),
}
