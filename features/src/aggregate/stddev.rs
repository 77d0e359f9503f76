//! `stddev(x)`: sample standard deviation from exact sums; null below two values.

use weir_expr::{ColumnType, Scalar};
use weir_messages::EventTime;

use super::{Aggregate, Row, present};
use crate::decimal::Sums;

#[derive(Debug)]
pub(super) struct Stddev {
    pub(super) slot: usize,
}

impl Aggregate for Stddev {
    fn output(&self) -> ColumnType {
        ColumnType::Number
    }

    fn value(&self, rows: &[Row], _: EventTime) -> Scalar {
        Sums::of(present(rows, self.slot)).and_then(Sums::deviation).map_or(Scalar::Null, Scalar::Number)
    }
}
