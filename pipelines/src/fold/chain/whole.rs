//! All stages on a log of one partition: admission, features, decision.

use weir_features::FeatureStage;
use weir_ingest::admission::{Admission, Passed};
use weir_ingest::state::StateStore;
use weir_messages::{Admitted, Change, KnownTime, Record, Sequenced, Stage, Topic};
use weir_scoring::Decider;

use super::{Chain, Folded, restored};
use crate::fold::FoldError;

/// Records go in at the front.
pub(crate) struct WholeChain {
    pub admission: Admission,
    pub features: FeatureStage,
    pub decider: Decider,
}

/// What admission lets through, with its dead letters and the newest known time noted.
pub(super) fn admitted(
    admission: &mut Admission,
    batch: &[Sequenced<Record>],
    folded: &mut Folded,
) -> Result<Vec<Sequenced<Admitted>>, FoldError> {
    let (mut passed, mut admitted) = (Vec::new(), Vec::with_capacity(batch.len()));
    admission.process(batch, &mut passed)?;
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
    Ok(admitted)
}

impl WholeChain {
    /// None of these stages has a timer whose firing others would have to fold: what comes out is published as it is.
    fn advance(&mut self, to: KnownTime, folded: &mut Folded) -> Result<(), FoldError> {
        let (mut passed, mut vectors) = (Vec::new(), Vec::new());
        self.admission.advance(to, &mut passed)?;
        self.features.advance(to, &mut vectors)?;
        self.decider.consume(vectors, &mut folded.decisions)?;
        self.decider.advance(to, &mut folded.decisions)?;
        Ok(())
    }
}

impl Chain for WholeChain {
    fn source(&self) -> Topic {
        Topic::Events
    }

    fn names(&self) -> Vec<String> {
        vec![self.admission.name(), self.features.name(), self.decider.name()]
    }

    fn restore(&mut self, store: &StateStore) -> Result<(), FoldError> {
        restored(&mut self.admission, store)?;
        restored(&mut self.features, store)?;
        restored(&mut self.decider, store)
    }

    fn fold(&mut self, batch: &[Sequenced<Record>]) -> Result<Folded, FoldError> {
        let mut folded = Folded::default();
        let admitted = admitted(&mut self.admission, batch, &mut folded)?;
        let mut vectors = Vec::new();
        self.features.process(&admitted, &mut vectors)?;
        self.decider.consume(vectors, &mut folded.decisions)?;
        if let Some(newest) = folded.newest {
            self.advance(newest, &mut folded)?;
        }
        Ok(folded)
    }

    fn snapshot(&mut self) -> Vec<(String, Vec<Change>)> {
        vec![
            (self.admission.name(), self.admission.snapshot()),
            (self.features.name(), self.features.snapshot()),
            (self.decider.name(), self.decider.snapshot()),
        ]
    }
}
