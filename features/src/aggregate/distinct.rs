//! `count(distinct x)`, exact at any size: the rows are at hand.

use weir_expr::{ColumnType, Scalar};
use weir_messages::EventTime;

use super::order::compare;
use super::{Aggregate, Row, present, whole};

#[derive(Debug)]
pub(super) struct Distinct {
    pub(super) slot: usize,
}

impl Aggregate for Distinct {
    fn output(&self) -> ColumnType {
        ColumnType::Integer
    }

    fn value(&self, rows: &[Row], _: EventTime) -> Scalar {
        let mut values: Vec<&Scalar> = present(rows, self.slot).collect();
        values.sort_unstable_by(|one, other| compare(one, other));
        values.dedup_by(|one, other| compare(one, other).is_eq());
        whole(values.len())
    }
}
