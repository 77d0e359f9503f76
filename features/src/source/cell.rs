//! One JSON value as a column holds it.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use weir_expr::{ColumnType, Scalar};
use weir_messages::EventTime;

/// Null for a list or an object.
pub(super) enum Cell {
    Value(Scalar),
    /// An integer beyond 64 bits with a sign: an id, and nobody's number.
    Wide(u64),
}

impl Cell {
    /// The value in a column of type `column`; one that does not fit is null.
    pub(super) fn typed(self, column: ColumnType) -> Scalar {
        let value = match self {
            Self::Value(value) => value,
            Self::Wide(integer) if column == ColumnType::Text => return Scalar::Text(integer.to_string()),
            #[allow(clippy::cast_precision_loss, reason = "a number in a column of doubles is rounded to the nearest")]
            Self::Wide(integer) if column == ColumnType::Number => return Scalar::Number(integer as f64),
            Self::Wide(_) => return Scalar::Null,
        };
        match (column, value) {
            (ColumnType::Bool, value @ Scalar::Bool(_))
            | (ColumnType::Integer, value @ Scalar::Integer(_))
            | (ColumnType::Number, value @ Scalar::Number(_))
            | (ColumnType::Text, value @ Scalar::Text(_)) => value,
            // A column of ids, one of which is too wide for a number.
            (ColumnType::Text, Scalar::Integer(value)) => Scalar::Text(value.to_string()),
            (ColumnType::Number, Scalar::Integer(value)) => Scalar::Number(as_number(value)),
            (ColumnType::Time, Scalar::Integer(micros)) => Scalar::Time(micros),
            (ColumnType::Time, Scalar::Text(text)) => {
                EventTime::parse(&text).map_or(Scalar::Null, |time| Scalar::Time(time.micros()))
            }
            _ => Scalar::Null,
        }
    }
}

#[allow(clippy::cast_precision_loss, reason = "an integer in a column of numbers is rounded to the nearest double")]
pub(crate) fn as_number(value: i64) -> f64 {
    value as f64
}

impl<'de> Deserialize<'de> for Cell {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CellVisitor)
    }
}

struct CellVisitor;

impl<'de> Visitor<'de> for CellVisitor {
    type Value = Cell;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Cell, E> {
        Ok(Cell::Value(Scalar::Bool(value)))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Cell, E> {
        Ok(Cell::Value(Scalar::Integer(value)))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Cell, E> {
        Ok(i64::try_from(value).map_or(Cell::Wide(value), |value| Cell::Value(Scalar::Integer(value))))
    }

    /// Minus zero is zero, so that equal numbers are one value.
    fn visit_f64<E: Error>(self, value: f64) -> Result<Cell, E> {
        Ok(Cell::Value(Scalar::Number(value + 0.0)))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Cell, E> {
        Ok(Cell::Value(Scalar::Text(value.to_owned())))
    }

    fn visit_unit<E: Error>(self) -> Result<Cell, E> {
        Ok(Cell::Value(Scalar::Null))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Cell, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Cell::Value(Scalar::Null))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Cell, A::Error> {
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Cell::Value(Scalar::Null))
    }
}
