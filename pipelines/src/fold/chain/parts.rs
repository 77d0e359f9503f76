//! What several chains are composed of: admission at the front, the decider at the end, and derived records read.

use std::sync::Arc;

use weir_ingest::RepeatWindow;
use weir_ingest::admission::{Admission, Passed};
use weir_ingest::dead_letters;
use weir_messages::{Admitted, DecodeError, Derived, FeatureVector, KnownTime, Place, Record, Sequenced, Stage, Topic};
use weir_scoring::{CurrentLineup, Decider};

use super::Folded;
use crate::fold::FoldError;

/// The front of a chain that reads events.
pub(crate) struct Admitting {
    pub(super) admission: Admission,
    partitions: u16,
    repeats: RepeatWindow,
}

impl Admitting {
    /// `partitions` is how many the events have, `repeats` how long repeats of one are recognised.
    pub(crate) fn new(partitions: u16, repeats: RepeatWindow) -> Self {
        Self { admission: Admission::new(partitions).with_repeat_window(repeats), partitions, repeats }
    }

    /// As at the start of the log.
    pub(super) fn fresh(&self) -> Self {
        Self::new(self.partitions, self.repeats)
    }

    /// What admission lets through, with its dead letters and the newest known time noted.
    pub(super) fn admit(
        &mut self,
        batch: &[Sequenced<Record>],
        folded: &mut Folded,
    ) -> Result<Vec<Sequenced<Admitted>>, FoldError> {
        let (mut passed, mut admitted) = (Vec::new(), Vec::with_capacity(batch.len()));
        self.admission.process(batch, &mut passed)?;
        for one in passed {
            let place = one.with(());
            match one.body {
                Passed::Event(event) => {
                    folded.newest = folded.newest.max(Some(event.event.known_time));
                    admitted.push(place.with(event));
                }
                Passed::DeadLetter(letter) => folded.refused(place.with(letter)),
            }
        }
        Ok(admitted)
    }

    /// Nothing of it fires.
    pub(super) fn advance(&mut self, to: KnownTime) -> Result<(), FoldError> {
        Ok(self.admission.advance(to, &mut Vec::new())?)
    }
}

/// The end of a chain that decides.
pub(crate) struct Deciding {
    pub(super) decider: Decider,
    lineup: Arc<CurrentLineup>,
}

impl Deciding {
    pub(crate) fn new(lineup: &Arc<CurrentLineup>) -> Self {
        Self { decider: Decider::new(Arc::clone(lineup)), lineup: Arc::clone(lineup) }
    }

    pub(super) fn fresh(&self) -> Self {
        Self::new(&self.lineup)
    }

    /// `source` is the topic whose records the vectors came out of.
    pub(super) fn decide(
        &mut self,
        source: Topic,
        vectors: Vec<Sequenced<FeatureVector>>,
        folded: &mut Folded,
    ) -> Result<(), FoldError> {
        let mut decisions = Vec::with_capacity(vectors.len());
        self.decider.consume(vectors, &mut decisions)?;
        folded.decided(source, decisions);
        Ok(())
    }
}

/// Reads derived records; one that does not read becomes a dead letter.
pub(super) fn readable<T>(
    (stage, source): (&'static str, Topic),
    batch: &[Sequenced<Record>],
    folded: &mut Folded,
) -> Vec<Sequenced<Derived<T>>>
where
    Derived<T>: for<'a> TryFrom<&'a Record, Error = DecodeError>,
{
    let mut read = Vec::with_capacity(batch.len());
    for one in batch {
        match Derived::try_from(&one.body) {
            Ok(derived) => read.push(one.with(derived)),
            Err(error) => {
                let place = Place::new(source, one.position);
                let letter = dead_letters::unreadable(place, stage, &one.body, error);
                folded.refused(one.with(letter));
            }
        }
    }
    read
}
