//! The reference of a package: what its model was made on, in bins that are part of the package and so never change under it.

use serde::Deserialize;
use weir_messages::FeatureValue;

use super::{Bins, form};
use crate::model::{Answer, Assessment, Golden, InputKind, Manifest};

/// The column of what the model answered. No feature has this name: theirs begin with a view's.
pub const PROBABILITY: &str = "probability";

/// The probability first, then the inputs in the manifest's order.
#[derive(Debug, Clone, PartialEq)]
pub struct Reference {
    rows: u64,
    columns: Vec<Column>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// [`PROBABILITY`], or the feature's name.
    pub name: String,
    pub bins: Bins,
    /// Rows of the reference in each bin.
    pub counts: Vec<u64>,
}

impl Reference {
    /// From `reference.json`.
    pub(crate) fn parse(manifest: &Manifest, text: &str) -> Result<Self, String> {
        let (rows, columns) = form::parse(manifest, text)?;
        Ok(Self { rows, columns })
    }

    /// From golden rows, where a package brings nothing better: few rows, which the limit knows.
    pub(crate) fn of_golden(manifest: &Manifest, golden: &[Golden]) -> Self {
        let value = |row: &Golden, feature: &str| {
            row.input.get(feature).and_then(|value| FeatureValue::deserialize(value).ok()).unwrap_or(FeatureValue::Null)
        };
        let probabilities: Vec<FeatureValue> = golden.iter().map(|row| probability(manifest, row)).collect();
        let mut columns = vec![(PROBABILITY.to_owned(), Bins::deciles(numbers(&probabilities)), probabilities)];
        for input in &manifest.inputs {
            let values: Vec<FeatureValue> = golden.iter().map(|row| value(row, &input.feature)).collect();
            let bins = match &input.kind {
                InputKind::Number => Bins::deciles(numbers(&values)),
                InputKind::Text { values } => Bins::Texts { values: values.iter().cloned().collect() },
            };
            columns.push((input.feature.clone(), bins, values));
        }
        let counted = |(name, bins, values): (String, Bins, Vec<FeatureValue>)| {
            let mut counts = vec![0; bins.len()];
            values.iter().for_each(|value| counts[bins.place(value)] += 1);
            Column { name, bins, counts }
        };
        Self { rows: golden.len() as u64, columns: columns.into_iter().map(counted).collect() }
    }

    #[must_use]
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }
}

/// As decisions hold it: calibrated.
fn probability(manifest: &Manifest, row: &Golden) -> FeatureValue {
    let answer = Answer { probability: row.onnxruntime.probability, contributions: None };
    Assessment::of(manifest, &answer)
        .map_or(FeatureValue::Null, |assessment| FeatureValue::Number(assessment.probability))
}

fn numbers(values: &[FeatureValue]) -> Vec<f64> {
    let number = |value: &FeatureValue| match value {
        #[allow(clippy::cast_precision_loss, reason = "edges are doubles")]
        FeatureValue::Integer(whole) => Some(*whole as f64),
        FeatureValue::Number(number) => Some(*number).filter(|number| number.is_finite()),
        FeatureValue::Null | FeatureValue::Bool(_) | FeatureValue::Text(_) | FeatureValue::List(_) => None,
    };
    values.iter().filter_map(number).collect()
}
