//! The partitions of a topic that this process was given, each with its fold.

use std::collections::BTreeMap;

use tokio::runtime::Handle;
use weir_ingest::log::Entry;
use weir_ingest::log::kafka::{Member, MemberError};
use weir_messages::{Causes, Position};

use super::{Fold, FoldError};

/// Opens the fold of a partition.
pub(crate) type OpenFold = Box<dyn Fn(u16) -> Result<Fold, FoldError> + Send>;

pub(crate) struct Folds {
    open: OpenFold,
    runtime: Handle,
    held: BTreeMap<u16, Fold>,
}

impl Folds {
    pub(crate) fn new(open: OpenFold, runtime: Handle) -> Self {
        Self { open, runtime, held: BTreeMap::new() }
    }
}

impl Member for Folds {
    fn assigned(&mut self, partition: u16) -> Result<u64, MemberError> {
        let fold = (self.open)(partition)?;
        let next = fold.next();
        self.held.insert(partition, fold);
        Ok(next)
    }

    fn take(&mut self, partition: u16, entries: Vec<Entry>) -> Result<(), MemberError> {
        let Some(fold) = self.held.get_mut(&partition) else { return Ok(()) };
        if let Some(newest) = fold.take(&self.runtime, entries)? {
            fold.around.vitals.knows(newest);
        }
        Ok(())
    }

    fn pause(&mut self) -> Result<Vec<Position>, MemberError> {
        for fold in self.held.values_mut() {
            fold.save_when_due()?;
        }
        let saved = |(partition, fold): (&u16, &Fold)| Position { partition: *partition, offset: fold.saved() };
        Ok(self.held.iter().map(saved).collect())
    }

    fn revoked(&mut self, partition: u16) {
        if let Some(mut fold) = self.held.remove(&partition)
            && let Err(error) = fold.save()
        {
            tracing::error!(partition, error = %Causes(&error), "the next holder folds more again");
        }
    }

    fn lost(&mut self, partition: u16) {
        self.held.remove(&partition);
    }
}
