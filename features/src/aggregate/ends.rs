//! `first(x)` and `last(x)`, by (time, known time, id).

use weir_expr::{ColumnType, Scalar};
use weir_messages::EventTime;

use super::{Aggregate, Row, present};

#[derive(Debug)]
pub(super) struct First {
    pub(super) slot: usize,
    pub(super) output: ColumnType,
}

impl Aggregate for First {
    fn output(&self) -> ColumnType {
        self.output
    }

    fn value(&self, rows: &[Row], _: EventTime) -> Scalar {
        present(rows, self.slot).next().map_or(Scalar::Null, Scalar::clone)
    }
}

#[derive(Debug)]
pub(super) struct Last {
    pub(super) slot: usize,
    pub(super) output: ColumnType,
}

impl Aggregate for Last {
    fn output(&self) -> ColumnType {
        self.output
    }

    fn value(&self, rows: &[Row], _: EventTime) -> Scalar {
        present(rows, self.slot).next_back().map_or(Scalar::Null, Scalar::clone)
    }
}
