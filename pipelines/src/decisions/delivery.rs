//! Brings the decisions of a partition from the log to lending, which keeps where this is. A crash repeats and never
//! skips, and lending takes a repeat for what it is.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use weir_ingest::log::kafka::group::{Member, MemberError};
use weir_ingest::log::{Entry, EventLog, LogError};
use weir_lending::api::{Lending, LendingError};
use weir_lending::store::ConsumerOffset;
use weir_messages::{Decision, Place, Position, Retry, Topic};

use super::Recorded;

/// Lending's name for this reader.
pub(crate) const CONSUMER: &str = "decisions";
const BATCH: usize = 512;
const WAIT: Duration = Duration::from_millis(250);
/// An offset on record costs a write; without it a restart only repeats.
const FLUSH_EVERY: Duration = Duration::from_millis(500);
const RETRY_FIRST: Duration = Duration::from_millis(50);
const RETRY_LAST: Duration = Duration::from_secs(5);

#[derive(Debug, thiserror::Error)]
pub(crate) enum DeliveryError {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Lending(#[from] LendingError),
}

impl DeliveryError {
    /// Whether the same step may succeed when it is made again.
    pub(crate) const fn retry(&self) -> Retry {
        match self {
            Self::Log(error) => error.retry(),
            Self::Lending(error) => error.retry(),
        }
    }
}

/// The reader of one partition of the decisions topic.
#[derive(Debug)]
pub(crate) struct Delivery {
    lending: Lending,
    partition: u16,
    next: u64,
    flushed: u64,
    flushed_at: Instant,
}

impl Delivery {
    /// Takes up where lending has got to.
    pub(crate) async fn open(lending: Lending, log: &dyn EventLog, partition: u16) -> Result<Self, DeliveryError> {
        let first = log.start(Topic::Decisions, partition).await?;
        let next = lending.offset(CONSUMER, partition).await?.unwrap_or(first);
        let mut delivery = Self { lending, partition, next, flushed: next, flushed_at: Instant::now() };
        delivery.skip_what_is_gone(first);
        Ok(delivery)
    }

    /// Goes on at the first record that is kept. The applications whose decisions are gone expire.
    fn skip_what_is_gone(&mut self, first: u64) {
        if self.next < first {
            let (partition, gone) = (self.partition, first - self.next);
            metrics::counter!("weir_decisions_gone_total").increment(gone);
            tracing::error!(partition, gone, "decisions were deleted before lending had them: its applications expire");
            self.next = first;
        }
    }

    /// Until the task is aborted. What cannot be done now is tried again, ever more slowly.
    pub(crate) async fn run(mut self, log: Arc<dyn EventLog>) {
        let mut wait = RETRY_FIRST;
        loop {
            match self.step(&*log).await {
                Ok(()) => wait = RETRY_FIRST,
                Err(error) => {
                    tracing::warn!(retry = %error.retry(), error = %weir_messages::Causes(&error), "decisions wait");
                    tokio::time::sleep(wait).await;
                    wait = (wait * 2).min(RETRY_LAST);
                }
            }
        }
    }

    async fn step(&mut self, log: &dyn EventLog) -> Result<(), DeliveryError> {
        let from = Position { partition: self.partition, offset: self.next };
        let entries = match log.read(Topic::Decisions, from, BATCH, WAIT).await {
            // Retention took them in the meantime.
            Err(LogError::OutOfRange { first, end, .. }) if self.next < end => {
                self.skip_what_is_gone(first);
                return Ok(());
            }
            read => read?,
        };
        self.take(entries).await?;
        self.flush_when_due().await
    }

    async fn take(&mut self, entries: Vec<Entry>) -> Result<(), DeliveryError> {
        let Some(last) = entries.last().map(|entry| entry.position) else { return Ok(()) };
        let mut decisions: Vec<(Place, Decision)> = Vec::new();
        for entry in entries {
            match readable(entry) {
                Ok(decision) => decisions.push(decision),
                Err((place, reason)) => self.lending.park_unreadable_decision(place, reason).await?,
            }
        }
        let began = Instant::now();
        self.lending.apply_decisions(decisions).await?;
        metrics::histogram!("weir_delivery_seconds").record(began.elapsed());
        self.next = last.offset + 1;
        Ok(())
    }

    async fn flush_when_due(&mut self) -> Result<(), DeliveryError> {
        if self.next > self.flushed && self.flushed_at.elapsed() >= FLUSH_EVERY { self.flush().await } else { Ok(()) }
    }

    async fn flush(&mut self) -> Result<(), DeliveryError> {
        let offset = ConsumerOffset { consumer: CONSUMER.to_owned(), shard: self.partition, next: self.next };
        self.lending.record_offset(offset).await?;
        (self.flushed, self.flushed_at) = (self.next, Instant::now());
        Ok(())
    }
}

/// A record that nobody can read must not hold up those behind it: where it is, and why.
fn readable(entry: Entry) -> Result<(Place, Decision), (Place, String)> {
    let place = Place::new(Topic::Decisions, entry.position);
    let recorded = Recorded::read(entry).map_err(|error| {
        metrics::counter!("weir_decisions_unreadable_total").increment(1);
        (place, error.to_string())
    })?;
    Ok((recorded.place, recorded.decision))
}

/// The partitions of the decisions topic that this process was given.
pub(crate) struct Deliveries {
    lending: Lending,
    log: Arc<dyn EventLog>,
    runtime: Handle,
    held: BTreeMap<u16, Delivery>,
}

impl Deliveries {
    pub(crate) const fn new(lending: Lending, log: Arc<dyn EventLog>, runtime: Handle) -> Self {
        Self { lending, log, runtime, held: BTreeMap::new() }
    }
}

impl Member for Deliveries {
    fn assigned(&mut self, partition: u16) -> Result<u64, MemberError> {
        let delivery = self.runtime.block_on(Delivery::open(self.lending.clone(), &*self.log, partition))?;
        let next = delivery.next;
        self.held.insert(partition, delivery);
        Ok(next)
    }

    fn take(&mut self, partition: u16, entries: Vec<Entry>) -> Result<(), MemberError> {
        let Some(delivery) = self.held.get_mut(&partition) else { return Ok(()) };
        Ok(self.runtime.block_on(delivery.take(entries))?)
    }

    fn pause(&mut self) -> Result<Vec<Position>, MemberError> {
        for delivery in self.held.values_mut() {
            self.runtime.block_on(delivery.flush_when_due())?;
        }
        let saved =
            |(partition, delivery): (&u16, &Delivery)| Position { partition: *partition, offset: delivery.flushed };
        Ok(self.held.iter().map(saved).collect())
    }

    fn revoked(&mut self, partition: u16) {
        if let Some(mut delivery) = self.held.remove(&partition)
            && let Err(error) = self.runtime.block_on(delivery.flush())
        {
            tracing::warn!(partition, error = %weir_messages::Causes(&error), "the next holder repeats some decisions");
        }
    }

    fn lost(&mut self, partition: u16) {
        self.held.remove(&partition);
    }
}
