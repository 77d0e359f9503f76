//! The stage that decides: a vector in, a decision out, at the same place of the log. It keeps no state.

use std::sync::Arc;

use weir_messages::{Change, Decision, FeatureVector, KnownTime, Sequenced, Stage, StageError, StateReader};

use super::Engine;

#[derive(Debug, Clone)]
pub struct Decider {
    engine: Arc<Engine>,
}

impl Decider {
    #[must_use]
    pub const fn new(engine: Arc<Engine>) -> Self {
        Self { engine }
    }
}

impl Stage for Decider {
    type Input = FeatureVector;
    type Output = Decision;

    fn name(&self) -> String {
        "decider.v1".to_owned()
    }

    fn process(
        &mut self,
        batch: &[Sequenced<FeatureVector>],
        out: &mut Vec<Sequenced<Decision>>,
    ) -> Result<(), StageError> {
        self.consume(batch.to_vec(), out)
    }

    fn consume(
        &mut self,
        batch: Vec<Sequenced<FeatureVector>>,
        out: &mut Vec<Sequenced<Decision>>,
    ) -> Result<(), StageError> {
        let (places, vectors): (Vec<_>, Vec<_>) = batch.into_iter().map(|one| (one.with(()), one.body)).unzip();
        out.extend(places.iter().zip(self.engine.decide(vectors)).map(|(place, decision)| place.with(decision)));
        Ok(())
    }

    fn advance(&mut self, _: KnownTime, _: &mut Vec<Sequenced<Decision>>) -> Result<(), StageError> {
        Ok(())
    }

    fn snapshot(&mut self) -> Vec<Change> {
        Vec::new()
    }

    fn restore(&mut self, _: Box<dyn StateReader>) -> Result<(), StageError> {
        Ok(())
    }
}
