//! The fold over one partition: read a batch, fold it, publish what comes out, and at intervals save the stages' state
//! with the next offset as one atomic write. A crash repeats work, changes no answer and skips nothing.

pub(crate) mod chain;
mod gauges;
mod held;
mod history;
pub(crate) mod members;
mod open;
mod publisher;
mod refold;
pub(crate) mod topic_retention;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use weir_features::Online;
use weir_ingest::RepeatWindow;
use weir_ingest::dead_letters::{KeysUnavailable, Seals};
use weir_ingest::log::kafka::BrokerError;
use weir_ingest::log::{Entry, EventLog, LogError};
use weir_ingest::state::{Partition, SnapshotError, Snapshots, StateError, StateStore};
use weir_messages::{KnownTime, Position, Record, Sequenced, ShadowAnswer, StageError, Tasks, Topic};
use weir_scoring::Decided;

pub(crate) use chain::ENGINE;
use chain::{Chain, Folded};
pub(crate) use held::{Folds, OpenFold};
pub(crate) use history::History;
pub(crate) use open::Opening;
use publisher::{Publisher, STATE};
use refold::Refold;

use crate::failpoint::FailPoint;
use crate::vitals::Vitals;
use crate::watching::Watching;

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
    Keys(#[from] KeysUnavailable),
    #[error(transparent)]
    State(#[from] StateError),
    #[error("the snapshot of its state cannot be taken up")]
    Snapshot(#[from] SnapshotError),
    #[error("what the group has committed is not known")]
    Group(#[source] BrokerError),
    #[error(transparent)]
    Stage(#[from] StageError),
    #[error("how far {topic} reached was saved in another form")]
    Saved { topic: Topic },
    #[error(
        "{topic}/{partition}: the records {next} to {} are gone, and {what} is made of them; the first that is kept is \
         {first}. Bring back {} or its snapshot ([objects]), or undo the edit of the views; with \
         limits.rebuild_from_kept = true it goes on from what is kept and counts nothing before it",
        first - 1, folder.display()
    )]
    HistoryGone { topic: Topic, partition: u16, first: u64, next: u64, what: String, folder: PathBuf },
    #[error("a record for {topic} came out of a chain that does not declare it")]
    Undeclared { topic: Topic },
}

/// What every fold of a process shares.
#[derive(Debug, Clone)]
pub(crate) struct Surroundings {
    pub log: Arc<dyn EventLog>,
    /// What seals dead letters.
    pub seals: Seals,
    pub save_every: Duration,
    /// How long repeats of an event are recognised.
    pub repeats: RepeatWindow,
    /// How long a vector waits for its parts, in seconds of known time.
    pub part_wait_seconds: u32,
    /// Whether a fold goes on where its source no longer keeps what the state is made of.
    pub rebuild_from_kept: bool,
    /// Where state moves with its partition, and how often it is put there.
    pub snapshots: Option<(Snapshots, Duration)>,
    /// Where the latest vectors go for other readers.
    pub online: Option<Arc<Online>>,
    /// Where decisions are counted for the drift of their models.
    pub watching: Option<Arc<Watching>>,
    pub vitals: Arc<Vitals>,
    pub tasks: Tasks,
    pub fail_point: Arc<FailPoint>,
}

impl Surroundings {
    /// Nothing waits for it, and it cannot fail.
    fn offer(&self, decisions: Vec<Decided>) {
        let Some(online) = &self.online else { return };
        for one in decisions {
            online.offer(one.decision.vector);
        }
    }
}

pub(crate) struct Fold {
    around: Surroundings,
    store: Arc<StateStore>,
    chain: Box<dyn Chain>,
    publisher: Publisher,
    partition: Partition,
    /// While there is one, nothing else is folded.
    refold: Option<Refold>,
    /// What was folded and is not published yet, with the offset behind it. While there is any, nothing is saved.
    unpublished: Vec<(Folded, u64)>,
    next: u64,
    saved: u64,
    saved_at: Instant,
}

impl Fold {
    /// The first offset that is to be read: what a refold reads next, else the first that is not folded and published.
    pub(crate) fn reads_from(&self) -> u64 {
        self.refold.as_ref().map_or(self.next, Refold::next)
    }

    /// The first offset that is not in the saved state.
    pub(crate) const fn saved(&self) -> u64 {
        self.saved
    }

    /// Reads its partition itself, on a thread of its own, until told to stop; then saves.
    pub(crate) fn run(mut self, runtime: &Handle, stop: &AtomicBool) -> Result<(), FoldError> {
        let topic = self.chain.reads();
        while !stop.load(Ordering::Relaxed) {
            let from = Position { partition: self.partition.number, offset: self.reads_from() };
            let entries = runtime.block_on(self.around.log.read(topic, from, BATCH, WAIT))?;
            if !entries.is_empty() {
                self.fold(entries)?;
                let newest = runtime.block_on(self.publish())?;
                self.around.vitals.folded(self.reads_from(), newest);
            }
            self.save_when_due()?;
        }
        self.save()
    }

    /// Folds the next records of its partition.
    pub(crate) fn fold(&mut self, entries: Vec<Entry>) -> Result<(), FoldError> {
        let batch = entries.into_iter().map(|entry| Sequenced::first(entry.position, entry.record)).collect();
        let batch = self.refold(batch)?;
        let Some(last) = batch.last().map(|one| one.position) else { return Ok(()) };
        let began = Instant::now();
        let folded = self.chain.fold(&batch)?;
        self.chain.show(self.partition.number);
        self.around.fail_point.pass("folded");
        metrics::histogram!("weir_fold_seconds").record(began.elapsed());
        self.unpublished.push((folded, last.offset + 1));
        Ok(())
    }

    /// Publishes what came out of everything folded; the newest known time among it.
    pub(crate) async fn publish(&mut self) -> Result<Option<KnownTime>, FoldError> {
        let mut newest = None;
        for (mut folded, next) in std::mem::take(&mut self.unpublished) {
            let began = Instant::now();
            self.publisher.publish(&mut folded).await?;
            metrics::histogram!("weir_publish_seconds").record(began.elapsed());
            self.around.fail_point.pass("published");
            newest = newest.max(folded.newest);
            if next > self.publisher.published() {
                self.tell(folded);
            }
            self.next = next;
        }
        Ok(newest)
    }

    /// Whoever counts what was published, or shows the latest of it.
    fn tell(&self, folded: Folded) {
        told(&folded);
        if let Some(watching) = &self.around.watching {
            watching.count(folded.decisions.iter());
        }
        self.around.offer(folded.decisions);
    }

    /// Takes out of `batch` what is for the views that are folded anew.
    fn refold(&mut self, mut batch: Vec<Sequenced<Record>>) -> Result<Vec<Sequenced<Record>>, FoldError> {
        let Some(refold) = &mut self.refold else { return Ok(batch) };
        let behind = batch.split_off(batch.partition_point(|one| one.position.offset < refold.until()));
        refold.fold(&batch)?;
        if refold.is_over() || !behind.is_empty() {
            self.end_refold()?;
        }
        Ok(behind)
    }

    /// From here on the views that were folded anew are as far as the others.
    fn end_refold(&mut self) -> Result<(), FoldError> {
        let Some(mut refold) = self.refold.take() else { return Ok(()) };
        refold.save(&self.store)?;
        self.chain.complete();
        self.store.save(self.chain.stages().snapshot(), self.saved)?;
        refold.remove();
        let Partition { name, number, .. } = &self.partition;
        tracing::info!(name, number, next = self.saved, "the views that were folded anew are as far as the others");
        Ok(())
    }

    pub(crate) fn save_when_due(&mut self) -> Result<(), FoldError> {
        if let Some(refold) = &mut self.refold {
            return refold.save_when_due(&self.store, self.around.save_every);
        }
        let due = save_is_due(self.next - self.saved, self.saved_at, self.around.save_every);
        if due { self.save() } else { Ok(()) }
    }

    pub(crate) fn save(&mut self) -> Result<(), FoldError> {
        if let Some(refold) = &mut self.refold {
            return refold.save(&self.store);
        }
        debug_assert!(self.unpublished.is_empty(), "the stages are ahead of the offset they would be saved under");
        let mut changes = self.chain.stages().snapshot();
        changes.push((STATE.to_owned(), self.publisher.snapshot()));
        let began = Instant::now();
        self.store.save(changes, self.next)?;
        metrics::histogram!("weir_save_seconds").record(began.elapsed());
        self.around.fail_point.pass("saved");
        self.around.vitals.was_saved(self.next);
        (self.saved, self.saved_at) = (self.next, Instant::now());
        Ok(())
    }
}

fn save_is_due(unsaved: u64, saved_at: Instant, every: Duration) -> bool {
    unsaved >= SAVE_AFTER || (unsaved > 0 && saved_at.elapsed() >= every)
}

/// Counts and logs what was published: ids and trace ids, nothing personal.
fn told(folded: &Folded) {
    for decision in folded.decisions.iter().map(|one| &one.decision) {
        let outcome = decision.outcome.name();
        metrics::counter!("weir_decisions_total", "outcome" => outcome).increment(1);
        for shadow in &decision.shadows {
            if let ShadowAnswer::Failed(reason) = &shadow.answer {
                metrics::counter!("weir_shadow_unanswered_total", "reason" => reason.clone()).increment(1);
            }
        }
        if !decision.missing.is_empty() {
            metrics::counter!("weir_decisions_degraded_total").increment(1);
        }
        let trace = decision.vector.trace.map(|trace| trace.to_string());
        tracing::info!(application = %decision.application, trace, outcome, "decided");
    }
    for (origin, class) in &folded.dead_letters {
        tracing::warn!(origin, class, "dead letter");
    }
}
