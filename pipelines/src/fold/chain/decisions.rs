//! From the parts of a vector to the decision.

use std::sync::Arc;

use weir_features::VectorStage;
use weir_ingest::state::StateStore;
use weir_messages::privacy::Keyring;
use weir_messages::{Change, Part, Record, Sequenced, Stage, Topic};
use weir_scoring::Decider;

use super::{Chain, Folded, readable, restored};
use crate::fold::FoldError;

pub(crate) struct DecisionChain {
    pub keyring: Arc<Keyring>,
    pub vectors: VectorStage,
    pub decider: Decider,
}

impl Chain for DecisionChain {
    fn source(&self) -> Topic {
        Topic::Features
    }

    fn names(&self) -> Vec<String> {
        vec![self.vectors.name(), self.decider.name()]
    }

    fn restore(&mut self, store: &StateStore) -> Result<(), FoldError> {
        restored(&mut self.vectors, store)?;
        restored(&mut self.decider, store)
    }

    fn fold(&mut self, batch: &[Sequenced<Record>]) -> Result<Folded, FoldError> {
        let mut folded = Folded::default();
        let parts = readable::<Part>((&self.keyring, "vectors", self.source()), batch, &mut folded);
        let mut vectors = Vec::new();
        self.vectors.consume(parts, &mut vectors)?;
        folded.newest = vectors.iter().map(|one| one.body.known_time).max();
        self.decider.consume(vectors, &mut folded.decisions)?;
        Ok(folded)
    }

    fn snapshot(&mut self) -> Vec<(String, Vec<Change>)> {
        vec![(self.vectors.name(), self.vectors.snapshot()), (self.decider.name(), self.decider.snapshot())]
    }
}
