//! The states of a loan by name, for answers, listings and filters.

use crate::status::statuses;

statuses! {
    /// `LoanState` without what each state holds.
    LoanStatus {
        Signed = "signed",
        PayingOut = "paying_out",
        PayoutFailed = "payout_failed",
        Cancelled = "cancelled",
        Active = "active",
        Overpaid = "overpaid",
        Refunding = "refunding",
        Closed = "closed",
    }
}

impl LoanStatus {
    /// Whether neither side owes the other anything, and no money is under way.
    #[must_use]
    pub const fn is_over(self) -> bool {
        match self {
            Self::Cancelled | Self::Closed => true,
            Self::Signed | Self::PayingOut | Self::PayoutFailed | Self::Active | Self::Overpaid | Self::Refunding => {
                false
            }
        }
    }

    /// Whether money is ordered from the payment channel, and how that ended is not known.
    #[must_use]
    pub const fn has_payment_under_way(self) -> bool {
        match self {
            Self::PayingOut | Self::Refunding => true,
            Self::Signed | Self::PayoutFailed | Self::Cancelled | Self::Active | Self::Overpaid | Self::Closed => false,
        }
    }

    /// Whether installments may fall due: a loan that is refunded may owe again once a repayment is reversed.
    #[must_use]
    pub const fn falls_due(self) -> bool {
        match self {
            Self::Active | Self::Refunding => true,
            Self::Signed | Self::PayingOut | Self::PayoutFailed | Self::Cancelled | Self::Overpaid | Self::Closed => {
                false
            }
        }
    }
}
