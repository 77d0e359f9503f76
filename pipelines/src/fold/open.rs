//! Opening the fold of a partition: the state is taken up where it was last saved, views that it lacks are put to be
//! folded anew, and what the source no longer keeps is held against what the state is made of.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use weir_ingest::state::{Partition, Snapshots, StateStore};

use super::chain::Chain;
use super::history::Gone;
use super::publisher::{Publisher, STATE, Source};
use super::refold::{self, Refold};
use super::{Fold, FoldError, Surroundings};

/// What is opened: a partition's number, what folds it, where its state lies.
pub(crate) struct Opening {
    pub name: &'static str,
    pub number: u16,
    pub chain: Box<dyn Chain>,
    pub folder: PathBuf,
    /// What comes out of source offsets before this one is known to be published.
    pub committed: Option<u64>,
}

impl Fold {
    /// Takes up where the state was last saved: in its folder, or by whoever held the partition since.
    pub(crate) async fn open(around: Surroundings, opening: Opening) -> Result<Self, FoldError> {
        let Opening { name, number, mut chain, folder, committed } = opening;
        let mut stages = chain.stages().names();
        stages.push(STATE.to_owned());
        let partition = Partition { name: name.to_owned(), number, stages, folder };
        if let Some((snapshots, _)) = &around.snapshots {
            restore_snapshot(snapshots, &partition).await?;
        }
        let store = Arc::new(StateStore::open(&partition.folder, &partition.stages)?);
        chain.stages().restore(&store)?;
        let saved = store.next_offset()?;
        let refold = missing_views(&mut *chain, &store, &partition, saved)?;
        let mut fold = Self::at(around, store, (chain, refold), partition, (saved, committed)).await?;
        fold.skip_what_is_gone().await?;
        Ok(fold)
    }

    async fn at(
        around: Surroundings,
        store: Arc<StateStore>,
        (mut chain, refold): (Box<dyn Chain>, Option<Refold>),
        partition: Partition,
        (saved, committed): (u64, Option<u64>),
    ) -> Result<Self, FoldError> {
        let published = saved.max(committed.unwrap_or(0));
        let source = Source { topic: chain.reads(), partition: partition.number, published };
        let ends = (Arc::clone(&around.log), around.seals.clone());
        let publisher = Publisher::open(ends, &*store.reader(STATE)?, source, chain.writes()).await?;
        chain.show(partition.number);
        let (unpublished, saved_at) = (Vec::new(), Instant::now());
        Ok(Self { around, store, chain, publisher, partition, refold, unpublished, next: saved, saved, saved_at })
    }

    /// Both the state and the views that are folded anew may lack records that are gone.
    async fn skip_what_is_gone(&mut self) -> Result<(), FoldError> {
        let (topic, partition) = (self.chain.reads(), self.partition.number);
        let first = self.around.log.start(topic, partition).await?;
        if self.next < first {
            self.gone(first, self.next, format!("the state of `{}`", self.partition.name)).await?;
            self.next = first;
        }
        if let Some(next) = self.refold.as_ref().map(Refold::next).filter(|next| *next < first) {
            let views = self.chain.missing().join(", ");
            self.gone(first, next, format!("what is new or edited among the views ({views})")).await?;
        }
        if let Some(refold) = &mut self.refold {
            refold.skip_to(first);
            if refold.is_over() {
                self.end_refold()?;
            }
        }
        Ok(())
    }

    async fn gone(&self, first: u64, next: u64, what: String) -> Result<(), FoldError> {
        let (topic, partition) = (self.chain.reads(), self.partition.number);
        let published = self.publisher.published();
        let gone = Gone { topic, partition, first, next, published, what, folder: &self.partition.folder };
        gone.go_on(&*self.around.log, self.chain.history(), self.around.rebuild_from_kept).await
    }
}

/// A state that has folded nothing lacks nothing.
fn missing_views(
    chain: &mut dyn Chain,
    store: &StateStore,
    partition: &Partition,
    saved: u64,
) -> Result<Option<Refold>, FoldError> {
    let missing = chain.missing();
    if missing.is_empty() || saved == 0 {
        chain.complete();
        refold::remove_left(&partition.folder);
        return Ok(None);
    }
    let Some(refolding) = chain.refold() else { return Ok(None) };
    tracing::info!(folder = %partition.folder.display(), views = ?missing, until = saved, "views are folded anew, the others stay");
    // Before any of their rows: under which numbers those stand.
    store.save(chain.stages().snapshot(), saved)?;
    Ok(Some(Refold::open(refolding, store, partition, saved)?))
}

async fn restore_snapshot(snapshots: &Snapshots, partition: &Partition) -> Result<(), FoldError> {
    let began = Instant::now();
    if let Some(moved) = snapshots.take(partition).await? {
        // Its rows went into the state that is no longer there.
        refold::remove_left(&partition.folder);
        let (name, number, took) = (&partition.name, partition.number, began.elapsed());
        tracing::info!(name, number, rows = moved.rows, next = moved.next, ?took, "state taken up from its snapshot");
    }
    Ok(())
}
