//! The demo's calendar: ten days of telemetry in short rounds, then the day of the applications. The clock stands still
//! while a round is sent, so that no event is late or ahead.

use chrono::NaiveDate;
use weir_messages::{EventTime, KnownTime};

const MINUTE: i64 = 60 * 1_000_000;
const DAY: i64 = 24 * 60 * MINUTE;
/// 2026-03-02T09:00:00Z, a Monday.
const START: i64 = 1_772_442_000 * 1_000_000;
/// Days after the start on which customers use the app; the last is the day of the applications.
const ROUNDS: [i64; 7] = [0, 2, 4, 6, 8, 9, 10];
/// All events of a round happen within so many minutes: less than the lateness that views allow.
const ROUND_MINUTES: i64 = 8;

pub(crate) fn start() -> KnownTime {
    KnownTime::from_micros(START)
}

pub(crate) const fn rounds() -> usize {
    ROUNDS.len()
}

/// When a round begins.
pub(crate) fn round_begins(round: usize) -> EventTime {
    EventTime::from_micros(START + ROUNDS[round] * DAY + MINUTE)
}

/// When a round is over, and its events are sent.
pub(crate) fn round_ends(round: usize) -> KnownTime {
    KnownTime::from_micros(round_begins(round).micros() + ROUND_MINUTES * MINUTE)
}

/// Microseconds between beginning and end of a round.
pub(crate) const fn round_length() -> i64 {
    ROUND_MINUTES * MINUTE
}

/// Consents are given between the start and the first round.
pub(crate) const fn consents_length() -> i64 {
    MINUTE
}

/// The day on which everybody applies.
pub(crate) fn application_day() -> NaiveDate {
    round_ends(rounds() - 1).date()
}

/// Noon of a day, when instalments are paid.
pub(crate) fn noon(day: NaiveDate) -> KnownTime {
    let noon = day.and_hms_opt(12, 0, 0).expect("every day has a noon").and_utc();
    KnownTime::from_micros(noon.timestamp_micros())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_calendar_only_goes_forward() {
        assert_eq!(start().to_string(), "2026-03-02T09:00:00.000000Z");
        let times: Vec<_> =
            (0..rounds()).flat_map(|round| [round_begins(round).as_known(), round_ends(round)]).collect();
        assert!(times.is_sorted() && times[0] > start());
        assert_eq!(application_day().to_string(), "2026-03-12");
        assert!(noon(application_day()) > round_ends(rounds() - 1));
    }
}
