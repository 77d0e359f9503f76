//! From what entities are told and asked to their parts of a vector.

use weir_features::{EntityStage, Refolds};
use weir_messages::{Derived, ForEntity, KnownTime, Place, Record, Sequenced, Stage, Topic};

use super::outputs::{DEAD_LETTERS, FEATURES};
use super::parts::readable;
use super::{Chain, Folded, Output, Refolding, Stages};
use crate::fold::{FoldError, History};

pub(crate) struct EntityChain {
    pub entities: EntityStage,
}

fn known_time(record: &Record) -> Option<KnownTime> {
    Derived::<ForEntity>::try_from(record).ok().map(|derived| derived.body.body.known_time())
}

impl Chain for EntityChain {
    fn reads(&self) -> Topic {
        Topic::EntityEvents
    }

    fn writes(&self) -> &'static [Output] {
        &[FEATURES, DEAD_LETTERS]
    }

    fn stages(&mut self) -> Stages<'_> {
        Stages(vec![&mut self.entities])
    }

    fn history(&self) -> History {
        History::Latest(self.entities.reach(), known_time)
    }

    fn missing(&self) -> Vec<String> {
        self.entities.missing()
    }

    fn refold(&self) -> Option<Refolding> {
        let entities = self.entities.refold();
        let (live, apart) = (self.entities.name(), entities.name());
        let chain = Self { entities };
        Some(Refolding { chain: Box::new(chain), live, apart })
    }

    fn complete(&mut self) {
        self.entities.complete();
    }

    fn fold(&mut self, batch: &[Sequenced<Record>]) -> Result<Folded, FoldError> {
        let mut folded = Folded::default();
        let told = readable::<ForEntity>(("entities", self.reads()), batch, &mut folded);
        let mut parts = Vec::new();
        self.entities.process(&told, &mut parts)?;
        folded.newest = told.iter().map(|one| one.body.body.body.known_time()).max();
        if let Some(newest) = folded.newest {
            self.entities.advance(newest, &mut parts)?;
        }
        for one in parts {
            let (from, source) = (Place::new(Topic::EntityEvents, one.position), one.position);
            let record = Record::from(&Derived { from, ordinal: one.ordinal, body: one.body });
            folded.push(FEATURES.topic, source, record);
        }
        Ok(folded)
    }
}
