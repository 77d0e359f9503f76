//! The broker that tests are run against, where there is one, and topics of a test's own on it.

use std::io::Write as _;
use std::ops::Deref;
use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;

use super::{KafkaSettings, topics};

/// Four partitions of everything, as most tests have it.
pub(crate) const PARTITIONS: u16 = 4;

/// Settings with a prefix that no other test has. What bears it is removed in the end.
#[derive(Debug)]
pub(crate) struct Fresh(KafkaSettings);

/// None, said aloud, where there is no broker.
pub(crate) fn fresh(test: &str) -> Option<Fresh> {
    let Ok(brokers) = std::env::var("WEIR_TEST_KAFKA") else {
        let why = "no Kafka: WEIR_TEST_KAFKA is not set";
        assert!(std::env::var("REQUIRE_SERVICES").as_deref() != Ok("1"), "{test}: {why}");
        // Past the capture of tests' output, which would keep it from whoever runs them.
        std::io::stderr().write_all(format!("SKIPPED: {test} ({why})\n").as_bytes()).unwrap();
        return None;
    };
    let prefix = format!("test-{}.", weir_messages::TraceId::random());
    Some(Fresh(KafkaSettings { prefix, session_timeout_ms: 6_000, ..KafkaSettings::plain(brokers) }))
}

/// The same, with its topics.
pub(crate) async fn with_topics(test: &str) -> Option<Fresh> {
    let settings = fresh(test)?;
    topics::apply(&settings, PARTITIONS).await.unwrap();
    Some(settings)
}

impl Deref for Fresh {
    type Target = KafkaSettings;

    fn deref(&self) -> &KafkaSettings {
        &self.0
    }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        let settings = self.0.clone();
        // A failing test has said enough; a thread of its own, as this one may be a runtime's.
        std::thread::spawn(move || remove(&settings)).join().ok();
    }
}

fn remove(settings: &KafkaSettings) {
    let admin: AdminClient<DefaultClientContext> = settings.client().create().unwrap();
    let metadata = admin.inner().fetch_metadata(None, Duration::from_secs(10)).unwrap();
    let names = metadata.topics().iter().map(rdkafka::metadata::MetadataTopic::name);
    let ours: Vec<&str> = names.filter(|name| name.starts_with(&settings.prefix)).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(admin.delete_topics(&ours, &AdminOptions::new())).unwrap();
}
