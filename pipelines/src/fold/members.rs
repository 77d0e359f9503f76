//! The members of the groups that fold: which chain each partition of which topic gets.

use std::path::Path;
use std::sync::Arc;

use tokio::runtime::Handle;
use weir_features::{CustomerStage, EntityStage, FeatureViews, VectorStage};
use weir_ingest::log::kafka::GroupOffsets;
use weir_messages::Topic;
use weir_scoring::CurrentLineup;

use super::chain::{Admitting, Chain, CustomerChain, Deciding, DecisionChain, EntityChain};
use super::{Fold, FoldError, Folds, OpenFold, Opening, Surroundings};

/// What every fold of a group's member has in common.
pub(crate) struct Parts<'a> {
    pub around: &'a Surroundings,
    /// Where the state of each partition gets a folder.
    pub state: &'a Path,
    /// What the group committed: before it everything is published.
    pub committed: Option<GroupOffsets>,
}

impl Parts<'_> {
    pub(crate) fn customers(self, views: &Arc<FeatureViews>) -> Folds {
        let views = Arc::clone(views);
        let (partitions, repeats) = (self.around.log.partitions(Topic::Events), self.around.repeats);
        self.folds("customers", move || CustomerChain {
            admitting: Admitting::new(partitions, repeats),
            customers: CustomerStage::new(Arc::clone(&views)),
        })
    }

    pub(crate) fn entities(self, views: &Arc<FeatureViews>) -> Folds {
        let views = Arc::clone(views);
        let sources = self.around.log.partitions(Topic::Events);
        self.folds("entities", move || EntityChain { entities: EntityStage::new(Arc::clone(&views), sources) })
    }

    pub(crate) fn decisions(self, lineup: &Arc<CurrentLineup>) -> Folds {
        let (lineup, deadline) = (Arc::clone(lineup), self.around.part_wait_seconds);
        self.folds("decisions", move || DecisionChain {
            vectors: VectorStage::default().with_deadline(deadline),
            deciding: Deciding::new(&lineup),
            gauges: None,
        })
    }

    fn folds<C: Chain + 'static>(self, name: &'static str, chain: impl Fn() -> C + Send + 'static) -> Folds {
        let (around, folder, runtime) = (self.around.clone(), self.state.join(name), Handle::current());
        let committed = self.committed;
        let open: OpenFold = Box::new(move |partition| {
            let folder = folder.join(partition.to_string());
            let committed = committed.as_ref().map(|group| group.committed(partition)).transpose();
            let committed = committed.map_err(FoldError::Group)?.flatten();
            let opening = Opening { name, number: partition, chain: Box::new(chain()), folder, committed };
            runtime.block_on(Fold::open(around.clone(), opening))
        });
        Folds::new(open, Handle::current())
    }
}
