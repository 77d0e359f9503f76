//! `min(x)` and `max(x)`, of numbers, texts and times.

use weir_expr::{ColumnType, Scalar};
use weir_messages::EventTime;

use super::order::compare;
use super::{Aggregate, Row, present};

#[derive(Debug)]
pub(super) struct Extreme {
    slot: usize,
    output: ColumnType,
    greatest: bool,
}

impl Extreme {
    pub(super) const fn least(slot: usize, output: ColumnType) -> Self {
        Self { slot, output, greatest: false }
    }

    pub(super) const fn greatest(slot: usize, output: ColumnType) -> Self {
        Self { slot, output, greatest: true }
    }
}

impl Aggregate for Extreme {
    fn output(&self) -> ColumnType {
        self.output
    }

    fn value(&self, rows: &[Row], _: EventTime) -> Scalar {
        let values = present(rows, self.slot);
        let found =
            if self.greatest { values.max_by(|a, b| compare(a, b)) } else { values.min_by(|a, b| compare(a, b)) };
        found.map_or(Scalar::Null, Scalar::clone)
    }
}
