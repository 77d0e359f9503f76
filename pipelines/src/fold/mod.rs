//! The loop: read a batch, fold it, publish what comes out, and at intervals save the stages' state with the next
//! offset as one atomic write. A crash repeats work, changes no answer and skips nothing.

mod chain;
mod publisher;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use weir_ingest::log::{EventLog, LogError};
use weir_ingest::state::{StateError, StateStore};
use weir_messages::{Position, Record, Sequenced, StageError, Topic};

pub(crate) use chain::Chain;
use chain::Folded;
use publisher::Publisher;
pub(crate) use publisher::{ENGINE, STATE};

use crate::failpoint::FailPoint;
use crate::vitals::Vitals;

/// Records of one batch, at most. One alone is folded at once.
const BATCH: usize = 2_048;
/// How long to wait for a record before looking whether to stop or to save.
const WAIT: Duration = Duration::from_millis(100);
/// Sooner than the configuration says when so many records have come, so that no save is large enough to be felt.
const SAVE_AFTER: u64 = 4_096;

#[derive(Debug, thiserror::Error)]
pub(crate) enum FoldError {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    State(#[from] StateError),
    #[error(transparent)]
    Stage(#[from] StageError),
    #[error("how far {topic} reached was saved in another form")]
    Saved { topic: Topic },
}

pub(crate) struct Fold {
    log: Arc<dyn EventLog>,
    store: Arc<StateStore>,
    chain: Chain,
    publisher: Publisher,
    vitals: Arc<Vitals>,
    fail_point: Arc<FailPoint>,
    next: u64,
    saved: u64,
    saved_at: Instant,
    save_every: Duration,
}

impl Fold {
    /// Takes up where the state was last saved.
    pub(crate) async fn open(
        log: Arc<dyn EventLog>,
        store: Arc<StateStore>,
        mut chain: Chain,
        (engine, save_every): (String, Duration),
        (vitals, fail_point): (Arc<Vitals>, Arc<FailPoint>),
    ) -> Result<Self, FoldError> {
        chain.restore(&store)?;
        let publisher = Publisher::open(Arc::clone(&log), &store, engine).await?;
        let next = store.next_offset()?;
        vitals.folded(next, None);
        vitals.appended(log.end(Topic::Events, 0).await?);
        let (saved, saved_at) = (next, Instant::now());
        Ok(Self { log, store, chain, publisher, vitals, fail_point, next, saved, saved_at, save_every })
    }

    /// On a thread of its own, until told to stop; then saves.
    pub(crate) fn run(mut self, runtime: &Handle, stop: &AtomicBool) -> Result<(), FoldError> {
        while !stop.load(Ordering::Relaxed) {
            self.step(runtime)?;
            let unsaved = self.next - self.saved;
            if unsaved >= SAVE_AFTER || (unsaved > 0 && self.saved_at.elapsed() >= self.save_every) {
                self.save()?;
            }
        }
        self.save()
    }

    fn step(&mut self, runtime: &Handle) -> Result<(), FoldError> {
        let from = Position { partition: 0, offset: self.next };
        let entries = runtime.block_on(self.log.read(Topic::Events, from, BATCH, WAIT))?;
        let Some(last) = entries.last().map(|entry| entry.position) else { return Ok(()) };
        let began = Instant::now();
        let batch: Vec<Sequenced<Record>> =
            entries.into_iter().map(|entry| Sequenced::first(entry.position, entry.record)).collect();
        let folded = self.chain.fold(&batch)?;
        self.fail_point.pass("folded");
        metrics::histogram!("weir_fold_seconds").record(began.elapsed());
        let began = Instant::now();
        runtime.block_on(self.publisher.publish(&folded))?;
        metrics::histogram!("weir_publish_seconds").record(began.elapsed());
        self.fail_point.pass("published");
        told(&folded);
        self.next = last.offset + 1;
        self.vitals.folded(self.next, folded.newest);
        Ok(())
    }

    fn save(&mut self) -> Result<(), FoldError> {
        let mut changes = self.chain.snapshot();
        changes.push((STATE.to_owned(), self.publisher.snapshot()));
        let began = Instant::now();
        self.store.save(changes, self.next)?;
        metrics::histogram!("weir_save_seconds").record(began.elapsed());
        self.fail_point.pass("saved");
        (self.saved, self.saved_at) = (self.next, Instant::now());
        Ok(())
    }
}

/// Counts and logs what was published: ids and trace ids, nothing personal.
fn told(folded: &Folded) {
    for decision in folded.decisions.iter().map(|one| &one.body) {
        let outcome = decision.outcome.name();
        metrics::counter!("weir_decisions_total", "outcome" => outcome).increment(1);
        if !decision.missing.is_empty() {
            metrics::counter!("weir_decisions_degraded_total").increment(1);
        }
        let trace = decision.vector.trace.map(|trace| trace.to_string());
        tracing::info!(application = %decision.application, trace, outcome, "decided");
    }
    for letter in folded.dead_letters.iter().map(|one| &one.body) {
        metrics::counter!("weir_dead_letters_total", "class" => letter.class.clone()).increment(1);
        tracing::warn!(origin = letter.origin, class = letter.class, "dead letter");
    }
}
