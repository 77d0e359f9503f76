//! The rows of one entity in one view, in the order of their places. An entity may have a million of them (everybody behind
//! one address of a carrier), so no row that comes or goes moves all others.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use weir_messages::EventTime;

use crate::aggregate::{Place, Row};

/// A row that comes out of order moves as many others at most; in a longer history it waits until somebody reads, or until
/// an eighth as many wait.
const MOVED: usize = 1_024;

#[derive(Debug, Default)]
pub(super) struct History {
    /// In order, from `start` on; before that are husks of rows that were taken out.
    rows: Vec<Row>,
    start: usize,
    /// Rows that belong among the others.
    late: BTreeMap<Place, Row>,
}

impl History {
    pub(super) const fn new() -> Self {
        Self { rows: Vec::new(), start: 0, late: BTreeMap::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len() - self.start + self.late.len()
    }

    /// The row where it now stands; `None` when one of the same place is there already.
    pub(super) fn insert(&mut self, row: Row) -> Option<&Row> {
        // Most rows come in order.
        let last = self.ordered().last().map(|last| last.place.cmp(&row.place));
        if matches!(last, None | Some(Ordering::Less)) {
            self.rows.push(row);
            return self.rows.last();
        }
        let at = self.start + self.ordered().binary_search_by(|other| other.place.cmp(&row.place)).err()?;
        if self.rows.len() - at <= MOVED {
            self.rows.insert(at, row);
            return self.rows.get(at);
        }
        if self.late.contains_key(&row.place) {
            return None;
        }
        if self.late.len() >= self.ordered().len() / 8 {
            self.settle();
        }
        Some(self.late.entry(row.place.clone()).or_insert(row))
    }

    /// All rows stand in order.
    pub(super) fn settle(&mut self) {
        if !self.late.is_empty() {
            self.rows.drain(..std::mem::take(&mut self.start));
            self.rows.extend(std::mem::take(&mut self.late).into_values());
            // Two runs, which it merges.
            self.rows.sort_by(|one, other| one.place.cmp(&other.place));
        }
    }

    /// Rows with `from <= time <= to`. It has been settled.
    pub(super) fn window(&self, from: EventTime, to: EventTime) -> &[Row] {
        debug_assert!(self.late.is_empty(), "some rows would be left out");
        let rows = self.ordered();
        let start = rows.partition_point(|row| row.place.time < from);
        let end = rows.partition_point(|row| row.place.time <= to);
        rows.get(start..end).unwrap_or_default()
    }

    /// Takes out what lies before `horizon`.
    pub(super) fn expire(&mut self, horizon: EventTime) -> Vec<Place> {
        let count = self.ordered().partition_point(|row| row.place.time < horizon);
        let gone = self.rows[self.start..].iter_mut().take(count);
        let mut gone: Vec<_> = gone.map(|row| std::mem::take(row).place).collect();
        self.start += count;
        if self.start > self.rows.len() / 2 {
            self.rows.drain(..std::mem::take(&mut self.start));
        }
        while let Some(late) = self.late.first_entry().filter(|late| late.key().time < horizon) {
            gone.push(late.remove_entry().0);
        }
        gone
    }

    /// Settled, and with these rows too.
    pub(super) fn with(&self, rows: impl Iterator<Item = Row>) -> Self {
        let mut all = Self { rows: self.ordered().to_vec(), start: 0, late: self.late.clone() };
        for row in rows {
            all.insert(row);
        }
        all.settle();
        all
    }

    fn ordered(&self) -> &[Row] {
        &self.rows[self.start..]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use weir_messages::KnownTime;

    use super::*;

    fn row(time: i64, id: &str) -> Row {
        let place = Place {
            time: EventTime::from_micros(time),
            known: KnownTime::from_micros(0),
            id: id.into(),
            source: "app".into(),
        };
        Row { place, values: Box::new([]) }
    }

    /// A million rows of one moment, whose ids come in no order, and then a clock that takes them out one by one. Were all
    /// others moved for each, this would take hours.
    #[test]
    fn a_million_rows_of_one_entity_come_and_go_without_moving_all_others() {
        let mut history = History::new();
        for number in 0..1_000_000_u64 {
            let id = number.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_string();
            assert!(history.insert(row(i64::try_from(number % 500_000).unwrap(), &id)).is_some());
        }
        assert_eq!(history.len(), 1_000_000);
        history.settle();
        assert!(history.ordered().is_sorted_by(|one, other| one.place < other.place));
        for time in 0..=500_000 {
            let gone = history.expire(EventTime::from_micros(time)).len();
            assert_eq!(gone, if time == 0 { 0 } else { 2 });
        }
        assert_eq!(history.len(), 0);
    }

    proptest! {
        #[test]
        fn a_long_history_is_the_set_of_its_rows(
            long in 0..4_usize, steps in prop::collection::vec((0..5_u8, 0..3_000_i64, 0..3_u8), 0..200),
        ) {
            let (mut history, mut set) = (History::new(), BTreeMap::new());
            for time in 0..i64::try_from(long * MOVED).unwrap() {
                set.insert(row(time, "a").place, ());
                history.insert(row(time, "a"));
            }
            for (step, time, id) in steps {
                let (row, horizon) = (row(time, &id.to_string()), EventTime::from_micros(time / 8));
                match step {
                    0 => history.settle(),
                    1 => {
                        let gone: Vec<_> = set.extract_if(.., |place, ()| place.time < horizon).map(|(p, ())| p).collect();
                        let mut expired = history.expire(horizon);
                        expired.sort();
                        prop_assert_eq!(gone, expired);
                    }
                    _ => {
                        let new = set.insert(row.place.clone(), ()).is_none();
                        prop_assert_eq!(history.insert(row.clone()).cloned(), new.then_some(row));
                    }
                }
                prop_assert_eq!(history.len(), set.len());
            }
            history.settle();
            let (from, to) = (EventTime::from_micros(700), EventTime::from_micros(2_000));
            let within: Vec<_> = set.into_keys().filter(|place| (from..=to).contains(&place.time)).collect();
            prop_assert_eq!(history.window(from, to).iter().map(|row| row.place.clone()).collect::<Vec<_>>(), within);
        }
    }
}
