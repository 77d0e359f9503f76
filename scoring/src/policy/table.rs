//! Feature vectors as one Arrow batch of the columns that rules read. A value of another type than its column's counts as
//! absent, and so does a number that is not finite.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array, RecordBatch, RecordBatchOptions, StringArray,
    TimestampMicrosecondArray,
};
use weir_expr::{ColumnType, Columns, Expression};
use weir_messages::{FeatureValue, FeatureVector};

use super::rule::Read;

#[derive(Debug)]
pub(super) struct Table<'a> {
    batch: RecordBatch,
    /// What the vectors hold, by column and row.
    values: Vec<Vec<Option<&'a FeatureValue>>>,
}

impl<'a> Table<'a> {
    pub(super) fn of(columns: &Columns, vectors: &'a [FeatureVector]) -> Self {
        let values = |name| vectors.iter().map(|vector| vector.features.get(name)).collect();
        let values: Vec<Vec<_>> = columns.iter().map(|(name, _)| values(name)).collect();
        let arrays = columns.iter().zip(&values).map(|((_, kind), values)| column(kind, values)).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(vectors.len()));
        let batch = RecordBatch::try_new_with_options(Arc::clone(columns.schema()), arrays, &options)
            .expect("each array is of its column's type and as long as the vectors");
        Self { batch, values }
    }

    /// What the vector at `row` holds in the column `at`.
    pub(super) fn value(&self, row: usize, at: usize) -> Option<&'a FeatureValue> {
        self.values[at][row]
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

    /// Why the vector at `row` has no usable value for `read`; `None` when it has one.
    pub(super) fn absence(&self, row: usize, read: &Read, vector: &FeatureVector) -> Option<String> {
        if self.batch.column(read.at).is_valid(row) {
            return None;
        }
        match self.value(row, read.at) {
            None | Some(FeatureValue::Null) => Some(crate::absence(vector, &read.feature)),
            Some(_) => Some("unexpected_type".to_owned()),
        }
    }
}

#[allow(clippy::cast_precision_loss, reason = "an integer given where a number is wanted is rounded, as SQL does")]
fn column(kind: ColumnType, values: &[Option<&FeatureValue>]) -> ArrayRef {
    let values = values.iter().copied();
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
