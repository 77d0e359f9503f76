//! The members of the groups that fold: which chain each partition of which topic gets.

use std::path::Path;
use std::sync::Arc;

use tokio::runtime::Handle;
use weir_features::{CustomerStage, EntityStage, FeatureViews, VectorStage};
use weir_ingest::admission::Admission;
use weir_messages::Topic;
use weir_messages::privacy::Keyring;
use weir_scoring::{CurrentLineup, Decider};

use super::chain::{Chain, CustomerChain, DecisionChain, EntityChain, PartGauges};
use super::{Fold, Folds, OpenFold, Surroundings};

/// `state` is where the state of each partition gets a folder.
pub(crate) fn customers(
    around: &Surroundings,
    state: &Path,
    views: &Arc<FeatureViews>,
    keyring: &Arc<Keyring>,
) -> Folds {
    let (views, keyring, partitions) = (Arc::clone(views), Arc::clone(keyring), around.log.partitions(Topic::Events));
    let repeats = around.repeats;
    folds(around, state, "customers", move || CustomerChain {
        admission: Admission::new(Arc::clone(&keyring), partitions).with_repeat_window(repeats),
        customers: CustomerStage::new(Arc::clone(&views)),
    })
}

pub(crate) fn entities(
    around: &Surroundings,
    state: &Path,
    views: &Arc<FeatureViews>,
    keyring: &Arc<Keyring>,
) -> Folds {
    let (views, keyring, sources) = (Arc::clone(views), Arc::clone(keyring), around.log.partitions(Topic::Events));
    folds(around, state, "entities", move || EntityChain {
        keyring: Arc::clone(&keyring),
        entities: EntityStage::new(Arc::clone(&views), sources),
    })
}

pub(crate) fn decisions(
    around: &Surroundings,
    state: &Path,
    lineup: &Arc<CurrentLineup>,
    keyring: &Arc<Keyring>,
) -> Folds {
    let (lineup, keyring, deadline) = (Arc::clone(lineup), Arc::clone(keyring), around.part_wait_seconds);
    folds(around, state, "decisions", move || DecisionChain {
        keyring: Arc::clone(&keyring),
        vectors: VectorStage::default().with_deadline(deadline),
        decider: Decider::new(Arc::clone(&lineup)),
        gauges: PartGauges::default(),
    })
}

fn folds<C: Chain + 'static>(
    around: &Surroundings,
    state: &Path,
    name: &'static str,
    chain: impl Fn() -> C + Send + 'static,
) -> Folds {
    let (around, folder, runtime) = (around.clone(), state.join(name), Handle::current());
    let open: OpenFold = Box::new(move |partition| {
        let folder = folder.join(partition.to_string());
        runtime.block_on(Fold::open(around.clone(), folder, (name, partition), Box::new(chain())))
    });
    Folds::new(open, Handle::current())
}
