//! The stage that decides: a vector in, a decision out, at the same place of the log. It keeps no state.

use std::sync::Arc;

use weir_messages::{Change, Decision, FeatureVector, KnownTime, Sequenced, Stage, StageError, StateReader};

use super::CurrentLineup;

#[derive(Debug, Clone)]
pub struct Decider {
    lineup: Arc<CurrentLineup>,
}

/// A decision, and the name of the engine that made it.
#[derive(Debug, Clone, PartialEq)]
pub struct Decided {
    pub decision: Decision,
    pub engine: Arc<str>,
}

impl Decider {
    #[must_use]
    pub const fn new(lineup: Arc<CurrentLineup>) -> Self {
        Self { lineup }
    }
}

impl Stage for Decider {
    type Input = FeatureVector;
    type Output = Decided;

    fn name(&self) -> String {
        "decider.v1".to_owned()
    }

    fn process(
        &mut self,
        batch: &[Sequenced<FeatureVector>],
        out: &mut Vec<Sequenced<Decided>>,
    ) -> Result<(), StageError> {
        self.consume(batch.to_vec(), out)
    }

    fn consume(
        &mut self,
        batch: Vec<Sequenced<FeatureVector>>,
        out: &mut Vec<Sequenced<Decided>>,
    ) -> Result<(), StageError> {
        let (places, vectors): (Vec<_>, Vec<_>) = batch.into_iter().map(|one| (one.with(()), one.body)).unzip();
        let decided = self.lineup.get().decide(vectors);
        out.extend(places.iter().zip(decided).map(|(place, decided)| place.with(decided)));
        Ok(())
    }

    fn advance(&mut self, _: KnownTime, _: &mut Vec<Sequenced<Decided>>) -> Result<(), StageError> {
        Ok(())
    }

    fn snapshot(&mut self) -> Vec<Change> {
        Vec::new()
    }

    fn restore(&mut self, _: Box<dyn StateReader>) -> Result<(), StageError> {
        Ok(())
    }
}
