//! `count(*)` and `count(x)`.

use weir_expr::{ColumnType, Scalar};
use weir_messages::EventTime;

use super::{Aggregate, Row, present, whole};

#[derive(Debug)]
pub(super) struct CountRows;

impl Aggregate for CountRows {
    fn output(&self) -> ColumnType {
        ColumnType::Integer
    }

    fn value(&self, rows: &[Row], _: EventTime) -> Scalar {
        whole(rows.len())
    }
}

#[derive(Debug)]
pub(super) struct Count {
    pub(super) slot: usize,
}

impl Aggregate for Count {
    fn output(&self) -> ColumnType {
        ColumnType::Integer
    }

    fn value(&self, rows: &[Row], _: EventTime) -> Scalar {
        whole(present(rows, self.slot).count())
    }
}
