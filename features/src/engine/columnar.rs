//! Values as Arrow columns, for expressions to be evaluated over a whole batch.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, RecordBatchOptions, StringArray,
    TimestampMicrosecondArray,
};
use weir_expr::{ColumnType, Columns, Scalar};

use crate::source::as_number;

/// `value` is asked for every row of every column, by the column's number and name.
pub(super) fn batch(columns: &Columns, rows: usize, value: impl Fn(usize, &str, usize) -> Scalar) -> RecordBatch {
    let arrays = columns
        .iter()
        .enumerate()
        .map(|(at, (name, column))| array(column, (0..rows).map(|row| value(at, name, row))))
        .collect();
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::clone(columns.schema()), arrays, &options)
        .expect("the arrays are made by the schema")
}

/// The value as it comes back from a column: what is of another type is null; an integer may stand for a number.
pub(super) fn held(column: ColumnType, value: Scalar) -> Scalar {
    match (column, value) {
        (ColumnType::Number, value) => number(value).map_or(Scalar::Null, Scalar::Number),
        (ColumnType::Bool, value @ Scalar::Bool(_))
        | (ColumnType::Integer, value @ Scalar::Integer(_))
        | (ColumnType::Text, value @ Scalar::Text(_))
        | (ColumnType::Time, value @ Scalar::Time(_)) => value,
        (ColumnType::Bool | ColumnType::Integer | ColumnType::Text | ColumnType::Time, _) => Scalar::Null,
    }
}

/// Holds as `held` says.
fn array(column: ColumnType, values: impl Iterator<Item = Scalar>) -> ArrayRef {
    match column {
        ColumnType::Bool => Arc::new(BooleanArray::from_iter(
            values.map(|value| if let Scalar::Bool(value) = value { Some(value) } else { None }),
        )),
        ColumnType::Integer => Arc::new(Int64Array::from_iter(
            values.map(|value| if let Scalar::Integer(value) = value { Some(value) } else { None }),
        )),
        ColumnType::Number => Arc::new(Float64Array::from_iter(values.map(number))),
        ColumnType::Text => Arc::new(StringArray::from_iter(
            values.map(|value| if let Scalar::Text(value) = value { Some(value) } else { None }),
        )),
        ColumnType::Time => Arc::new(TimestampMicrosecondArray::from_iter(
            values.map(|value| if let Scalar::Time(value) = value { Some(value) } else { None }),
        )),
    }
}

fn number(value: Scalar) -> Option<f64> {
    match value {
        Scalar::Number(value) if value.is_finite() => Some(value),
        Scalar::Integer(value) => Some(as_number(value)),
        Scalar::Number(_) | Scalar::Null | Scalar::Bool(_) | Scalar::Text(_) | Scalar::Time(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_what_comes_back_from_a_column() {
        let values = [
            Scalar::Null,
            Scalar::Bool(true),
            Scalar::Integer(i64::MAX),
            Scalar::Number(0.1),
            Scalar::Number(f64::NAN),
            Scalar::Number(f64::INFINITY),
            Scalar::Text("t".to_owned()),
            Scalar::Time(7),
        ];
        let kinds = [ColumnType::Bool, ColumnType::Integer, ColumnType::Number, ColumnType::Text, ColumnType::Time];
        for kind in kinds {
            let column = array(kind, values.iter().cloned());
            for (row, value) in values.iter().enumerate() {
                assert_eq!(held(kind, value.clone()), Scalar::at(&column, row), "{value:?} in a column of {kind}");
            }
        }
    }
}
