//! Where an application stands; what only one state has lives in that variant.

use weir_messages::{LoanId, Outcome, Reason};

use super::{ApplicationEvent, ApplicationStatus, Approval};
use crate::contract::Contract;
use crate::quote::Sha256;

#[derive(Debug, Clone, PartialEq)]
pub enum ApplicationState {
    /// Waits for its decision.
    Submitted,
    InReview {
        reasons: Vec<Reason>,
    },
    Declined {
        reasons: Vec<Reason>,
    },
    Approved {
        approval: Approval,
        reasons: Vec<Reason>,
    },
    /// The contract has been shown.
    Offered {
        approval: Approval,
        reasons: Vec<Reason>,
        contract: Box<Contract>,
    },
    Accepted {
        approval: Approval,
        reasons: Vec<Reason>,
        loan: LoanId,
        contract_hash: Sha256,
        contract: Box<Contract>,
    },
    /// The customer no longer wants it.
    Withdrawn {
        reasons: Vec<Reason>,
    },
    /// Its last day passed before it was decided, or before its contract was signed.
    Expired {
        reasons: Vec<Reason>,
    },
}

impl ApplicationState {
    #[must_use]
    pub const fn status(&self) -> ApplicationStatus {
        match self {
            Self::Submitted => ApplicationStatus::Submitted,
            Self::InReview { .. } => ApplicationStatus::InReview,
            Self::Declined { .. } => ApplicationStatus::Declined,
            Self::Approved { .. } => ApplicationStatus::Approved,
            Self::Offered { .. } => ApplicationStatus::Offered,
            Self::Accepted { .. } => ApplicationStatus::Accepted,
            Self::Withdrawn { .. } => ApplicationStatus::Withdrawn,
            Self::Expired { .. } => ApplicationStatus::Expired,
        }
    }

    #[must_use]
    pub fn reasons(&self) -> &[Reason] {
        match self {
            Self::Submitted => &[],
            Self::InReview { reasons }
            | Self::Declined { reasons }
            | Self::Approved { reasons, .. }
            | Self::Offered { reasons, .. }
            | Self::Accepted { reasons, .. }
            | Self::Withdrawn { reasons }
            | Self::Expired { reasons } => reasons,
        }
    }

    #[must_use]
    pub const fn approval(&self) -> Option<&Approval> {
        match self {
            Self::Submitted
            | Self::InReview { .. }
            | Self::Declined { .. }
            | Self::Withdrawn { .. }
            | Self::Expired { .. } => None,
            Self::Approved { approval, .. } | Self::Offered { approval, .. } | Self::Accepted { approval, .. } => {
                Some(approval)
            }
        }
    }

    #[must_use]
    pub const fn contract(&self) -> Option<&Contract> {
        match self {
            Self::Submitted
            | Self::InReview { .. }
            | Self::Declined { .. }
            | Self::Approved { .. }
            | Self::Withdrawn { .. }
            | Self::Expired { .. } => None,
            Self::Offered { contract, .. } | Self::Accepted { contract, .. } => Some(contract),
        }
    }

    #[must_use]
    pub const fn loan(&self) -> Option<&LoanId> {
        match self {
            Self::Submitted
            | Self::InReview { .. }
            | Self::Declined { .. }
            | Self::Approved { .. }
            | Self::Offered { .. }
            | Self::Withdrawn { .. }
            | Self::Expired { .. } => None,
            Self::Accepted { loan, .. } => Some(loan),
        }
    }

    pub(super) fn expired(&self) -> Self {
        Self::Expired { reasons: self.reasons().to_vec() }
    }

    /// The state after one more event; `None` where it cannot follow.
    pub(super) fn after(&self, event: &ApplicationEvent) -> Option<Self> {
        match (self, event) {
            (Self::Submitted, ApplicationEvent::Decided(decided)) => {
                let reasons = decided.reasons.clone();
                Some(match (decided.outcome, &decided.approval) {
                    (Outcome::Approve, Some(approval)) => Self::Approved { approval: approval.clone(), reasons },
                    (Outcome::Approve, None) => return None,
                    (Outcome::Review, _) => Self::InReview { reasons },
                    (Outcome::Decline, _) => Self::Declined { reasons },
                })
            }
            (
                Self::Approved { approval, reasons } | Self::Offered { approval, reasons, .. },
                ApplicationEvent::ContractDrawn { contract },
            ) => {
                Some(Self::Offered { approval: approval.clone(), reasons: reasons.clone(), contract: contract.clone() })
            }
            (Self::Offered { approval, reasons, contract }, ApplicationEvent::Accepted { loan, contract_hash, .. }) => {
                Some(Self::Accepted {
                    approval: approval.clone(),
                    reasons: reasons.clone(),
                    loan: loan.clone(),
                    contract_hash: contract_hash.clone(),
                    contract: contract.clone(),
                })
            }
            (
                Self::Submitted | Self::InReview { .. } | Self::Approved { .. } | Self::Offered { .. },
                ApplicationEvent::Withdrawn { .. },
            ) => Some(Self::Withdrawn { reasons: self.reasons().to_vec() }),
            (
                Self::Submitted | Self::InReview { .. } | Self::Approved { .. } | Self::Offered { .. },
                ApplicationEvent::Expired { .. },
            ) => Some(self.expired()),
            (Self::Withdrawn { .. } | Self::Expired { .. }, ApplicationEvent::DecisionTooLate { .. }) => {
                Some(self.clone())
            }
            (
                Self::Submitted
                | Self::InReview { .. }
                | Self::Declined { .. }
                | Self::Approved { .. }
                | Self::Offered { .. }
                | Self::Accepted { .. }
                | Self::Withdrawn { .. }
                | Self::Expired { .. },
                ApplicationEvent::Submitted(_)
                | ApplicationEvent::Decided(_)
                | ApplicationEvent::ContractDrawn { .. }
                | ApplicationEvent::Accepted { .. }
                | ApplicationEvent::Withdrawn { .. }
                | ApplicationEvent::Expired { .. }
                | ApplicationEvent::DecisionTooLate { .. },
            ) => None,
        }
    }
}
