//! Goes through the saved rows, a stretch at a time, and takes out those that nobody can reach any more: rows of views that
//! are there no longer, and the old ones of entities that never come back.

use std::collections::BTreeSet;

use weir_messages::{Change, EventTime, MICROS_PER_DAY, StageError, StateReader};

use super::entity::horizon;
use super::key::{self, Of};
use super::numbers::Numbers;
use crate::view::FeatureViews;

/// Rows looked at by one call. A call comes with each batch, which has up to 2,048 events.
const STRETCH: usize = 500;
/// How far time moves between two rounds over all rows, in microseconds.
const EVERY: i64 = MICROS_PER_DAY;

#[derive(Debug)]
pub(super) struct Sweep {
    round: Option<Round>,
    /// When the last round began.
    began: EventTime,
}

#[derive(Debug)]
struct Round {
    /// The key that was looked at last.
    after: Vec<u8>,
    /// Numbers whose rows go; of a number that left later some may stand before `after`.
    leaving: BTreeSet<u16>,
}

impl Default for Sweep {
    fn default() -> Self {
        Self { round: None, began: EventTime::MIN }
    }
}

impl Sweep {
    /// What is to be deleted. Numbers under which no row stands any more are freed.
    pub(super) fn step(
        &mut self,
        reader: &dyn StateReader,
        views: &FeatureViews,
        numbers: &mut Numbers,
        settled: EventTime,
    ) -> Result<Vec<Change>, StageError> {
        let Some(round) = self.round(numbers, settled) else { return Ok(Vec::new()) };
        let rows = reader.after(&key::ENTITIES, &round.after, STRETCH)?;
        let over = rows.len() < STRETCH;
        let mut gone = Vec::new();
        for (row, _) in rows {
            let unreachable = match key::parse(&row) {
                Some(Of::Row(number, place)) => match numbers.view(number) {
                    Some(view) => place.time < horizon(views.view(view), settled),
                    None => true,
                },
                Some(Of::Latest) | None => false,
            };
            round.after.clone_from(&row);
            if unreachable {
                gone.push(Change { key: row, value: None });
            }
        }
        if over {
            numbers.free(&round.leaving);
            self.round = None;
        }
        Ok(gone)
    }

    fn round(&mut self, numbers: &Numbers, settled: EventTime) -> Option<&mut Round> {
        if self.round.is_none() {
            let leaving = numbers.leaving();
            let due = settled.micros().saturating_sub(self.began.micros()) >= EVERY;
            if leaving.is_empty() && !due {
                return None;
            }
            self.began = settled;
            self.round = Some(Round { after: key::ENTITIES.to_vec(), leaving });
        }
        self.round.as_mut()
    }
}
