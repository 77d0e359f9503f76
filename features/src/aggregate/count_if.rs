//! `count_if(p)`: rows where p is true; unknown does not count.

use weir_expr::{ColumnType, Scalar};
use weir_messages::EventTime;

use super::{Aggregate, Row, present, whole};

#[derive(Debug)]
pub(super) struct CountIf {
    pub(super) slot: usize,
}

impl Aggregate for CountIf {
    fn output(&self) -> ColumnType {
        ColumnType::Integer
    }

    fn value(&self, rows: &[Row], _: EventTime) -> Scalar {
        whole(present(rows, self.slot).filter(|value| **value == Scalar::Bool(true)).count())
    }
}
