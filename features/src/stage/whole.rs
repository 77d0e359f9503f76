//! All views at once, on a log of one partition: an event is folded, an application is folded and answered.

use std::sync::Arc;

use weir_messages::{Admitted, Change, FeatureVector, KnownTime, Sequenced, Stage, StageError, StateReader};

use super::customers::CustomerStage;
use super::{STATE_FORM, filled};
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
        format!("features.{STATE_FORM}.{}", self.0.views.hash())
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
