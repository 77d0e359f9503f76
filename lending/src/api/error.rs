//! Everything that lending may answer instead of what was asked: stable codes, the field where there is one, and no
//! personal data.

use weir_messages::ApplicationId;

use crate::application::BrokenApplication;
use crate::contract::ContractError;
use crate::loan::{BrokenHistory, Refusal};
use crate::product::RefusedRequest;
use crate::quote::QuoteError;
use crate::store::{CommitError, StoreError};
use crate::vault::VaultError;

/// What kind of answer it is, for the edge to give it a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The request can never be right as it is (422).
    Invalid,
    /// (404)
    NotFound,
    /// Right, but not now (409).
    Conflict,
    /// Ask again later (503).
    Unavailable,
    /// Ours (500).
    Internal,
}

#[derive(Debug, thiserror::Error)]
pub enum LendingError {
    #[error("{field}: {reason}")]
    Invalid { field: String, reason: String },
    #[error("no such {what}")]
    NotFound { what: &'static str },
    #[error("{field}: a customer with this value is registered")]
    Registered { field: &'static str },
    #[error("the customer has an open application, {application}, and may have one at a time")]
    OpenApplication { application: ApplicationId },
    #[error("the customer has {what}, and is erased only when nothing is open")]
    StillOpen { what: String },
    #[error("application {application} is {state}, and {rule}")]
    State { application: ApplicationId, state: &'static str, rule: &'static str },
    #[error("the idempotency key was used for another request")]
    KeyReused,
    #[error(transparent)]
    Quote(QuoteError),
    #[error(transparent)]
    Contract(#[from] ContractError),
    #[error(transparent)]
    Loan(#[from] Refusal),
    #[error("others changed the same thing at the same time, again and again")]
    Contended,
    #[error(transparent)]
    Store(StoreError),
    #[error("stored {what} does not read back: {reason}")]
    Corrupt { what: &'static str, reason: String },
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl LendingError {
    /// Stable, for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Invalid { .. } => "invalid_field",
            Self::NotFound { .. } => "not_found",
            Self::Registered { .. } => "customer_registered",
            Self::OpenApplication { .. } => "application_open",
            Self::StillOpen { .. } => "customer_not_settled",
            Self::State { .. } => "application_state",
            Self::KeyReused => "idempotency_key_reused",
            Self::Quote(QuoteError::AboveCap(_)) | Self::Contract(ContractError::AboveCap(_)) => "rate_above_cap",
            Self::Quote(_) => "quote_refused",
            Self::Contract(ContractError::OtherHash { .. }) => "contract_hash_differs",
            Self::Contract(ContractError::Expired { .. }) => "contract_expired",
            Self::Contract(_) => "contract_broken",
            Self::Loan(Refusal::State { .. }) => "loan_state",
            Self::Loan(Refusal::OtherRepayment { .. }) => "repayment_differs",
            Self::Loan(Refusal::Date { .. } | Refusal::Amount { .. }) => "invalid_field",
            Self::Loan(_) => "loan_refused",
            Self::Contended => "contended",
            Self::Store(StoreError::OutcomeUnknown(_)) => "outcome_unknown",
            Self::Store(_) => "store_failed",
            Self::Corrupt { .. } => "stored_form_broken",
            Self::Vault(_) => "vault_failed",
        }
    }

    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::Invalid { .. }
            | Self::KeyReused
            | Self::Quote(_)
            | Self::Loan(Refusal::Date { .. } | Refusal::Amount { .. } | Refusal::Money { .. }) => ErrorKind::Invalid,
            Self::NotFound { .. } | Self::Loan(Refusal::NoRepayment { .. }) => ErrorKind::NotFound,
            Self::Registered { .. }
            | Self::OpenApplication { .. }
            | Self::StillOpen { .. }
            | Self::State { .. }
            | Self::Contract(
                ContractError::OtherHash { .. } | ContractError::Expired { .. } | ContractError::AboveCap(_),
            )
            | Self::Loan(
                Refusal::State { .. }
                | Refusal::OtherPayment { .. }
                | Refusal::FailedPayment { .. }
                | Refusal::OtherRepayment { .. },
            ) => ErrorKind::Conflict,
            Self::Contended
            | Self::Store(
                StoreError::Closed | StoreError::Aborted | StoreError::Unavailable(_) | StoreError::OutcomeUnknown(_),
            ) => ErrorKind::Unavailable,
            Self::Contract(_)
            | Self::Loan(_)
            | Self::Store(StoreError::Database(_) | StoreError::Corrupt { .. })
            | Self::Corrupt { .. }
            | Self::Vault(_) => ErrorKind::Internal,
        }
    }

    /// Path of the field that is at fault, where there is one.
    #[must_use]
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::Invalid { field, .. } => Some(field),
            Self::Registered { field } => Some(field),
            Self::Contract(ContractError::OtherHash { .. }) => Some("contract_hash"),
            Self::Loan(Refusal::Date { field, .. }) => Some(field),
            Self::Loan(Refusal::Amount { .. }) => Some("amount"),
            Self::NotFound { .. }
            | Self::OpenApplication { .. }
            | Self::StillOpen { .. }
            | Self::State { .. }
            | Self::KeyReused
            | Self::Quote(_)
            | Self::Contract(_)
            | Self::Loan(_)
            | Self::Contended
            | Self::Store(_)
            | Self::Corrupt { .. }
            | Self::Vault(_) => None,
        }
    }

    pub(crate) fn invalid(field: impl Into<String>, reason: impl ToString) -> Self {
        Self::Invalid { field: field.into(), reason: reason.to_string() }
    }
}

impl From<StoreError> for LendingError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// A refusal by the store that the command did not expect: somebody else was first.
impl From<CommitError> for LendingError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Refused(_) => Self::Contended,
            CommitError::Store(error) => Self::Store(error),
        }
    }
}

impl From<BrokenApplication> for LendingError {
    fn from(error: BrokenApplication) -> Self {
        Self::Corrupt { what: "application", reason: error.to_string() }
    }
}

impl From<BrokenHistory> for LendingError {
    fn from(error: BrokenHistory) -> Self {
        Self::Corrupt { what: "loan", reason: error.to_string() }
    }
}

impl From<QuoteError> for LendingError {
    fn from(error: QuoteError) -> Self {
        match error {
            QuoteError::Refused(refused) => refused.into(),
            QuoteError::AboveCap(_) | QuoteError::Schedule(_) | QuoteError::Money(_) | QuoteError::NoRate => {
                Self::Quote(error)
            }
        }
    }
}

/// The text opens with the path of the field.
impl From<RefusedRequest> for LendingError {
    fn from(refused: RefusedRequest) -> Self {
        let text = refused.to_string();
        match text.split_once(": ") {
            Some((field, reason)) => Self::invalid(field, reason),
            None => Self::invalid("attributes", text),
        }
    }
}
