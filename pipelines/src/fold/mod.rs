//! The fold over one partition: read a batch, fold it, publish what comes out, and at intervals save the stages' state
//! with the next offset as one atomic write. A crash repeats work, changes no answer and skips nothing.

pub(crate) mod chain;
mod held;
pub(crate) mod members;
mod publisher;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use weir_features::Online;
use weir_ingest::RepeatWindow;
use weir_ingest::log::{Entry, EventLog, LogError};
use weir_ingest::state::{Partition, SnapshotError, Snapshots, StateError, StateStore};
use weir_messages::{KnownTime, Position, Record, Sequenced, ShadowAnswer, StageError, Tasks, Topic};
use weir_scoring::Decided;

use chain::{Chain, Folded};
pub(crate) use held::{Folds, OpenFold};
pub(crate) use publisher::ENGINE;
use publisher::{Publisher, STATE};

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
    State(#[from] StateError),
    #[error("the snapshot of its state cannot be taken up")]
    Snapshot(#[from] SnapshotError),
    #[error(transparent)]
    Stage(#[from] StageError),
    #[error("how far {topic} reached was saved in another form")]
    Saved { topic: Topic },
}

/// What every fold of a process shares.
#[derive(Debug, Clone)]
pub(crate) struct Surroundings {
    pub log: Arc<dyn EventLog>,
    pub save_every: Duration,
    /// How long repeats of an event are recognised.
    pub repeats: RepeatWindow,
    /// How long a vector waits for its parts, in seconds of known time.
    pub part_wait_seconds: u32,
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
    fn offer(&self, decisions: Vec<Sequenced<Decided>>) {
        let Some(online) = &self.online else { return };
        for one in decisions {
            online.offer(one.body.decision.vector);
        }
    }
}

pub(crate) struct Fold {
    around: Surroundings,
    store: Arc<StateStore>,
    chain: Box<dyn Chain>,
    publisher: Publisher,
    partition: Partition,
    /// What was folded and is not published yet, with the offset behind it. While there is any, nothing is saved.
    unpublished: Vec<(Folded, u64)>,
    next: u64,
    saved: u64,
    saved_at: Instant,
}

/// Namespaces of what a fold over `chain` saves.
fn names(chain: &dyn Chain) -> Vec<String> {
    let mut names = chain.names();
    names.push(STATE.to_owned());
    names
}

impl Fold {
    /// Takes up where the state was last saved: in `folder`, or by whoever held the partition since.
    pub(crate) async fn open(
        around: Surroundings,
        folder: PathBuf,
        (name, number): (&str, u16),
        mut chain: Box<dyn Chain>,
    ) -> Result<Self, FoldError> {
        let partition = Partition { name: name.to_owned(), number, stages: names(&*chain), folder };
        if let Some((snapshots, _)) = &around.snapshots {
            taken_up(snapshots, &partition).await?;
        }
        let store = Arc::new(StateStore::open(&partition.folder, &partition.stages)?);
        chain.restore(&store)?;
        let log = Arc::clone(&around.log);
        let publisher = Publisher::open(log, &store, (chain.source(), number)).await?;
        let next = store.next_offset()?;
        let (unpublished, saved_at) = (Vec::new(), Instant::now());
        Ok(Self { around, store, chain, publisher, partition, unpublished, next, saved: next, saved_at })
    }

    /// The first offset that is not folded and published.
    pub(crate) const fn next(&self) -> u64 {
        self.next
    }

    /// The first offset that is not in the saved state.
    pub(crate) const fn saved(&self) -> u64 {
        self.saved
    }

    /// Reads its partition itself, on a thread of its own, until told to stop; then saves.
    pub(crate) fn run(mut self, runtime: &Handle, stop: &AtomicBool) -> Result<(), FoldError> {
        let topic = self.chain.source();
        while !stop.load(Ordering::Relaxed) {
            let from = Position { partition: self.partition.number, offset: self.next };
            let entries = runtime.block_on(self.around.log.read(topic, from, BATCH, WAIT))?;
            if !entries.is_empty() {
                self.fold(entries)?;
                let newest = runtime.block_on(self.publish())?;
                self.around.vitals.folded(self.next, newest);
            }
            self.save_when_due()?;
        }
        self.save()
    }

    /// Folds the next records of its partition.
    pub(crate) fn fold(&mut self, entries: Vec<Entry>) -> Result<(), FoldError> {
        let Some(last) = entries.last().map(|entry| entry.position) else { return Ok(()) };
        let began = Instant::now();
        let batch: Vec<Sequenced<Record>> =
            entries.into_iter().map(|entry| Sequenced::first(entry.position, entry.record)).collect();
        let folded = self.chain.fold(&batch)?;
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
            told(&folded);
            if let Some(watching) = &self.around.watching {
                watching.count(folded.decisions.iter().map(|one| &one.body));
            }
            self.around.offer(folded.decisions);
            (self.next, newest) = (next, newest.max(folded.newest));
        }
        Ok(newest)
    }

    pub(crate) fn save_when_due(&mut self) -> Result<(), FoldError> {
        let unsaved = self.next - self.saved;
        let due = unsaved >= SAVE_AFTER || (unsaved > 0 && self.saved_at.elapsed() >= self.around.save_every);
        if due { self.save() } else { Ok(()) }
    }

    pub(crate) fn save(&mut self) -> Result<(), FoldError> {
        debug_assert!(self.unpublished.is_empty(), "the stages are ahead of the offset they would be saved under");
        let mut changes = self.chain.snapshot();
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

async fn taken_up(snapshots: &Snapshots, partition: &Partition) -> Result<(), FoldError> {
    let began = Instant::now();
    if let Some(moved) = snapshots.take(partition).await? {
        let (name, number, took) = (&partition.name, partition.number, began.elapsed());
        tracing::info!(name, number, rows = moved.rows, next = moved.next, ?took, "state taken up from its snapshot");
    }
    Ok(())
}

/// Counts and logs what was published: ids and trace ids, nothing personal.
fn told(folded: &Folded) {
    for decision in folded.decisions.iter().map(|one| &one.body.decision) {
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
    for letter in folded.dead_letters.iter().map(|one| &one.body) {
        metrics::counter!("weir_dead_letters_total", "class" => letter.class.clone()).increment(1);
        tracing::warn!(origin = letter.origin, class = letter.class, "dead letter");
    }
}
