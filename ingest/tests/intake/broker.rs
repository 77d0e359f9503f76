//! A collector on topics of a test's own, and the member that reads what producers write straight into Kafka.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use weir_ingest::collector::Collector;
use weir_ingest::dead_letters::Seals;
use weir_ingest::intake::{GROUP, Intake};
use weir_ingest::log::kafka::group::{Group, Running};
use weir_ingest::log::kafka::{KafkaSettings, topics};
use weir_ingest::log::{Entry, EventLog, KafkaLog};
use weir_messages::privacy::{Keyring, Tokenizer};
use weir_messages::{DeadLetter, Event, Position, SystemClock, Topic, TraceId};

pub(crate) const PARTITIONS: u16 = 4;

pub(crate) struct Site {
    pub(crate) settings: KafkaSettings,
    pub(crate) log: Arc<KafkaLog>,
}

/// Says aloud that a test was skipped; with `REQUIRE_SERVICES=1` that is a failure.
pub(crate) fn skip(test: &str, why: &str) {
    assert!(std::env::var("REQUIRE_SERVICES").as_deref() != Ok("1"), "{test}: {why}");
    // Past the capture of tests' output, which would keep it from whoever runs them.
    std::io::stderr().write_all(format!("SKIPPED: {test} ({why})\n").as_bytes()).unwrap();
}

impl Site {
    pub(crate) async fn new(test: &str) -> Option<Self> {
        let Ok(brokers) = std::env::var("WEIR_TEST_KAFKA") else {
            skip(test, "no Kafka: WEIR_TEST_KAFKA is not set");
            return None;
        };
        let prefix = format!("test-{}.", TraceId::random());
        let settings = KafkaSettings { prefix, session_timeout_ms: 6_000, ..KafkaSettings::plain(brokers) };
        topics::apply(&settings, PARTITIONS).await.unwrap();
        let log = Arc::new(KafkaLog::open(&settings).await.unwrap());
        Some(Self { settings, log })
    }

    pub(crate) fn intake(&self) -> Running {
        self.intake_into(Arc::clone(&self.log) as Arc<dyn EventLog>)
    }

    pub(crate) fn intake_into(&self, log: Arc<dyn EventLog>) -> Running {
        let keyring = Keyring::new("k1", BTreeMap::from([("k1".to_owned(), [3; 32])])).unwrap();
        let tokens = Arc::new(Tokenizer::new("k1", [7; 32]));
        let collector = Arc::new(Collector::new(log, tokens, Seals::new(Arc::new(keyring)), Arc::new(SystemClock)));
        let intake = Intake::new(&self.settings, collector, Handle::current()).unwrap();
        Group::new(&self.settings, Topic::Intake, GROUP).join(Box::new(intake)).unwrap()
    }

    pub(crate) fn topic(&self) -> String {
        self.settings.topic(Topic::Intake)
    }

    /// What is on a topic once it holds `count` records.
    pub(crate) async fn records(&self, topic: Topic, count: usize) -> Vec<Entry> {
        let (mut found, started) = (Vec::new(), Instant::now());
        while found.len() < count {
            assert!(started.elapsed() < Duration::from_secs(30), "{} of {count} came in 30 s: {found:?}", found.len());
            tokio::time::sleep(Duration::from_millis(50)).await;
            found.clear();
            for partition in 0..self.log.partitions(topic) {
                let start = Position { partition, offset: 0 };
                found.extend(self.log.read(topic, start, 10_000, Duration::ZERO).await.unwrap());
            }
        }
        found
    }

    /// The events, by id, once there are `count` of them.
    pub(crate) async fn events(&self, count: usize) -> BTreeMap<String, Event> {
        let entries = self.records(Topic::Events, count).await;
        let events = entries.iter().map(|entry| Event::try_from(&entry.record).unwrap());
        events.map(|event| (event.id.as_str().to_owned(), event)).collect()
    }

    pub(crate) async fn dead_letters(&self, count: usize) -> Vec<DeadLetter> {
        let entries = self.records(Topic::DeadLetters, count).await;
        entries.iter().map(|entry| DeadLetter::try_from(&entry.record).unwrap()).collect()
    }
}
