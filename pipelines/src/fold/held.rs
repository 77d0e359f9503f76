//! The partitions of a topic that this process was given, each with its fold.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures::future::join_all;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use weir_ingest::log::Entry;
use weir_ingest::log::kafka::group::{Member, MemberError};
use weir_ingest::state::{SnapshotError, Underway, underway};
use weir_messages::{Causes, Position};

use super::{Fold, FoldError};

/// Opens the fold of a partition.
pub(crate) type OpenFold = Box<dyn Fn(u16) -> Result<Fold, FoldError> + Send>;

pub(crate) struct Folds {
    open: OpenFold,
    runtime: Handle,
    held: BTreeMap<u16, Held>,
}

/// Dropped, it leaves its folder free for whoever opens it next.
struct Held {
    fold: Fold,
    /// The offset of the latest snapshot, and when it was begun.
    put: (u64, Instant),
    putting: Option<(Underway, JoinHandle<()>)>,
}

impl Held {
    fn new(fold: Fold) -> Self {
        let put = (fold.saved(), Instant::now());
        Self { fold, put, putting: None }
    }

    async fn publish(&mut self) -> Result<(), FoldError> {
        if let Some(newest) = self.fold.publish().await? {
            self.fold.around.vitals.knows(newest);
        }
        Ok(())
    }

    /// Begins a snapshot in the background when it is due and there is something new.
    fn put_when_due(&mut self, runtime: &Handle) {
        let Some((snapshots, every)) = &self.fold.around.snapshots else { return };
        let (next, begun) = self.put;
        let busy = self.putting.as_ref().is_some_and(|(_, putting)| !putting.is_finished());
        if busy || self.fold.saved() <= next || begun.elapsed() < *every {
            return;
        }
        let (snapshots, partition, store) = (snapshots.clone(), self.fold.partition.clone(), self.fold.store.clone());
        self.put = (self.fold.saved(), Instant::now());
        let (underway, wanted) = underway();
        let putting = async move {
            let (began, name, number) = (Instant::now(), partition.name.clone(), partition.number);
            match snapshots.put(&partition, store, wanted).await {
                Ok(moved) => {
                    let took: Duration = began.elapsed();
                    metrics::histogram!("weir_snapshot_seconds").record(took);
                    tracing::debug!(name, number, rows = moved.rows, next = moved.next, ?took, "snapshot");
                }
                Err(SnapshotError::Unwanted) => {}
                Err(error) => tracing::warn!(name, number, error = %Causes(&error), "no snapshot"),
            }
        };
        self.putting = Some((underway, runtime.spawn(putting)));
    }
}

impl Folds {
    pub(crate) fn new(open: OpenFold, runtime: Handle) -> Self {
        Self { open, runtime, held: BTreeMap::new() }
    }
}

impl Member for Folds {
    fn assigned(&mut self, partition: u16) -> Result<u64, MemberError> {
        let fold = (self.open)(partition)?;
        let next = fold.reads_from();
        self.held.insert(partition, Held::new(fold));
        Ok(next)
    }

    fn take(&mut self, partition: u16, entries: Vec<Entry>) -> Result<(), MemberError> {
        let Some(Held { fold, .. }) = self.held.get_mut(&partition) else { return Ok(()) };
        Ok(fold.fold(entries)?)
    }

    /// What came out of all partitions is appended together: in as few requests as of one, and one wait.
    fn settle(&mut self) -> Vec<(u16, MemberError)> {
        let publish = async |(partition, held): (&u16, &mut Held)| {
            held.publish().await.err().map(|error| (*partition, MemberError::from(error)))
        };
        let published = self.runtime.block_on(join_all(self.held.iter_mut().map(publish)));
        published.into_iter().flatten().collect()
    }

    fn pause(&mut self) -> Result<Vec<Position>, MemberError> {
        for held in self.held.values_mut() {
            held.fold.save_when_due()?;
            held.put_when_due(&self.runtime);
        }
        let saved = |(partition, held): (&u16, &Held)| Position { partition: *partition, offset: held.fold.saved() };
        Ok(self.held.iter().map(saved).collect())
    }

    fn revoked(&mut self, partition: u16) {
        if let Some(mut held) = self.held.remove(&partition)
            && let Err(error) = self.runtime.block_on(held.publish()).and_then(|()| held.fold.save())
        {
            tracing::error!(partition, error = %Causes(&error), "the next holder folds more again");
        }
    }

    fn lost(&mut self, partition: u16) {
        self.held.remove(&partition);
    }
}
