//! Due dates: whole periods counted from the start, never from the installment before.

use chrono::{Days, Months, NaiveDate};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PeriodUnit {
    Day,
    Week,
    Month,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Period {
    pub every: u32,
    pub unit: PeriodUnit,
}

impl Period {
    pub const MONTHLY: Self = Self { every: 1, unit: PeriodUnit::Month };

    /// `count` periods after `start`; a missing day of month becomes the month's last. `None` beyond the calendar.
    #[must_use]
    pub fn after(self, start: NaiveDate, count: u32) -> Option<NaiveDate> {
        let units = self.every.checked_mul(count)?;
        match self.unit {
            PeriodUnit::Day => start.checked_add_days(Days::new(units.into())),
            PeriodUnit::Week => start.checked_add_days(Days::new(u64::from(units) * 7)),
            PeriodUnit::Month => start.checked_add_months(Months::new(units)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_day_of_month_becomes_the_last_and_comes_back() {
        let start = NaiveDate::from_ymd_opt(2024, 1, 31).unwrap();
        let due = |count| Period::MONTHLY.after(start, count).unwrap().to_string();
        assert_eq!((due(1).as_str(), due(2).as_str(), due(3).as_str()), ("2024-02-29", "2024-03-31", "2024-04-30"));
    }

    #[test]
    fn beyond_the_calendar_there_is_no_date() {
        assert_eq!(Period { every: 366, unit: PeriodUnit::Month }.after(NaiveDate::MAX, 1), None);
        assert_eq!(Period { every: u32::MAX, unit: PeriodUnit::Day }.after(NaiveDate::MIN, 2), None);
    }
}
