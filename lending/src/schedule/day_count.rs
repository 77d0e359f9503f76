//! What fraction of a year a stretch of days is, for interest. The first day is excluded, the last included.

use chrono::{Datelike, NaiveDate};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::calendar::{Period, PeriodUnit};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum DayCount {
    #[serde(rename = "ACT/365")]
    Actual365,
    #[serde(rename = "ACT/360")]
    Actual360,
    /// Days over the length of their own year; the first of a year belongs to that year.
    #[serde(rename = "ACT/ACT")]
    ActualActual,
    #[serde(rename = "30/360")]
    Thirty360,
}

/// Whether a period earns by its days, or as a whole whatever its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InterestBasis {
    #[default]
    Daily,
    WholePeriod,
}

/// Significant digits of a factor, `data/loan/README.md` section 2.
const DIGITS: u32 = 19;

pub(super) fn to_digits(value: Decimal) -> Option<Decimal> {
    value.round_sf_with_strategy(DIGITS, rust_decimal::RoundingStrategy::MidpointNearestEven)
}

impl DayCount {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Actual365 => "ACT/365",
            Self::Actual360 => "ACT/360",
            Self::ActualActual => "ACT/ACT",
            Self::Thirty360 => "30/360",
        }
    }

    /// The years that the whole period from `start` to `end` counts.
    pub(super) fn years(self, basis: InterestBasis, period: Period, start: NaiveDate, end: NaiveDate) -> Decimal {
        let every = Decimal::from(period.every);
        match (basis, period.unit) {
            (InterestBasis::WholePeriod, PeriodUnit::Month) => every / Decimal::from(12),
            (InterestBasis::WholePeriod, PeriodUnit::Week) => every / Decimal::from(52),
            (InterestBasis::WholePeriod, PeriodUnit::Day) | (InterestBasis::Daily, _) => {
                self.daily_years(period, start, end)
            }
        }
    }

    fn daily_years(self, period: Period, start: NaiveDate, end: NaiveDate) -> Decimal {
        let days = Decimal::from((end - start).num_days());
        match self {
            Self::Actual365 => days / Decimal::from(365),
            Self::Actual360 => days / Decimal::from(360),
            Self::ActualActual => actual_years(start, end),
            Self::Thirty360 => {
                let counted = match period.unit {
                    PeriodUnit::Month => Decimal::from(u64::from(period.every) * 30),
                    PeriodUnit::Week => Decimal::from(u64::from(period.every) * 7),
                    PeriodUnit::Day => days,
                };
                counted / Decimal::from(360)
            }
        }
    }
}

/// Each year's days over that year's length.
fn actual_years(start: NaiveDate, end: NaiveDate) -> Decimal {
    let mut years = Decimal::ZERO;
    let mut counted_to = start;
    while counted_to < end {
        let first = counted_to.succ_opt().expect("a day before another has a day after it");
        let last = NaiveDate::from_ymd_opt(first.year(), 12, 31).map_or(end, |last| last.min(end));
        let length = if first.leap_year() { 366 } else { 365 };
        years += Decimal::from((last - counted_to).num_days()) / Decimal::from(length);
        counted_to = last;
    }
    years
}

#[cfg(test)]
mod tests {
    use super::*;

    fn years(day_count: DayCount, every: u32, unit: PeriodUnit, start: &str, end: &str) -> String {
        let (start, end) = (start.parse().unwrap(), end.parse().unwrap());
        let years = day_count.years(InterestBasis::Daily, Period { every, unit }, start, end);
        years.round_dp(10).normalize().to_string()
    }

    /// Figures of `data/loan/day_count_and_apr_curo.json`, Actual/365 and Actual/360.
    #[test]
    fn actual_days_are_divided_by_a_fixed_year() {
        let of = |day_count, start, end| years(day_count, 1, PeriodUnit::Month, start, end);
        assert_eq!(of(DayCount::Actual365, "2020-01-28", "2020-02-28"), "0.0849315068");
        assert_eq!(of(DayCount::Actual365, "2019-06-30", "2021-06-30"), "2.002739726");
        assert_eq!(of(DayCount::Actual360, "2017-12-31", "2019-12-31"), "2.0277777778");
    }

    #[test]
    fn the_days_of_a_leap_year_are_its_own() {
        let of = |start, end| years(DayCount::ActualActual, 1, PeriodUnit::Month, start, end);
        assert_eq!(of("2023-12-31", "2024-12-31"), "1");
        // 19 days of 2023, 12 of 2024
        assert_eq!(of("2023-12-12", "2024-01-12"), "0.0848416798");
        assert_eq!(of("2019-06-30", "2021-06-30"), "2");
    }

    #[test]
    fn a_month_of_thirty_over_360_is_a_twelfth_whatever_its_length() {
        let of = |unit, start, end| years(DayCount::Thirty360, 1, unit, start, end);
        assert_eq!(
            of(PeriodUnit::Month, "2024-02-01", "2024-03-01"),
            of(PeriodUnit::Month, "2024-01-01", "2024-02-01")
        );
        assert_eq!(of(PeriodUnit::Week, "2024-01-01", "2024-01-08"), "0.0194444444");
        assert_eq!(of(PeriodUnit::Day, "2024-01-01", "2024-01-02"), "0.0027777778");
    }

    #[test]
    fn a_whole_period_counts_the_same_whatever_its_days() {
        let of = |unit, end: &str| {
            let basis = InterestBasis::WholePeriod;
            DayCount::Actual365.years(
                basis,
                Period { every: 1, unit },
                "2024-01-31".parse().unwrap(),
                end.parse().unwrap(),
            )
        };
        assert_eq!(of(PeriodUnit::Month, "2024-02-29"), of(PeriodUnit::Month, "2024-03-31"));
        assert_eq!(of(PeriodUnit::Week, "2024-02-07"), Decimal::ONE / Decimal::from(52));
    }
}
