//! The rows of one entity in one view, in the order of their places.

use std::cmp::Ordering;

use weir_messages::EventTime;

use crate::aggregate::{Place, Row};

#[derive(Debug, Default)]
pub(super) struct History {
    rows: Vec<Row>,
}

impl History {
    pub(super) const fn new() -> Self {
        Self { rows: Vec::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The row where it now stands; `None` when one of the same place is there already.
    pub(super) fn insert(&mut self, row: Row) -> Option<&Row> {
        // Most rows come in order.
        let at = match self.rows.last().map(|last| last.place.cmp(&row.place)) {
            None | Some(Ordering::Less) => self.rows.len(),
            Some(_) => self.rows.binary_search_by(|other| other.place.cmp(&row.place)).err()?,
        };
        self.rows.insert(at, row);
        self.rows.get(at)
    }

    /// Rows with `from <= time <= to`.
    pub(super) fn window(&self, from: EventTime, to: EventTime) -> &[Row] {
        let start = self.rows.partition_point(|row| row.place.time < from);
        let end = self.rows.partition_point(|row| row.place.time <= to);
        self.rows.get(start..end).unwrap_or_default()
    }

    /// Takes out what lies before `horizon`.
    pub(super) fn expire(&mut self, horizon: EventTime) -> impl Iterator<Item = Place> {
        let end = self.rows.partition_point(|row| row.place.time < horizon);
        self.rows.drain(..end).map(|row| row.place)
    }

    pub(super) fn with(&self, rows: impl Iterator<Item = Row>) -> Self {
        let mut all = Self { rows: self.rows.clone() };
        for row in rows {
            all.insert(row);
        }
        all
    }
}
