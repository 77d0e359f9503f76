//! All stages on a log of one partition: the front of the customers' chain, every view at once, the end of the decisions'.

use weir_features::{FeatureStage, Refolds};
use weir_messages::{Record, Sequenced, Stage, Topic};

use super::outputs::{DEAD_LETTERS, DECISIONS};
use super::{Admitting, Chain, Deciding, Folded, Output, Refolding, Stages};
use crate::fold::{FoldError, History};

pub(crate) struct WholeChain {
    pub admitting: Admitting,
    pub features: FeatureStage,
    pub deciding: Deciding,
}

impl Chain for WholeChain {
    fn reads(&self) -> Topic {
        Topic::Events
    }

    fn writes(&self) -> &'static [Output] {
        &[DECISIONS, DEAD_LETTERS]
    }

    fn stages(&mut self) -> Stages<'_> {
        Stages(vec![&mut self.admitting.admission, &mut self.features, &mut self.deciding.decider])
    }

    fn history(&self) -> History {
        History::Whole
    }

    fn missing(&self) -> Vec<String> {
        self.features.missing()
    }

    fn refold(&self) -> Option<Refolding> {
        let features = self.features.refold();
        let (live, apart) = (self.features.name(), features.name());
        let chain = Self { admitting: self.admitting.fresh(), features, deciding: self.deciding.fresh() };
        Some(Refolding { chain: Box::new(chain), live, apart })
    }

    fn complete(&mut self) {
        self.features.complete();
    }

    fn fold(&mut self, batch: &[Sequenced<Record>]) -> Result<Folded, FoldError> {
        let mut folded = Folded::default();
        let admitted = self.admitting.admit(batch, &mut folded)?;
        let mut vectors = Vec::new();
        self.features.process(&admitted, &mut vectors)?;
        if let Some(newest) = folded.newest {
            self.admitting.advance(newest)?;
            self.features.advance(newest, &mut vectors)?;
        }
        self.deciding.decide(Topic::Events, vectors, &mut folded)?;
        Ok(folded)
    }
}
