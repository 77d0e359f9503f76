//! All views at once, on a log of one partition: an event is folded, an application is folded and answered.

use std::sync::Arc;

use weir_messages::{Admitted, Change, FeatureVector, KnownTime, Sequenced, Stage, StageError, StateReader};

use super::customers::CustomerStage;
use super::filled;
use super::refold::Refolds;
use crate::engine::finish;
use crate::view::{FeatureViews, Scope};

#[derive(Debug)]
pub struct FeatureStage(CustomerStage);

impl FeatureStage {
    #[must_use]
    pub fn new(views: Arc<FeatureViews>) -> Self {
        Self(CustomerStage::over(views, Scope::Every))
    }
}

impl Stage for FeatureStage {
    type Input = Admitted;
    type Output = FeatureVector;

    fn name(&self) -> String {
        self.0.named("features")
    }

    fn process(
        &mut self,
        batch: &[Sequenced<Admitted>],
        out: &mut Vec<Sequenced<FeatureVector>>,
    ) -> Result<(), StageError> {
        let folded = self.0.fold(batch)?;
        let answers = finish(&self.0.views, folded.open);
        let vectors = folded.asked.into_iter().zip(answers);
        out.extend(vectors.map(|(asked, answer)| batch[asked.at].with(filled(asked.vector, answer))));
        Ok(())
    }

    fn advance(&mut self, to: KnownTime, _: &mut Vec<Sequenced<FeatureVector>>) -> Result<(), StageError> {
        self.0.advance(to, &mut Vec::new())
    }

    fn snapshot(&mut self) -> Vec<Change> {
        self.0.snapshot()
    }

    fn restore(&mut self, state: Box<dyn StateReader>) -> Result<(), StageError> {
        self.0.restore(state)
    }
}

impl Refolds for FeatureStage {
    fn missing(&self) -> Vec<String> {
        self.0.missing()
    }

    fn refold(&self) -> Self {
        Self(self.0.refold())
    }

    fn complete(&mut self) {
        self.0.complete();
    }
}
