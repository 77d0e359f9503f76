//! The relay: what lending committed goes to the log, in order, at least once. New rows come in memory right after their
//! commit; the table is read at the start, whenever something did not fit, and for what other processes committed.
//!
//! Of several processes one relays. When the turn passes, the next starts at the first row still in the table, which is
//! no later than what the last may still be publishing: so each row's first copy on the log is in order. A row that the
//! log never takes is parked, and those behind it go on.

use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use weir_messages::{Causes, Clock, Event, KnownTime, Retry, TraceId};

use crate::store::{Commit, FailPoint, OutboxFeed, OutboxPage, OutboxRow, Park, ParkedKind, Store, UnreadableRow};

/// Rows published at once.
const MOST: u32 = 512;
const RETRY_FIRST: Duration = Duration::from_millis(50);
const RETRY_LAST: Duration = Duration::from_secs(5);

/// Rows that were handed over in memory and wait for their turn, while the log does not answer too.
const MAX_HANDED: usize = 1_024;
const HANDED: usize = if cfg!(test) { 2 } else { MAX_HANDED };

#[derive(Debug, thiserror::Error)]
#[error("the event log took no events")]
pub struct PublishError {
    /// `Never` where one of the events is at fault, whoever publishes it and whenever.
    pub retry: Retry,
    #[source]
    pub cause: Box<dyn std::error::Error + Send + Sync>,
}

type Answer = Result<(), Box<dyn std::error::Error + Send + Sync>>;

/// Where events go. `Ok` means that all of them are durable, in this order. After an error any of them may be, and all
/// come again: readers drop repeats by (source, id).
#[async_trait]
pub trait EventSink: Send + Sync + Debug {
    async fn publish(&self, events: &[Event]) -> Result<(), PublishError>;
}

/// When the oldest row that is not published was committed.
#[derive(Debug, Default, Clone)]
pub struct OutboxAge(Arc<AtomicI64>);

impl OutboxAge {
    /// `None` when everything is published.
    #[must_use]
    pub fn oldest(&self) -> Option<KnownTime> {
        let at = self.0.load(Ordering::Relaxed);
        (at != 0).then(|| KnownTime::from_micros(at))
    }

    fn set(&self, oldest: Option<KnownTime>) {
        self.0.store(oldest.map_or(0, KnownTime::micros), Ordering::Relaxed);
    }
}

pub(crate) struct Relay {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) sink: Arc<dyn EventSink>,
    pub(crate) feed: OutboxFeed,
    pub(crate) age: OutboxAge,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) fail_point: FailPoint,
}

impl Relay {
    /// Until the store is closed. A log that takes nothing is asked again, ever more slowly, for ever.
    pub(crate) async fn run(mut self) {
        while self.my_turn().await {
            self.relay().await;
        }
    }

    /// Waits for it; false when the store is closed.
    async fn my_turn(&mut self) -> bool {
        self.age.set(None);
        while !*self.feed.turn.borrow_and_update() {
            let open = tokio::select! {
                changed = self.feed.turn.changed() => changed.is_ok(),
                // The process whose turn it is has them from the table.
                rows = self.feed.rows.recv() => rows.is_some(),
            };
            if !open {
                return false;
            }
        }
        !self.feed.rows.is_closed() || !self.feed.rows.is_empty()
    }

    /// Until the turn is another's.
    async fn relay(&mut self) {
        // Numbers start at 1: the first look is into the table, for what a crash left.
        let (mut published, mut wait) = (0, RETRY_FIRST);
        let mut handed: Vec<OutboxRow> = Vec::new();
        while *self.feed.turn.borrow() {
            handed.retain(|row| row.number > published);
            // What is not taken here is dropped by the feed when it is full: the table has it.
            while handed.len() < HANDED
                && let Ok(rows) = self.feed.rows.try_recv()
            {
                handed.extend(rows);
            }
            let next = following(&mut handed, published);
            let result = if !next.is_empty() {
                self.publish(&next, &mut published).await
            } else if published < self.feed.committed.load(Ordering::Acquire) {
                self.publish_from_table(&mut published).await
            } else {
                self.age.set(None);
                match self.feed.rows.recv().await {
                    Some(rows) => handed.extend(rows),
                    None => break,
                }
                continue;
            };
            match result {
                Ok(()) => wait = RETRY_FIRST,
                Err(error) => {
                    tracing::warn!(error = %Causes(&*error), "outbox waits");
                    tokio::time::sleep(wait).await;
                    wait = (wait * 2).min(RETRY_LAST);
                }
            }
        }
    }

    async fn publish_from_table(&self, published: &mut u64) -> Answer {
        let committed = self.feed.committed.load(Ordering::Acquire);
        let OutboxPage { rows, unreadable } = self.store.outbox(*published, MOST).await?;
        if !rows.is_empty() {
            return self.publish(&rows, published).await;
        }
        let Some(UnreadableRow { number, event, error }) = unreadable else {
            // Published, and its rows deleted, before a restart.
            *published = committed;
            return Ok(());
        };
        self.park(format!("row:{number}"), &error, error.retry(), event).await?;
        self.acknowledge(number, published);
        Ok(())
    }

    /// Rows in order, and without a gap beyond `published`.
    async fn publish(&self, rows: &[OutboxRow], published: &mut u64) -> Answer {
        self.age.set(rows.first().map(|row| row.at));
        let events: Vec<Event> = rows.iter().map(|row| row.event.clone()).collect();
        match self.sink.publish(&events).await {
            Ok(()) => {
                (self.fail_point)("outbox_published");
                rows.last().into_iter().for_each(|last| self.acknowledge(last.number, published));
                Ok(())
            }
            Err(error) if error.retry == Retry::Never => self.publish_singly(rows, published).await,
            Err(error) => Err(error.into()),
        }
    }

    /// Parks those among the rows that the log never takes.
    async fn publish_singly(&self, rows: &[OutboxRow], published: &mut u64) -> Answer {
        for row in rows {
            match self.sink.publish(std::slice::from_ref(&row.event)).await {
                Ok(()) => {}
                Err(error) if error.retry == Retry::Never => {
                    let event = serde_json::to_string(&row.event)?;
                    self.park(row.event.id.to_string(), &error, error.retry, event).await?;
                }
                Err(error) => return Err(error.into()),
            }
            self.acknowledge(row.number, published);
        }
        Ok(())
    }

    async fn park(&self, id: String, error: &(dyn std::error::Error + Sync), retry: Retry, event: String) -> Answer {
        let item = Park::new(ParkedKind::Outbox, id, error, retry, Some(event));
        tracing::error!(kind = item.kind.name(), id = item.id, cause = item.cause, "parked: the log never takes it");
        let commit = Commit { park: vec![item], ..Commit::empty(self.clock.now(), TraceId::random()) };
        Ok(self.store.commit(commit).await?)
    }

    fn acknowledge(&self, number: u64, published: &mut u64) {
        *published = number;
        self.store.published(number);
    }
}

/// Takes the rows that follow `published` without a gap, as many as are published at once: one in between is another
/// process's.
fn following(handed: &mut Vec<OutboxRow>, published: u64) -> Vec<OutboxRow> {
    let numbered = (published + 1..).zip(handed.iter()).take(MOST as usize);
    let gapless = numbered.take_while(|(number, row)| row.number == *number).count();
    handed.drain(..gapless).collect()
}
