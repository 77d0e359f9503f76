//! Where things stand, for finding them. Never read as truth: the streams are.

use weir_messages::CustomerId;

use super::Freshness;
use super::rows::corrupt;
use super::sql::Answer;
use crate::application::ApplicationStatus;
use crate::loan::LoanStatus;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ListingKind {
    Application,
    Loan,
}

impl ListingKind {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Application => "application",
            Self::Loan => "loan",
        }
    }
}

/// The state of what is listed, and with it its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListingState {
    Application(ApplicationStatus),
    Loan(LoanStatus),
}

impl ListingState {
    #[must_use]
    pub const fn kind(self) -> ListingKind {
        match self {
            Self::Application(_) => ListingKind::Application,
            Self::Loan(_) => ListingKind::Loan,
        }
    }

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Application(status) => status.name(),
            Self::Loan(status) => status.name(),
        }
    }

    /// Whether nothing of it is open.
    #[must_use]
    pub const fn is_over(self) -> bool {
        match self {
            Self::Application(status) => status.is_over(),
            Self::Loan(status) => status.is_over(),
        }
    }

    /// As a store gives it back.
    pub(super) fn stored(kind: ListingKind, name: &str) -> Answer<Self> {
        let state = match kind {
            ListingKind::Application => name.parse().map(Self::Application),
            ListingKind::Loan => name.parse().map(Self::Loan),
        };
        state.map_err(|error| corrupt(format!("state of a listed {}", kind.name()), error))
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    pub id: String,
    pub customer: CustomerId,
    pub state: ListingState,
}

/// Which listings to find: those of one kind, in one state or in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listings {
    Applications(Option<ApplicationStatus>),
    Loans(Option<LoanStatus>),
}

impl Listings {
    #[must_use]
    pub const fn kind(self) -> ListingKind {
        match self {
            Self::Applications(_) => ListingKind::Application,
            Self::Loans(_) => ListingKind::Loan,
        }
    }

    /// `None` for all states.
    #[must_use]
    pub fn state(self) -> Option<&'static str> {
        match self {
            Self::Applications(status) => status.map(ApplicationStatus::name),
            Self::Loans(status) => status.map(LoanStatus::name),
        }
    }
}

/// Listings in order of their ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Find {
    pub listings: Listings,
    pub customer: Option<CustomerId>,
    /// Only ids beyond this one.
    pub after: Option<String>,
    pub limit: u32,
    pub freshness: Freshness,
}
