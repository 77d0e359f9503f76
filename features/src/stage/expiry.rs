//! When to look for rows that no request can reach any more.

use weir_messages::EventTime;

use crate::engine::Engine;
use crate::view::FeatureViews;

/// How far known time moves between two looks, in microseconds.
const EVERY: i64 = 3_600_000_000;

#[derive(Debug)]
pub(super) struct Expiry(EventTime);

impl Default for Expiry {
    fn default() -> Self {
        Self(EventTime::MIN)
    }
}

impl Expiry {
    pub(super) fn look(&mut self, engine: &mut Engine, views: &FeatureViews, settled: EventTime) {
        if settled.micros().saturating_sub(self.0.micros()) >= EVERY {
            self.0 = settled;
            engine.expire(views, settled);
        }
    }
}
