//! The rows of one entity in one view, in the order of their places.

use weir_messages::EventTime;

use crate::aggregate::{Place, Row};

#[derive(Debug, Default)]
pub(super) struct History {
    rows: Vec<Row>,
}

impl History {
    /// From rows in order.
    pub(super) const fn of(rows: Vec<Row>) -> Self {
        Self { rows }
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// False when a row of the same place is there already.
    pub(super) fn insert(&mut self, row: Row) -> bool {
        match self.rows.binary_search_by(|other| other.place.cmp(&row.place)) {
            Ok(_) => false,
            Err(at) => {
                self.rows.insert(at, row);
                true
            }
        }
    }

    /// Rows with `from <= time <= to`.
    pub(super) fn window(&self, from: EventTime, to: EventTime) -> &[Row] {
        let start = self.rows.partition_point(|row| row.place.time < from);
        let end = self.rows.partition_point(|row| row.place.time <= to);
        self.rows.get(start..end).unwrap_or_default()
    }

    /// Takes out what lies before `horizon`.
    pub(super) fn expire(&mut self, horizon: EventTime) -> Vec<Place> {
        let end = self.rows.partition_point(|row| row.place.time < horizon);
        self.rows.drain(..end).map(|row| row.place).collect()
    }

    pub(super) fn with(&self, rows: impl Iterator<Item = Row>) -> Self {
        let mut all = Self { rows: self.rows.clone() };
        for row in rows {
            all.insert(row);
        }
        all
    }
}
