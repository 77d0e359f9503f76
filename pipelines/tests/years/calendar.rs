//! The world's days: what the manual clock shows, and the events' times with it.

use chrono::{Days, NaiveDate};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Day(pub(crate) NaiveDate);

impl Day {
    pub(crate) fn first() -> Self {
        Self(NaiveDate::from_ymd_opt(2026, 3, 2).unwrap())
    }

    pub(crate) fn after(self, days: u64) -> Self {
        Self(self.0 + Days::new(days))
    }

    /// RFC 3339, in UTC.
    pub(crate) fn at(self, hour: u32, minute: u32) -> String {
        format!("{}T{hour:02}:{minute:02}:00Z", self.0)
    }
}
