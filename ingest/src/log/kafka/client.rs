//! What the clients of a broker share: what they say goes to our own log, what fails is told in our own words.

use std::time::Duration;

use rdkafka::ClientContext;
use rdkafka::client::Client;
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

/// The offsets that a partition keeps: its first, and the one that its next record will have. Blocking.
///
/// A client goes by its last view of a topic, and looks for a newer one after five minutes. A broker that has just
/// started may tell of a topic without its partitions, so where a partition is missing the client is made to look.
pub(super) fn kept<X: ClientContext>(
    client: &Client<X>,
    topic: &str,
    partition: u16,
) -> Result<(u64, u64), BrokerError> {
    let ask = || client.fetch_watermarks(topic, i32::from(partition), ANSWER);
    let answered = ask().or_else(|error| {
        if !is_missing(&error) {
            return Err(error);
        }
        client.fetch_metadata(Some(topic), ANSWER)?;
        ask()
    });
    let (first, end) = answered.map_err(BrokerError::silent)?;
    Ok((u64::try_from(first).unwrap_or(0), u64::try_from(end).unwrap_or(0)))
}

fn is_missing(error: &KafkaError) -> bool {
    let missing =
        [RDKafkaErrorCode::UnknownPartition, RDKafkaErrorCode::UnknownTopic, RDKafkaErrorCode::UnknownTopicOrPartition];
    error.rdkafka_error_code().is_some_and(|code| missing.contains(&code))
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
