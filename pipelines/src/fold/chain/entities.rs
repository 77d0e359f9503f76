//! From what entities are told and asked to their parts of a vector.

use std::sync::Arc;

use weir_features::EntityStage;
use weir_ingest::state::StateStore;
use weir_messages::privacy::Keyring;
use weir_messages::{Change, Derived, ForEntity, Place, Record, Sequenced, Stage, Topic};

use super::{Chain, Folded, readable, restored};
use crate::fold::FoldError;

pub(crate) struct EntityChain {
    pub keyring: Arc<Keyring>,
    pub entities: EntityStage,
}

impl Chain for EntityChain {
    fn source(&self) -> Topic {
        Topic::EntityEvents
    }

    fn names(&self) -> Vec<String> {
        vec![self.entities.name()]
    }

    fn restore(&mut self, store: &StateStore) -> Result<(), FoldError> {
        restored(&mut self.entities, store)
    }

    fn fold(&mut self, batch: &[Sequenced<Record>]) -> Result<Folded, FoldError> {
        let mut folded = Folded::default();
        let told = readable::<ForEntity>((&self.keyring, "entities", self.source()), batch, &mut folded);
        let mut parts = Vec::new();
        self.entities.process(&told, &mut parts)?;
        folded.newest = told.iter().map(|one| one.body.body.body.known_time()).max();
        if let Some(newest) = folded.newest {
            self.entities.advance(newest, &mut parts)?;
        }
        let record = |one: Sequenced<_>| {
            let from = Place::new(Topic::EntityEvents, one.position);
            (Topic::Features, Record::from(&Derived { from, ordinal: one.ordinal, body: one.body }))
        };
        folded.shuffled = parts.into_iter().map(record).collect();
        Ok(folded)
    }

    fn snapshot(&mut self) -> Vec<(String, Vec<Change>)> {
        vec![(self.entities.name(), self.entities.snapshot())]
    }
}
