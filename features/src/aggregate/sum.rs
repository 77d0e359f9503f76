//! `sum(x)`: exact over x at six decimal places, rounded once.

use weir_expr::{ColumnType, Scalar};
use weir_messages::EventTime;

use super::{Aggregate, Row, present};
use crate::decimal::Sums;

#[derive(Debug)]
pub(super) struct Sum {
    pub(super) slot: usize,
}

impl Aggregate for Sum {
    fn output(&self) -> ColumnType {
        ColumnType::Number
    }

    fn value(&self, rows: &[Row], _: EventTime) -> Scalar {
        Sums::of(present(rows, self.slot)).and_then(Sums::sum).map_or(Scalar::Null, Scalar::Number)
    }
}
