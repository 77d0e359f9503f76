//! What came, counted in the bins of a reference.

use weir_messages::{FeatureValue, FeatureVector};

use super::{Column, Reference};

/// Rows and, for each column of one reference, how many of them fell into each bin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counts {
    rows: u64,
    columns: Vec<Vec<u64>>,
}

impl Counts {
    /// None yet.
    #[must_use]
    pub fn of(reference: &Reference) -> Self {
        let empty = |column: &Column| vec![0; column.bins.len()];
        Self { rows: 0, columns: reference.columns().iter().map(empty).collect() }
    }

    /// What a model read, and the calibrated probability that it answered, if it did.
    pub fn add(&mut self, reference: &Reference, vector: &FeatureVector, probability: Option<f64>) {
        let answered = probability.map_or(FeatureValue::Null, FeatureValue::Number);
        self.add_row(reference, &answered, |feature| vector.features.get(feature).unwrap_or(&FeatureValue::Null));
    }

    pub(super) fn add_row<'a>(
        &mut self,
        reference: &Reference,
        probability: &'a FeatureValue,
        input: impl Fn(&str) -> &'a FeatureValue,
    ) {
        self.rows += 1;
        for (place, (column, counts)) in reference.columns().iter().zip(&mut self.columns).enumerate() {
            let value = if place == 0 { probability } else { input(&column.name) };
            counts[column.bins.place(value)] += 1;
        }
    }

    /// Takes in what was counted elsewhere in the bins of the same reference.
    pub fn merge(&mut self, other: &Self) {
        self.rows += other.rows;
        let pairs = self.columns.iter_mut().flatten().zip(other.columns.iter().flatten());
        pairs.for_each(|(count, more)| *count += more);
    }

    #[must_use]
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// By column, in the reference's order.
    #[must_use]
    pub fn columns(&self) -> &[Vec<u64>] {
        &self.columns
    }
}
