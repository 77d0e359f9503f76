//! Feature vectors as one Arrow batch of the columns that rules read. A value of another type than its column's counts as
//! absent, and so does a number that is not finite.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array, RecordBatch, RecordBatchOptions, StringArray,
    TimestampMicrosecondArray,
};
use weir_expr::{ColumnType, Columns, Expression};
use weir_messages::{FeatureValue, FeatureVector};

#[derive(Debug)]
pub(super) struct Table {
    batch: RecordBatch,
    place: BTreeMap<String, usize>,
}

impl Table {
    pub(super) fn of(columns: &Columns, vectors: &[&FeatureVector]) -> Self {
        let arrays = columns.iter().map(|(name, kind)| column(name, kind, vectors)).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(vectors.len()));
        let batch = RecordBatch::try_new_with_options(Arc::clone(columns.schema()), arrays, &options)
            .expect("each array is of its column's type and as long as the vectors");
        let place = columns.iter().enumerate().map(|(at, (name, _))| (name.to_owned(), at)).collect();
        Self { batch, place }
    }

    /// The condition's value for each row; all unknown where it cannot be evaluated.
    pub(super) fn holds(&self, condition: &Expression) -> Vec<Option<bool>> {
        match condition.evaluate(&self.batch) {
            Ok(values) => match values.as_boolean_opt() {
                Some(values) => values.iter().collect(),
                None => vec![None; self.batch.num_rows()],
            },
            Err(error) => {
                tracing::error!(%error, "a condition cannot be evaluated");
                vec![None; self.batch.num_rows()]
            }
        }
    }

    /// Why the vector at `row` has no usable value for `feature`; `None` when it has one.
    pub(super) fn absence(&self, row: usize, feature: &str, vector: &FeatureVector) -> Option<String> {
        if self.place.get(feature).is_some_and(|at| self.batch.column(*at).is_valid(row)) {
            return None;
        }
        match vector.features.get(feature) {
            None | Some(FeatureValue::Null) => Some(crate::absence(vector, feature)),
            Some(_) => Some("unexpected_type".to_owned()),
        }
    }
}

#[allow(clippy::cast_precision_loss, reason = "an integer given where a number is wanted is rounded, as SQL does")]
fn column(name: &str, kind: ColumnType, vectors: &[&FeatureVector]) -> ArrayRef {
    let values = vectors.iter().map(|vector| vector.features.get(name));
    match kind {
        ColumnType::Bool => Arc::new(BooleanArray::from_iter(values.map(|value| match value {
            Some(FeatureValue::Bool(value)) => Some(*value),
            _ => None,
        }))),
        ColumnType::Integer => Arc::new(values.map(integer).collect::<Int64Array>()),
        ColumnType::Number => Arc::new(Float64Array::from_iter(values.map(|value| match value {
            Some(FeatureValue::Number(value)) if value.is_finite() => Some(*value),
            other => integer(other).map(|value| value as f64),
        }))),
        ColumnType::Text => Arc::new(StringArray::from_iter(values.map(|value| match value {
            Some(FeatureValue::Text(value)) => Some(value.as_str()),
            _ => None,
        }))),
        ColumnType::Time => Arc::new(values.map(integer).collect::<TimestampMicrosecondArray>()),
    }
}

const fn integer(value: Option<&FeatureValue>) -> Option<i64> {
    match value {
        Some(FeatureValue::Integer(value)) => Some(*value),
        _ => None,
    }
}
