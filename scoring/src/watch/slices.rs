//! What came over time, in slices of as many rows each: so every slice has the same limit, and their number is bounded
//! however many rows come.

use weir_messages::{EventTime, FeatureVector};

use super::{Counts, Reference};

/// Rows of a slice at first.
const FIRST: u64 = 100;
/// When so many slices are full, neighbours become one and the next are twice as large.
const MOST: usize = 40;

#[derive(Debug, Clone)]
pub struct Slices {
    size: u64,
    slices: Vec<Slice>,
}

#[derive(Debug, Clone)]
pub struct Slice {
    pub from: EventTime,
    pub to: EventTime,
    pub counts: Counts,
}

impl Default for Slices {
    fn default() -> Self {
        Self { size: FIRST, slices: Vec::new() }
    }
}

impl Slices {
    /// Rows come in order of time.
    pub fn add(&mut self, reference: &Reference, vector: &FeatureVector, probability: Option<f64>) {
        if self.slices.last().is_none_or(|slice| slice.counts.rows() >= self.size) {
            if self.slices.len() == MOST {
                self.halve();
            }
            let (from, counts) = (vector.at, Counts::of(reference));
            self.slices.push(Slice { from, to: from, counts });
        }
        if let Some(slice) = self.slices.last_mut() {
            slice.to = vector.at;
            slice.counts.add(reference, vector, probability);
        }
    }

    fn halve(&mut self) {
        let pair = |pair: &[Slice]| {
            let mut whole = pair[0].clone();
            for slice in &pair[1..] {
                whole.to = slice.to;
                whole.counts.merge(&slice.counts);
            }
            whole
        };
        self.slices = self.slices.chunks(2).map(pair).collect();
        self.size *= 2;
    }

    /// From the oldest to the newest; the newest may have fewer rows.
    #[must_use]
    pub fn slices(&self) -> &[Slice] {
        &self.slices
    }

    /// All of it.
    #[must_use]
    pub fn total(&self, reference: &Reference) -> Counts {
        let mut total = Counts::of(reference);
        self.slices.iter().for_each(|slice| total.merge(&slice.counts));
        total
    }
}
