//! The values of a row as they are saved: a JSON list, read back by the types of the view's slots.

use serde_json::Value;
use weir_expr::{ColumnType, Expression, Scalar};

pub(super) fn encode(values: &[Scalar]) -> Vec<u8> {
    let values: Vec<Value> = values.iter().map(json).collect();
    serde_json::to_vec(&values).expect("a list of plain values serialises")
}

fn json(value: &Scalar) -> Value {
    match value {
        Scalar::Null => Value::Null,
        Scalar::Bool(value) => Value::from(*value),
        Scalar::Integer(value) | Scalar::Time(value) => Value::from(*value),
        Scalar::Number(value) => Value::from(*value),
        Scalar::Text(value) => Value::from(value.as_str()),
    }
}

/// `None` when the bytes are not of this view.
pub(super) fn decode(bytes: &[u8], slots: &[Expression]) -> Option<Box<[Scalar]>> {
    let values: Vec<Value> = serde_json::from_slice(bytes).ok()?;
    if values.len() != slots.len() {
        return None;
    }
    values.into_iter().zip(slots).map(|(value, slot)| scalar(value, slot.output_type())).collect()
}

fn scalar(value: Value, column: ColumnType) -> Option<Scalar> {
    Some(match (column, value) {
        (_, Value::Null) => Scalar::Null,
        (ColumnType::Bool, Value::Bool(value)) => Scalar::Bool(value),
        (ColumnType::Integer, Value::Number(value)) => Scalar::Integer(value.as_i64()?),
        (ColumnType::Time, Value::Number(value)) => Scalar::Time(value.as_i64()?),
        (ColumnType::Number, Value::Number(value)) => Scalar::Number(value.as_f64()?),
        (ColumnType::Text, Value::String(value)) => Scalar::Text(value),
        _ => return None,
    })
}
