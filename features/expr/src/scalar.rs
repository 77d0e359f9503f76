//! One value of a row, and the batch of one row that expressions are evaluated over when a decision is made.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, RecordBatchOptions, StringArray,
    TimestampMicrosecondArray,
};

use crate::{ColumnType, Columns, EvaluateError};

#[derive(Debug, Clone, PartialEq)]
pub enum Scalar {
    Null,
    Bool(bool),
    Integer(i64),
    /// Taken as null when it is not finite.
    Number(f64),
    Text(String),
    /// Microseconds since 1970 UTC.
    Time(i64),
}

impl Scalar {
    const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => ColumnType::Bool.name(),
            Self::Integer(_) => ColumnType::Integer.name(),
            Self::Number(_) => ColumnType::Number.name(),
            Self::Text(_) => ColumnType::Text.name(),
            Self::Time(_) => ColumnType::Time.name(),
        }
    }

    /// The value at `row` of an array of one of the five column types; null for any other array.
    #[must_use]
    pub fn at(array: &dyn Array, row: usize) -> Self {
        if array.is_null(row) {
            return Self::Null;
        }
        let any = array.as_any();
        if let Some(array) = any.downcast_ref::<BooleanArray>() {
            Self::Bool(array.value(row))
        } else if let Some(array) = any.downcast_ref::<Int64Array>() {
            Self::Integer(array.value(row))
        } else if let Some(array) = any.downcast_ref::<Float64Array>() {
            let number = array.value(row);
            if number.is_finite() { Self::Number(number) } else { Self::Null }
        } else if let Some(array) = any.downcast_ref::<StringArray>() {
            Self::Text(array.value(row).to_owned())
        } else if let Some(array) = any.downcast_ref::<TimestampMicrosecondArray>() {
            Self::Time(array.value(row))
        } else {
            Self::Null
        }
    }

    #[allow(clippy::cast_precision_loss, reason = "an integer given where a number is wanted is rounded, as SQL does")]
    fn array(self, column: &str, expected: ColumnType) -> Result<ArrayRef, EvaluateError> {
        Ok(match (expected, self) {
            (ColumnType::Bool, Self::Bool(value)) => Arc::new(BooleanArray::from(vec![value])),
            (ColumnType::Integer, Self::Integer(value)) => Arc::new(Int64Array::from(vec![value])),
            (ColumnType::Number, Self::Integer(value)) => Arc::new(Float64Array::from(vec![value as f64])),
            (ColumnType::Number, Self::Number(value)) if value.is_finite() => Arc::new(Float64Array::from(vec![value])),
            (ColumnType::Text, Self::Text(value)) => Arc::new(StringArray::from(vec![value])),
            (ColumnType::Time, Self::Time(value)) => Arc::new(TimestampMicrosecondArray::from(vec![value])),
            (expected, Self::Null) => arrow::array::new_null_array(&expected.arrow(), 1),
            (ColumnType::Number, Self::Number(_)) => arrow::array::new_null_array(&expected.arrow(), 1),
            (expected, found) => {
                return Err(EvaluateError::Value { column: column.to_owned(), expected, found: found.kind() });
            }
        })
    }
}

impl Columns {
    /// A batch of one row: `value` is asked once for each column, in order. An integer may stand where a number is
    /// wanted; any other difference of type is an error that names the column.
    pub fn row(&self, mut value: impl FnMut(&str) -> Scalar) -> Result<RecordBatch, EvaluateError> {
        let columns =
            self.iter().map(|(name, column)| value(name).array(name, column)).collect::<Result<Vec<_>, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(1));
        RecordBatch::try_new_with_options(self.schema().clone(), columns, &options)
            .map_err(|error| EvaluateError::Schema { reason: error.to_string() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_another_type_names_its_column() {
        let columns: Columns = [("age", ColumnType::Integer)].into_iter().collect();
        let error = columns.row(|_| Scalar::Text("x".to_owned())).unwrap_err();
        assert_eq!(error.to_string(), "expected an integer for column `age`, found text");
    }

    #[test]
    fn a_number_that_is_not_finite_is_null() {
        let columns: Columns = [("x", ColumnType::Number)].into_iter().collect();
        let row = columns.row(|_| Scalar::Number(f64::NAN)).unwrap();
        assert_eq!(Scalar::at(row.column(0), 0), Scalar::Null);
    }
}
