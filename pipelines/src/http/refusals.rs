//! Which answer each error of the platform becomes.

use axum::http::StatusCode;
use weir_ingest::collector::CollectError;
use weir_ingest::dead_letters::KeysUnavailable;
use weir_ingest::log::LogError;
use weir_lending::api::{ErrorKind, LendingError};

use super::problem::Problem;
use crate::decisions::{RecordsError, RerunError};

impl From<LendingError> for Problem {
    fn from(error: LendingError) -> Self {
        let (code, detail) = (error.code(), error.to_string());
        let mut problem = match error.kind() {
            ErrorKind::Invalid => Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail),
            ErrorKind::NotFound => Self::new(StatusCode::NOT_FOUND, code, detail),
            ErrorKind::Conflict => Self::new(StatusCode::CONFLICT, code, detail),
            ErrorKind::Unavailable => Self::new(StatusCode::SERVICE_UNAVAILABLE, code, detail).after(1),
            ErrorKind::Internal => Self::internal(&error),
        };
        problem.field = error.field().map(Into::into);
        problem
    }
}

impl From<CollectError> for Problem {
    fn from(error: CollectError) -> Self {
        match error {
            CollectError::Log(cause) => log_unavailable(&cause),
            CollectError::Keys(error) => error.into(),
            CollectError::Body { code, field, reason } => {
                let problem = Self::bad_request(code, reason);
                match field {
                    Some(field) => problem.at(field),
                    None => problem,
                }
            }
        }
    }
}

impl From<KeysUnavailable> for Problem {
    fn from(error: KeysUnavailable) -> Self {
        tracing::error!(cause = %weir_messages::Causes(&error), "customers' keys are missed");
        Self::unavailable("keys_unavailable", &error.to_string()).after(1)
    }
}

fn log_unavailable(cause: &LogError) -> Problem {
    tracing::error!(cause = %weir_messages::Causes(cause), "the log does not answer");
    let detail = "the event log does not answer now: send it again";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "log_unavailable", detail).after(1)
}

impl From<RecordsError> for Problem {
    fn from(error: RecordsError) -> Self {
        match error {
            RecordsError::Lending(error) => error.into(),
            RecordsError::Log(error @ (LogError::Storage(_) | LogError::Closed)) => log_unavailable(&error),
            RecordsError::Log(error @ LogError::OutOfRange { .. }) => Self::gone(error.to_string()),
            RecordsError::Log(LogError::Refused(_) | LogError::Corrupt { .. }) | RecordsError::Corrupt { .. } => {
                Self::internal(&error)
            }
        }
    }
}

impl From<RerunError> for Problem {
    fn from(error: RerunError) -> Self {
        match error {
            RerunError::Records(error) => error.into(),
            RerunError::Engine(_) | RerunError::Panicked(_) => Self::internal(&error),
        }
    }
}
