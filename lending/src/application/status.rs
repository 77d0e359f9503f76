//! The states of an application by name, for answers, listings and filters.

use crate::status::statuses;

statuses! {
    /// `ApplicationState` without what each state holds.
    ApplicationStatus {
        Submitted = "submitted",
        InReview = "in_review",
        Declined = "declined",
        Approved = "approved",
        Offered = "offered",
        Accepted = "accepted",
        Withdrawn = "withdrawn",
        Expired = "expired",
    }
}

impl ApplicationStatus {
    /// Whether nothing can follow: the customer may apply again, and the application keeps nobody from being erased.
    #[must_use]
    pub const fn is_over(self) -> bool {
        match self {
            Self::Declined | Self::Accepted | Self::Withdrawn | Self::Expired => true,
            Self::Submitted | Self::InReview | Self::Approved | Self::Offered => false,
        }
    }
}
