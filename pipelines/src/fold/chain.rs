//! The stages of the embedded topology, chained in memory over the same batch: admission, features, decision.

use weir_features::FeatureStage;
use weir_ingest::admission::{Admission, Passed};
use weir_ingest::state::StateStore;
use weir_messages::{Change, DeadLetter, Decision, KnownTime, Record, Sequenced, Stage};
use weir_scoring::Decider;

use super::FoldError;

/// Records go in at the front.
pub(crate) struct Chain {
    pub admission: Admission,
    pub features: FeatureStage,
    pub decider: Decider,
}

/// What came out of a batch, in the order of its source, and the newest moment at which any of it became known.
#[derive(Debug, Default)]
pub(crate) struct Folded {
    pub decisions: Vec<Sequenced<Decision>>,
    pub dead_letters: Vec<Sequenced<DeadLetter>>,
    pub newest: Option<KnownTime>,
}

impl Chain {
    /// Namespaces of the stages' state.
    pub(crate) fn names(&self) -> Vec<String> {
        vec![self.admission.name(), self.features.name(), self.decider.name()]
    }

    pub(crate) fn restore(&mut self, store: &StateStore) -> Result<(), FoldError> {
        self.admission.restore(store.reader(&self.admission.name())?)?;
        self.features.restore(store.reader(&self.features.name())?)?;
        self.decider.restore(store.reader(&self.decider.name())?)?;
        Ok(())
    }

    pub(crate) fn fold(&mut self, batch: &[Sequenced<Record>]) -> Result<Folded, FoldError> {
        let (mut passed, mut admitted, mut folded) = (Vec::new(), Vec::with_capacity(batch.len()), Folded::default());
        self.admission.process(batch, &mut passed)?;
        for one in passed {
            let place = one.with(());
            match one.body {
                Passed::Event(event) => {
                    folded.newest = folded.newest.max(Some(event.event.known_time));
                    admitted.push(place.with(event));
                }
                Passed::DeadLetter(letter) => folded.dead_letters.push(place.with(letter)),
            }
        }
        let mut vectors = Vec::new();
        self.features.process(&admitted, &mut vectors)?;
        self.decider.process(&vectors, &mut folded.decisions)?;
        if let Some(newest) = folded.newest {
            self.advance(newest, &mut folded)?;
        }
        Ok(folded)
    }

    /// None of these stages has a timer whose firing others would have to fold: what comes out is published as it is.
    fn advance(&mut self, to: KnownTime, folded: &mut Folded) -> Result<(), FoldError> {
        let (mut passed, mut vectors) = (Vec::new(), Vec::new());
        self.admission.advance(to, &mut passed)?;
        self.features.advance(to, &mut vectors)?;
        self.decider.process(&vectors, &mut folded.decisions)?;
        self.decider.advance(to, &mut folded.decisions)?;
        Ok(())
    }

    /// What changed since the last call, by stage.
    pub(crate) fn snapshot(&mut self) -> Vec<(String, Vec<Change>)> {
        vec![
            (self.admission.name(), self.admission.snapshot()),
            (self.features.name(), self.features.snapshot()),
            (self.decider.name(), self.decider.snapshot()),
        ]
    }
}
