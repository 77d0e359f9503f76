//! `seconds_since_last()`: T less the greatest time.

use weir_expr::{ColumnType, Scalar};
use weir_messages::EventTime;

use super::{Aggregate, Row};

#[derive(Debug)]
pub(super) struct Recency;

impl Aggregate for Recency {
    fn output(&self) -> ColumnType {
        ColumnType::Number
    }

    fn value(&self, rows: &[Row], at: EventTime) -> Scalar {
        #[allow(clippy::cast_precision_loss, reason = "285 years of microseconds are exact")]
        rows.last().map_or(Scalar::Null, |row| {
            Scalar::Number(at.micros().saturating_sub(row.place.time.micros()) as f64 / 1e6)
        })
    }
}
