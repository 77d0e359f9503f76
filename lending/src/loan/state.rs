//! Where a loan stands, for answers and refusals. Computed from the fold, never stored.

use std::fmt;

use chrono::NaiveDate;
use serde::Serialize;
use weir_money::Money;

use super::PaymentId;

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
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
        reason: String,
    },
    Cancelled {
        reason: String,
    },
    /// Paid out, and something is owed.
    Active,
    /// Everything is paid, and `credit` is the borrower's.
    Overpaid {
        credit: Money,
        settled_on: NaiveDate,
    },
    /// Every account of the loan is zero.
    Closed {
        settled_on: NaiveDate,
    },
}

impl LoanState {
    /// A word for reports and metrics, the same as in JSON.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Signed => "signed",
            Self::PayingOut { .. } => "paying_out",
            Self::PayoutFailed { .. } => "payout_failed",
            Self::Cancelled { .. } => "cancelled",
            Self::Active => "active",
            Self::Overpaid { .. } => "overpaid",
            Self::Closed { .. } => "closed",
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
            Self::Closed { .. } => f.write_str("closed"),
        }
    }
}
