//! The event log as the rest of the platform uses it: watched for its health, with the place where a test may end the
//! process, as the sink of lending's outbox, and as the source of decisions that lending tries again. And customers' keys
//! from lending, for its dead letters.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use weir_ingest::dead_letters::{self, Keys, KeysUnavailable};
use weir_ingest::log::{Entry, EventLog, LogError};
use weir_lending::decision_source::{DecisionSource, DecisionUnread};
use weir_lending::outbox::{EventSink, PublishError};
use weir_lending::vault::CustomerKeys;
use weir_messages::{CustomerId, Decision, Event, Place, Position, Record, Retry, Topic};

use crate::failpoint::FailPoint;
use crate::vitals::Vitals;

/// A log whose appends are counted.
#[derive(Debug)]
pub(crate) struct WatchedLog {
    pub log: Arc<dyn EventLog>,
    /// The end of a log of several partitions says nothing; its lag is measured elsewhere.
    pub partitioned: bool,
    pub vitals: Arc<Vitals>,
    pub fail_point: Arc<FailPoint>,
}

/// How many dead letters of each class.
fn by_class(letters: &[Record]) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for class in letters.iter().filter_map(|letter| letter.header("class")) {
        *counts.entry(class.to_owned()).or_default() += 1;
    }
    counts
}

#[async_trait]
impl EventLog for WatchedLog {
    async fn append(&self, topic: Topic, records: Vec<Record>) -> Result<Vec<Position>, LogError> {
        let by_class = if topic == Topic::DeadLetters { by_class(&records) } else { BTreeMap::new() };
        let positions = self.log.append(topic, records).await?;
        metrics::counter!("weir_log_records_total", "topic" => topic.name()).increment(positions.len() as u64);
        for (class, letters) in by_class {
            metrics::counter!("weir_dead_letters_total", "class" => class).increment(letters);
        }
        if topic == Topic::Events {
            self.fail_point.pass("events_appended");
            if let Some(last) = positions.last().filter(|_| !self.partitioned) {
                self.vitals.appended(last.offset + 1);
            }
        }
        Ok(positions)
    }

    async fn read(&self, topic: Topic, from: Position, most: usize, wait: Duration) -> Result<Vec<Entry>, LogError> {
        self.log.read(topic, from, most, wait).await
    }

    async fn start(&self, topic: Topic, partition: u16) -> Result<u64, LogError> {
        self.log.start(topic, partition).await
    }

    async fn end(&self, topic: Topic, partition: u16) -> Result<u64, LogError> {
        self.log.end(topic, partition).await
    }

    fn partitions(&self, topic: Topic) -> u16 {
        self.log.partitions(topic)
    }
}

/// Puts lending's events on the log.
#[derive(Debug)]
pub(crate) struct LogSink(pub Arc<dyn EventLog>);

#[async_trait]
impl EventSink for LogSink {
    async fn publish(&self, events: &[Event]) -> Result<(), PublishError> {
        let records = events.iter().map(Record::from).collect();
        let began = std::time::Instant::now();
        let appended = self.0.append(Topic::Events, records).await;
        appended.map_err(|error| PublishError { retry: error.retry(), cause: Box::new(error) })?;
        metrics::histogram!("weir_outbox_publish_seconds").record(began.elapsed());
        Ok(())
    }
}

/// Reads a decision again for lending.
#[derive(Debug)]
pub(crate) struct LogDecisions(pub Arc<dyn EventLog>);

#[async_trait]
impl DecisionSource for LogDecisions {
    async fn read(&self, record: Place) -> Result<Option<Decision>, DecisionUnread> {
        let read = self.0.read(record.topic, record.position, 1, Duration::ZERO).await;
        let unread = |error: LogError| DecisionUnread { record, retry: error.retry(), cause: Box::new(error) };
        let Some(entry) = read.map_err(unread)?.pop().filter(|entry| entry.position == record.position) else {
            return Ok(None);
        };
        let decision = weir_messages::decode_json(&entry.record.value);
        decision.map(Some).map_err(|error| DecisionUnread { record, retry: Retry::Never, cause: Box::new(error) })
    }
}

/// The keys of lending's customers, for their dead letters.
#[derive(Debug)]
pub(crate) struct LendingKeys(pub CustomerKeys);

#[async_trait]
impl dead_letters::CustomerKeys for LendingKeys {
    async fn keys(&self, customers: &BTreeSet<CustomerId>) -> Result<Keys, KeysUnavailable> {
        self.0.of(customers).await.map_err(|error| KeysUnavailable::Now(Box::new(error)))
    }
}
