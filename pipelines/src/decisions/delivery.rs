//! Brings decisions from the log to lending and into the index. Both keep where they are; a crash repeats and never
//! skips, and lending takes a repeat for what it is.

use std::sync::Arc;
use std::time::{Duration, Instant};

use weir_ingest::log::{Entry, EventLog};
use weir_lending::api::{Lending, LendingError};
use weir_lending::store::ConsumerOffset;
use weir_messages::{Decision, Position, Topic};

use super::{DecisionRecords, Recorded, RecordsError};

/// Lending's name for this reader.
const CONSUMER: &str = "decisions";
const BATCH: usize = 512;
const WAIT: Duration = Duration::from_millis(250);
/// An offset on record costs a write; without it a restart only repeats.
const FLUSH_EVERY: Duration = Duration::from_millis(500);
const RETRY_FIRST: Duration = Duration::from_millis(50);
const RETRY_LAST: Duration = Duration::from_secs(5);

#[derive(Debug, thiserror::Error)]
pub(crate) enum DeliveryError {
    #[error(transparent)]
    Records(#[from] RecordsError),
    #[error(transparent)]
    Lending(#[from] LendingError),
}

/// The reader of the decisions topic.
#[derive(Debug)]
pub(crate) struct Delivery {
    log: Arc<dyn EventLog>,
    records: Arc<DecisionRecords>,
    lending: Lending,
    next: u64,
    flushed: u64,
    flushed_at: Instant,
}

impl Delivery {
    /// Takes up where both lending and the index have got to.
    pub(crate) async fn open(
        log: Arc<dyn EventLog>,
        records: Arc<DecisionRecords>,
        lending: Lending,
    ) -> Result<Self, DeliveryError> {
        let indexed = records.index.next_offset().map_err(RecordsError::from)?;
        let next = lending.offset(CONSUMER, 0).await?.unwrap_or(0).min(indexed);
        Ok(Self { log, records, lending, next, flushed: next, flushed_at: Instant::now() })
    }

    /// Until the task is aborted. What cannot be done now is tried again, ever more slowly.
    pub(crate) async fn run(mut self) {
        let mut wait = RETRY_FIRST;
        loop {
            match self.step().await {
                Ok(()) => wait = RETRY_FIRST,
                Err(error) => {
                    tracing::warn!(error = %weir_messages::Causes(&error), "decisions wait");
                    tokio::time::sleep(wait).await;
                    wait = (wait * 2).min(RETRY_LAST);
                }
            }
        }
    }

    async fn step(&mut self) -> Result<(), DeliveryError> {
        let from = Position { partition: 0, offset: self.next };
        let entries = self.log.read(Topic::Decisions, from, BATCH, WAIT).await.map_err(RecordsError::from)?;
        if let Some(last) = entries.last().map(|entry| entry.position) {
            let recorded: Vec<Recorded> = entries.into_iter().filter_map(readable).collect();
            // Before lending wakes who waits, so that the record is there for whoever then asks.
            self.records.note(&recorded);
            let decisions: Vec<Decision> = recorded.into_iter().map(|one| one.decision).collect();
            let began = Instant::now();
            self.lending.apply_decisions(&decisions).await?;
            metrics::histogram!("weir_delivery_seconds").record(began.elapsed());
            self.next = last.offset + 1;
        }
        if self.next > self.flushed && self.flushed_at.elapsed() >= FLUSH_EVERY {
            self.flush().await?;
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), DeliveryError> {
        self.records.flush(self.next)?;
        let offset = ConsumerOffset { consumer: CONSUMER.to_owned(), shard: 0, next: self.next };
        self.lending.record_offset(offset).await?;
        (self.flushed, self.flushed_at) = (self.next, Instant::now());
        Ok(())
    }
}

/// A record that nobody can read must not hold up those behind it.
fn readable(entry: Entry) -> Option<Recorded> {
    Recorded::read(entry)
        .inspect_err(|error| {
            metrics::counter!("weir_decisions_unreadable_total").increment(1);
            tracing::error!(%error, "decision record skipped");
        })
        .ok()
}
