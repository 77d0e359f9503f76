//! Where a loan stands, for answers and refusals. Computed from the fold, never stored.

use std::fmt;

use chrono::NaiveDate;
use weir_money::Money;

use super::{CancellationReason, FailureReason, LoanStatus, PaymentId};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoanState {
    /// The contract is accepted and nothing has been paid.
    Signed,
    /// Ordered, and until the channel says how it ended, unknown: asked again with the same id.
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
    /// Paid out, and something is owed.
    Active,
    /// Everything is paid, and `credit` is the borrower's.
    Overpaid {
        credit: Money,
        settled_on: NaiveDate,
    },
    /// A credit is ordered back from the channel, and its outcome unknown as that of a payout is.
    Refunding {
        payment: PaymentId,
        amount: Money,
    },
    /// Every account of the loan is zero.
    Closed {
        settled_on: NaiveDate,
    },
}

impl LoanState {
    #[must_use]
    pub const fn status(&self) -> LoanStatus {
        match self {
            Self::Signed => LoanStatus::Signed,
            Self::PayingOut { .. } => LoanStatus::PayingOut,
            Self::PayoutFailed { .. } => LoanStatus::PayoutFailed,
            Self::Cancelled { .. } => LoanStatus::Cancelled,
            Self::Active => LoanStatus::Active,
            Self::Overpaid { .. } => LoanStatus::Overpaid,
            Self::Refunding { .. } => LoanStatus::Refunding,
            Self::Closed { .. } => LoanStatus::Closed,
        }
    }
}

impl fmt::Display for LoanState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signed => f.write_str("signed"),
            Self::PayingOut { payment, .. } => write!(f, "paying out (payment {payment})"),
            Self::PayoutFailed { payment, .. } => write!(f, "signed, its payout {payment} having failed"),
            Self::Cancelled { .. } => f.write_str("cancelled"),
            Self::Active => f.write_str("active"),
            Self::Overpaid { .. } => f.write_str("overpaid"),
            Self::Refunding { payment, .. } => write!(f, "refunding (payment {payment})"),
            Self::Closed { .. } => f.write_str("closed"),
        }
    }
}
