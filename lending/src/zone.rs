//! The lender's time zone: it decides which business day a moment belongs to, and with it ages, due dates and the end of
//! a day. UTC unless configured.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, NaiveDate, Offset, TimeZone, Utc};
use chrono_tz::Tz;
use weir_messages::{EventTime, KnownTime};

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("expected a name of the IANA time zone database such as `Europe/Berlin`, found `{0}`")]
pub struct UnknownZone(String);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BusinessZone(Tz);

impl BusinessZone {
    pub const UTC: Self = Self(Tz::UTC);

    /// The business day of a moment at which something became known.
    #[must_use]
    pub fn date(self, at: KnownTime) -> NaiveDate {
        let utc = DateTime::<Utc>::from_timestamp_micros(at.micros()).unwrap_or_default().naive_utc();
        let offset = self.0.offset_from_utc_datetime(&utc).fix();
        // At the ends of the calendar a zone may be a day further than it goes.
        utc.checked_add_offset(offset).unwrap_or(utc).date()
    }

    /// The business day of a moment at which something happened.
    #[must_use]
    pub fn date_of_event(self, at: EventTime) -> NaiveDate {
        self.date(at.as_known())
    }
}

impl FromStr for BusinessZone {
    type Err = UnknownZone;

    fn from_str(name: &str) -> Result<Self, UnknownZone> {
        name.parse().map(Self).map_err(|_| UnknownZone(name.chars().take(40).collect()))
    }
}

impl fmt::Display for BusinessZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(zone: &str, at: &str) -> String {
        zone.parse::<BusinessZone>().unwrap().date(KnownTime::parse(at).unwrap()).to_string()
    }

    #[test]
    fn a_business_day_begins_at_midnight_of_the_zone() {
        for (zone, before, midnight, day) in [
            ("UTC", "2024-01-15T23:59:59.999999Z", "2024-01-16T00:00:00Z", "2024-01-16"),
            ("Europe/Berlin", "2024-01-15T22:59:59.999999Z", "2024-01-15T23:00:00Z", "2024-01-16"),
            // Summer time is an hour earlier in UTC.
            ("Europe/Berlin", "2024-07-15T21:59:59.999999Z", "2024-07-15T22:00:00Z", "2024-07-16"),
            // The day on which it begins and the day on which it ends, of 23 and of 25 hours.
            ("Europe/Berlin", "2024-03-30T22:59:59Z", "2024-03-30T23:00:00Z", "2024-03-31"),
            ("Europe/Berlin", "2024-03-31T21:59:59Z", "2024-03-31T22:00:00Z", "2024-04-01"),
            ("Europe/Berlin", "2024-10-26T21:59:59Z", "2024-10-26T22:00:00Z", "2024-10-27"),
            ("Europe/Berlin", "2024-10-27T22:59:59Z", "2024-10-27T23:00:00Z", "2024-10-28"),
            ("Asia/Shanghai", "2024-01-15T15:59:59Z", "2024-01-15T16:00:00Z", "2024-01-16"),
            ("America/Sao_Paulo", "2024-01-16T02:59:59Z", "2024-01-16T03:00:00Z", "2024-01-16"),
        ] {
            let yesterday = day.parse::<NaiveDate>().unwrap().pred_opt().unwrap().to_string();
            assert_eq!((date(zone, before), date(zone, midnight)), (yesterday, day.to_owned()), "{zone} {midnight}");
        }
    }

    #[test]
    fn the_ends_of_the_calendar_have_a_day_in_every_zone() {
        for zone in ["UTC", "Pacific/Kiritimati", "America/Los_Angeles"] {
            for (end, year) in [(DateTime::<Utc>::MIN_UTC, "-262143"), (DateTime::<Utc>::MAX_UTC, "+262142")] {
                let end = KnownTime::from_micros(end.timestamp_micros());
                let day = zone.parse::<BusinessZone>().unwrap().date(end).to_string();
                assert!(day.starts_with(year), "{zone} {day}");
            }
        }
    }

    #[test]
    fn a_name_outside_the_database_is_refused() {
        for name in ["", "Berlin", "CET+1", "Europe/Atlantis", "+02:00"] {
            assert_eq!(name.parse::<BusinessZone>(), Err(UnknownZone(name.to_owned())));
        }
        assert_eq!("Europe/Berlin".parse::<BusinessZone>().unwrap().to_string(), "Europe/Berlin");
        assert_eq!("UTC".parse::<BusinessZone>().unwrap(), BusinessZone::UTC);
    }
}
