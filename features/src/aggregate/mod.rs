//! The aggregates: functions of the set of rows alone, whatever order and batches they came in. One file each.
//! Which rows are in a window is not decided here.

mod avg;
mod count;
mod count_if;
mod distinct;
mod ends;
mod extreme;
mod order;
mod plan;
mod recency;
mod stddev;
mod sum;
#[cfg(test)]
mod tests;

use std::fmt::Debug;

use weir_expr::{ColumnType, Scalar};
use weir_messages::{EventTime, KnownTime};

pub(crate) use plan::plan;

/// One event as a view keeps it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Row {
    pub(crate) place: Place,
    /// One for each of the view's slots.
    pub(crate) values: Box<[Scalar]>,
}

/// Where a row stands among the others of its entity: no two of them are equal.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) time: EventTime,
    pub(crate) known: KnownTime,
    pub(crate) id: Box<str>,
    pub(crate) source: Box<str>,
}

pub(crate) trait Aggregate: Debug + Send + Sync {
    fn output(&self) -> ColumnType;

    /// The value over `rows`, which stand in the order of their places, at T.
    fn value(&self, rows: &[Row], at: EventTime) -> Scalar;
}

/// The values that are not null.
fn present(rows: &[Row], slot: usize) -> impl DoubleEndedIterator<Item = &Scalar> {
    rows.iter().map(move |row| &row.values[slot]).filter(|value| **value != Scalar::Null)
}

fn whole(count: usize) -> Scalar {
    Scalar::Integer(i64::try_from(count).unwrap_or(i64::MAX))
}
