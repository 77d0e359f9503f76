//! What came lately: two generations of counts, so that memory is bounded and old rows fall out without being kept.

use weir_messages::FeatureVector;

use super::{Counts, Reference};

/// Rows of a generation: between one and two of them are looked at. So many tell a shift of a few percent from chance.
const GENERATION: u64 = 2_000;

#[derive(Debug, Clone)]
pub struct Recent {
    older: Counts,
    newer: Counts,
}

impl Recent {
    #[must_use]
    pub fn of(reference: &Reference) -> Self {
        Self { older: Counts::of(reference), newer: Counts::of(reference) }
    }

    pub fn add(&mut self, reference: &Reference, vector: &FeatureVector, probability: Option<f64>) {
        if self.newer.rows() >= GENERATION {
            self.older = std::mem::replace(&mut self.newer, Counts::of(reference));
        }
        self.newer.add(reference, vector, probability);
    }

    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = self.older.clone();
        counts.merge(&self.newer);
        counts
    }
}
