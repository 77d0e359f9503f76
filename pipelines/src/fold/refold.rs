//! New and edited views are folded from the start of their source up to where the state stands, while the live chain
//! stands still. Nothing is published, the state of other views stays as it is, and the work goes on after a restart.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use metrics::Label;
use weir_features::{RowsOfLive, rows_apart};
use weir_ingest::state::{Partition, StateError, StateStore};
use weir_messages::{Record, Sequenced};

use super::chain::{Chain, Refolding};
use super::gauges::HeldGauge;
use super::{FoldError, save_is_due};

pub(super) struct Refold {
    chain: Box<dyn Chain>,
    /// The namespace of the live state into which the rows go.
    live: String,
    /// The stage that they come from.
    apart: String,
    /// What the chain keeps beside rows, with how far it has come.
    store: StateStore,
    folder: PathBuf,
    next: u64,
    saved: u64,
    saved_at: Instant,
    /// Where the live state stands.
    until: u64,
    /// How many records it is behind.
    left: HeldGauge,
}

impl Refold {
    /// Takes up where an earlier one of the same views has come to. The live chain's numbers of the views are saved.
    pub(super) fn open(
        Refolding { mut chain, live, apart }: Refolding,
        store: &StateStore,
        Partition { name, number, folder, .. }: &Partition,
        until: u64,
    ) -> Result<Self, FoldError> {
        let folder = folder.with_extension("refold");
        let own = StateStore::open(&folder, &chain.stages().names())?;
        chain.stages().restore_each(|namespace| {
            let reader = own.reader(namespace)?;
            if namespace != apart {
                return Ok(reader);
            }
            Ok::<_, StateError>(Box::new(RowsOfLive { live: store.reader(&live)?, apart: reader }))
        })?;
        let next = own.next_offset()?;
        let labels = vec![Label::new("fold", name.clone()), Label::new("partition", number.to_string())];
        let (left, saved_at) = (HeldGauge::new("weir_fold_refold_records", labels), Instant::now());
        let refold = Self { chain, live, apart, store: own, folder, next, saved: next, saved_at, until, left };
        refold.show_left();
        Ok(refold)
    }

    fn show_left(&self) {
        self.left.count(self.until.saturating_sub(self.next));
    }

    /// The first offset that is not folded.
    pub(super) const fn next(&self) -> u64 {
        self.next
    }

    /// Goes on from `start` where records before it are gone.
    pub(super) fn skip_to(&mut self, start: u64) {
        self.next = self.next.max(start);
    }

    pub(super) const fn until(&self) -> u64 {
        self.until
    }

    pub(super) const fn is_over(&self) -> bool {
        self.next >= self.until
    }

    pub(super) fn fold(&mut self, batch: &[Sequenced<Record>]) -> Result<(), FoldError> {
        let Some(last) = batch.last() else { return Ok(()) };
        self.chain.fold(batch)?;
        self.next = last.position.offset + 1;
        self.show_left();
        Ok(())
    }

    pub(super) fn save_when_due(&mut self, live: &StateStore, every: Duration) -> Result<(), FoldError> {
        if save_is_due(self.next - self.saved, self.saved_at, every) { self.save(live) } else { Ok(()) }
    }

    /// Rows first, and past a power cut: to fold again what they came of adds nothing to them.
    pub(super) fn save(&mut self, live: &StateStore) -> Result<(), FoldError> {
        let mut kept_apart = Vec::new();
        for (namespace, changes) in self.chain.stages().snapshot() {
            if namespace == self.apart {
                let (rows, rest) = rows_apart(changes);
                live.save(vec![(self.live.clone(), rows)], live.next_offset()?)?;
                kept_apart.push((namespace, rest));
            } else {
                kept_apart.push((namespace, changes));
            }
        }
        live.sync()?;
        self.store.save(kept_apart, self.next)?;
        (self.saved, self.saved_at) = (self.next, Instant::now());
        Ok(())
    }

    /// What it kept beside rows is of no more use.
    pub(super) fn remove(self) {
        let Self { chain, store, folder, .. } = self;
        drop((chain, store));
        remove(&folder);
    }
}

/// Where nothing is to be refolded, what an earlier refold left is of no use.
pub(super) fn remove_left(folder: &Path) {
    let folder = folder.with_extension("refold");
    if folder.is_dir() {
        remove(&folder);
    }
}

fn remove(folder: &Path) {
    if let Err(error) = std::fs::remove_dir_all(folder) {
        tracing::warn!(folder = %folder.display(), %error, "what a refold kept stays behind");
    }
}
