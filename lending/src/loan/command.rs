//! What may be asked of a loan, and the two answers and the refusals there are.
//! An unknown outcome of a payment is no command: the loan stays as it is until the channel tells how it ended.

use chrono::NaiveDate;
use weir_messages::LoanId;
use weir_money::{Money, MoneyError};

use super::{
    BrokenHistory, CancellationReason, FailureReason, Loan, LoanEvent, PaymentId, RepaymentId, ReversalReason,
};
use crate::ledger::{Entry, UnbalancedEntry};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoanCommand {
    /// Orders the payout of the whole principal under this id.
    StartPayout { payment: PaymentId },
    /// Orders the refund of the whole credit under this id.
    StartRefund { payment: PaymentId },
    /// The payout or refund under way went out.
    ConfirmPayment { payment: PaymentId, value_on: NaiveDate },
    /// The payout or refund under way definitively failed: no money went or will go out under this id.
    FailPayment { payment: PaymentId, reason: FailureReason },
    /// Before any money has gone out.
    Cancel { reason: CancellationReason },
    Repay {
        repayment: RepaymentId,
        amount: Money,
        /// The business date where nobody gave one.
        value_on: Option<NaiveDate>,
    },
    /// The money of a repayment went back.
    ReverseRepayment { repayment: RepaymentId, reason: ReversalReason },
    /// Recognises the interest due up to and including `through`.
    EndDay { through: NaiveDate },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    Applied(Box<Change>),
    /// The command was applied before, or nothing was left for it to do.
    AlreadyApplied,
}

/// To be persisted in one transaction: the event with the version it brings the loan to, and the entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub event: LoanEvent,
    /// `None` where no account changed.
    pub entry: Option<Entry>,
    /// The loan with the event applied.
    pub loan: Loan,
}

#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error("loan {loan} is {state}, and {rule}")]
    State { loan: LoanId, state: String, rule: &'static str },
    #[error("loan {loan}: expected payment {expected}, found {found}")]
    OtherPayment { loan: LoanId, expected: PaymentId, found: PaymentId },
    #[error("loan {loan}: payment {payment} has failed, and another attempt needs another id")]
    FailedPayment { loan: LoanId, payment: PaymentId },
    #[error("loan {loan}: payment {payment} was used before, and another needs another id")]
    UsedPayment { loan: LoanId, payment: PaymentId },
    #[error("loan {loan}: repayment {repayment} was booked with another amount or value date")]
    OtherRepayment { loan: LoanId, repayment: RepaymentId },
    #[error("loan {loan}: no repayment {repayment} was booked")]
    NoRepayment { loan: LoanId, repayment: RepaymentId },
    #[error("loan {loan}: {field}: expected {expected}, found {found}")]
    Date { loan: LoanId, field: &'static str, expected: String, found: NaiveDate },
    #[error("loan {loan}: amount: expected an amount of {expected} above zero, found {found}")]
    Amount { loan: LoanId, expected: weir_money::Currency, found: Money },
    #[error(transparent)]
    CannotFollow(#[from] BrokenHistory),
    #[error("loan {loan}: a sum cannot be held")]
    Money { loan: LoanId, source: MoneyError },
    #[error("loan {loan}: the entry")]
    Entry { loan: LoanId, source: UnbalancedEntry },
}
