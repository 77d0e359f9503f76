//! All that is held of one entity: its histories, and what it was last seen with if it is a customer.

use weir_messages::{EventTime, StageError, StateEntry};

use super::history::History;
use super::key::{self, Of};
use super::latest::Latest;
use super::numbers::Numbers;
use super::{codec, corrupt};
use crate::aggregate::{Place, Row};
use crate::view::{FeatureView, FeatureViews};

#[derive(Debug, Default)]
pub(super) struct Entity {
    /// Most entities are no customer.
    latest: Option<Box<Latest>>,
    /// Those that ever had a row, by the number of their view.
    histories: Vec<(usize, History)>,
}

impl Entity {
    /// From its saved entries, in the order of their keys. Rows under a number that is no view's are not taken.
    pub(super) fn of(
        (views, numbers): (&FeatureViews, &Numbers),
        prefix: &[u8],
        entries: Vec<StateEntry>,
    ) -> Result<Self, StageError> {
        let mut entity = Self::default();
        for (key, value) in entries {
            match key::of(prefix, &key) {
                Some(Of::Row(number, place)) => {
                    let Some(at) = numbers.view(number).filter(|at| *at < views.views().len()) else { continue };
                    let view = views.view(at);
                    let values = codec::decode(&value, &view.slots);
                    let reason = || format!("the values are not those of the view `{}`", view.name());
                    let values = values.ok_or_else(|| corrupt(&key, &reason()))?;
                    entity.history_mut(at).insert(Row { place, values });
                }
                Some(Of::Latest) => {
                    let latest = Latest::decode(&value);
                    let latest = latest.ok_or_else(|| corrupt(&key, "expected what was last seen"))?;
                    entity.latest = Some(Box::new(latest));
                }
                None => return Err(corrupt(&key, "the key names no row of a view")),
            }
        }
        Ok(entity)
    }

    pub(super) fn latest(&self) -> Option<&Latest> {
        self.latest.as_deref()
    }

    pub(super) fn latest_mut(&mut self) -> &mut Latest {
        self.latest.get_or_insert_default()
    }

    /// Settled, to be read.
    pub(super) fn history(&mut self, view: usize) -> Option<&History> {
        let (_, history) = self.histories.iter_mut().find(|(number, _)| *number == view)?;
        history.settle();
        Some(history)
    }

    pub(super) fn history_mut(&mut self, view: usize) -> &mut History {
        let at = self.histories.iter().position(|(number, _)| *number == view);
        let at = at.unwrap_or_else(|| {
            self.histories.push((view, History::default()));
            self.histories.len() - 1
        });
        &mut self.histories[at].1
    }

    /// Takes out the rows that no request of `settled` or later can reach, by view.
    pub(super) fn expire(&mut self, views: &FeatureViews, settled: EventTime) -> Vec<(usize, Place)> {
        let expired = |(number, history): &mut (usize, History)| {
            let number = *number;
            history.expire(horizon(views.view(number), settled)).into_iter().map(move |place| (number, place))
        };
        self.histories.iter_mut().flat_map(expired).collect()
    }

    /// In rows; an entity without any has some weight too.
    pub(super) fn weight(&self) -> usize {
        1 + self.histories.iter().map(|(_, history)| 1 + history.len()).sum::<usize>()
    }
}

/// Before this no window of a request at `settled` or later reaches.
pub(super) fn horizon(view: &FeatureView, settled: EventTime) -> EventTime {
    EventTime::from_micros(settled.micros().saturating_sub(view.reach()))
}
