//! Everything that lending may answer instead of what was asked: stable codes, the field where there is one, and no
//! personal data.

use weir_messages::{ApplicationId, LoanId, Retry};

use crate::application::{ApplicationStatus, BrokenApplication};
use crate::contract::ContractError;
use crate::decision_source::DecisionUnread;
use crate::loan::{BrokenHistory, Refusal};
use crate::outbox::PublishError;
use crate::product::RefusedRequest;
use crate::quote::QuoteError;
use crate::store::{CommitError, Refused, StoreError};
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
    #[error("loan {loan} has nothing open and its customer is erased: a credit would be nobody's")]
    Erased { loan: LoanId },
    #[error("application {application} is {state}, and {rule}")]
    State { application: ApplicationId, state: ApplicationStatus, rule: &'static str },
    #[error("the idempotency key was used for another request")]
    KeyReused,
    #[error(transparent)]
    Quote(QuoteError),
    #[error(transparent)]
    Contract(#[from] ContractError),
    #[error(transparent)]
    Loan(#[from] Refusal),
    #[error("amount: account {account} would be beyond the largest balance that can be held")]
    Balance { account: String },
    #[error("others changed the same thing at the same time, again and again")]
    Contended,
    #[error(transparent)]
    Store(StoreError),
    #[error("stored {what} does not read back: {reason}")]
    Corrupt { what: &'static str, reason: String },
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Decision(#[from] DecisionUnread),
    #[error(transparent)]
    Publish(#[from] PublishError),
    #[error("the work panicked, which is a defect: its message is in the log")]
    Panicked,
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
            Self::Erased { .. } => "customer_erased",
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
            Self::Balance { .. } => "balance_too_large",
            Self::Contended => "contended",
            Self::Store(StoreError::OutcomeUnknown(_)) => "outcome_unknown",
            Self::Store(_) => "store_failed",
            Self::Corrupt { .. } => "stored_form_broken",
            Self::Vault(_) => "vault_failed",
            Self::Decision(_) | Self::Publish(_) => "log_unavailable",
            Self::Panicked => "internal",
        }
    }

    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::Invalid { .. }
            | Self::KeyReused
            | Self::Balance { .. }
            | Self::Quote(_)
            | Self::Loan(
                Refusal::Date { .. }
                | Refusal::Amount { .. }
                | Refusal::Money { .. }
                | Refusal::CannotFollow(BrokenHistory::Money { .. }),
            ) => ErrorKind::Invalid,
            Self::NotFound { .. } | Self::Loan(Refusal::NoRepayment { .. }) => ErrorKind::NotFound,
            Self::Registered { .. }
            | Self::OpenApplication { .. }
            | Self::StillOpen { .. }
            | Self::Erased { .. }
            | Self::State { .. }
            | Self::Contract(
                ContractError::OtherHash { .. } | ContractError::Expired { .. } | ContractError::AboveCap(_),
            )
            | Self::Loan(
                Refusal::State { .. }
                | Refusal::OtherPayment { .. }
                | Refusal::FailedPayment { .. }
                | Refusal::UsedPayment { .. }
                | Refusal::OtherRepayment { .. },
            ) => ErrorKind::Conflict,
            Self::Contended
            | Self::Decision(_)
            | Self::Publish(_)
            | Self::Store(
                StoreError::Closed | StoreError::Aborted | StoreError::Unavailable(_) | StoreError::OutcomeUnknown(_),
            ) => ErrorKind::Unavailable,
            Self::Contract(_)
            | Self::Loan(_)
            | Self::Store(StoreError::Database(_) | StoreError::Corrupt { .. })
            | Self::Corrupt { .. }
            | Self::Vault(_)
            | Self::Panicked => ErrorKind::Internal,
        }
    }

    /// Whether the same call may succeed when it is made again, by a caller who works through many.
    #[must_use]
    pub const fn retry(&self) -> Retry {
        match self {
            Self::Contended => Retry::Now,
            Self::Store(error) => error.retry(),
            Self::Decision(error) => error.retry,
            Self::Publish(error) => error.retry,
            // A product's file can be put back, a key can be put on the ring, an application or a loan moves on.
            Self::Invalid { .. }
            | Self::NotFound { .. }
            | Self::Registered { .. }
            | Self::OpenApplication { .. }
            | Self::StillOpen { .. }
            | Self::State { .. }
            | Self::Quote(_)
            | Self::Contract(_)
            | Self::Loan(_)
            | Self::Vault(_) => Retry::Later,
            Self::KeyReused | Self::Erased { .. } | Self::Balance { .. } | Self::Corrupt { .. } | Self::Panicked => {
                Retry::Never
            }
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
            Self::Balance { .. }
            | Self::Loan(
                Refusal::Amount { .. } | Refusal::Money { .. } | Refusal::CannotFollow(BrokenHistory::Money { .. }),
            ) => Some("amount"),
            Self::NotFound { .. }
            | Self::OpenApplication { .. }
            | Self::StillOpen { .. }
            | Self::Erased { .. }
            | Self::State { .. }
            | Self::KeyReused
            | Self::Quote(_)
            | Self::Contract(_)
            | Self::Loan(_)
            | Self::Contended
            | Self::Store(_)
            | Self::Corrupt { .. }
            | Self::Vault(_)
            | Self::Decision(_)
            | Self::Publish(_)
            | Self::Panicked => None,
        }
    }

    pub(crate) fn invalid(field: impl Into<String>, reason: impl ToString) -> Self {
        Self::Invalid { field: field.into(), reason: reason.to_string() }
    }

    /// A name or an id that somebody else gave.
    pub(crate) fn unless_short(field: &str, text: &str) -> Result<(), Self> {
        match (1..=64).contains(&text.chars().count()) && !text.contains(char::is_control) {
            true => Ok(()),
            false => Err(Self::invalid(field, "expected 1 to 64 characters, and no control characters")),
        }
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
            CommitError::Refused(Refused::Balance { account }) => Self::Balance { account },
            CommitError::Refused(
                Refused::Version { .. } | Refused::Answered(_) | Refused::Claimed { .. } | Refused::Posted(_),
            ) => Self::Contended,
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
