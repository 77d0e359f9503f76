//! The broker that tests are run against, where there is one, and topics of a test's own on it.

use super::{KafkaSettings, topics};

/// Four partitions of everything, as most tests have it.
pub(crate) const PARTITIONS: u16 = 4;

/// Settings with a prefix that no other test has. None, said aloud, where there is no broker.
pub(crate) fn fresh(test: &str) -> Option<KafkaSettings> {
    let Ok(brokers) = std::env::var("WEIR_TEST_KAFKA") else {
        let why = "no Kafka: WEIR_TEST_KAFKA is not set";
        assert!(std::env::var("REQUIRE_SERVICES").as_deref() != Ok("1"), "{test}: {why}");
        eprintln!("SKIPPED: {test} ({why})");
        return None;
    };
    let prefix = format!("test-{}.", weir_messages::TraceId::random());
    Some(KafkaSettings { prefix, session_timeout_ms: 6_000, ..KafkaSettings::plain(brokers) })
}

/// The same, with its topics.
pub(crate) async fn with_topics(test: &str) -> Option<KafkaSettings> {
    let settings = fresh(test)?;
    topics::apply(&settings, PARTITIONS).await.unwrap();
    Some(settings)
}
