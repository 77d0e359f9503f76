//! What the clients of a broker share: what they say goes to our own log, what fails is told in our own words.

use std::time::Duration;

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaErrorCode;

use crate::log::LogError;

/// How long a broker may take to answer before it counts as away.
pub(super) const ANSWER: Duration = Duration::from_secs(10);

/// The broker's own limit is below ours.
const TOO_LARGE: RDKafkaErrorCode = RDKafkaErrorCode::MessageSizeTooLarge;

#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    #[error("expected an answer from Kafka within {} s, found none", .waited.as_secs_f32())]
    Silent { waited: Duration, source: Option<KafkaError> },
    #[error("Kafka refuses {what}")]
    Refused { what: String, source: KafkaError },
    #[error("topic {topic}: expected {expected}, found {found}")]
    Topic { topic: String, expected: String, found: String },
    #[error("{topic}/{partition}: expected an offset from {first} to {end}, which are kept, found {found}")]
    OutOfRange { topic: String, partition: u16, first: u64, end: u64, found: u64 },
    #[error("expected a record of at most {most} bytes, found one of {found}")]
    TooLarge { most: usize, found: usize },
    #[error("a record of this append is on the log, but where is unknown")]
    PlaceUnknown,
}

impl BrokerError {
    pub(super) fn refused(what: impl Into<String>) -> impl FnOnce(KafkaError) -> Self {
        let what = what.into();
        |source| Self::Refused { what, source }
    }

    pub(super) fn silent(source: KafkaError) -> Self {
        Self::Silent { waited: ANSWER, source: Some(source) }
    }
}

impl From<BrokerError> for LogError {
    fn from(error: BrokerError) -> Self {
        match &error {
            BrokerError::TooLarge { .. } => Self::Refused(Box::new(error)),
            BrokerError::Refused { source, .. } if source.rdkafka_error_code() == Some(TOO_LARGE) => {
                Self::Refused(Box::new(error))
            }
            BrokerError::Silent { .. }
            | BrokerError::Refused { .. }
            | BrokerError::Topic { .. }
            | BrokerError::OutOfRange { .. }
            | BrokerError::PlaceUnknown => Self::Storage(Box::new(error)),
        }
    }
}

/// Hands on what the C library says. It names brokers, topics and offsets, never what a record holds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Logged;

impl ClientContext for Logged {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        match level {
            RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical | RDKafkaLogLevel::Error => {
                tracing::error!(facility, "kafka: {message}");
            }
            RDKafkaLogLevel::Warning => tracing::warn!(facility, "kafka: {message}"),
            RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info | RDKafkaLogLevel::Debug => {
                tracing::debug!(facility, "kafka: {message}");
            }
        }
    }

    /// A broker that is away; what cannot go on for it says so itself.
    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(%error, "kafka: {reason}");
    }
}

impl ConsumerContext for Logged {}
