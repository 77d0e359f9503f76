//! `avg(x)`: the exact sum over the count, rounded once.

use weir_expr::{ColumnType, Scalar};
use weir_messages::EventTime;

use super::{Aggregate, Row, present};
use crate::decimal::Sums;

#[derive(Debug)]
pub(super) struct Avg {
    pub(super) slot: usize,
}

impl Aggregate for Avg {
    fn output(&self) -> ColumnType {
        ColumnType::Number
    }

    fn value(&self, rows: &[Row], _: EventTime) -> Scalar {
        Sums::of(present(rows, self.slot)).and_then(Sums::mean).map_or(Scalar::Null, Scalar::Number)
    }
}
