//! The two times of an event: when it happened and when it became known. Both are microseconds since 1970 UTC.

use std::borrow::Cow;
use std::fmt;

use chrono::{DateTime, Datelike, NaiveDate, SecondsFormat, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// In microseconds.
pub const MICROS_PER_DAY: i64 = 86_400_000_000;

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("expected an RFC 3339 time or integer microseconds since 1970, found `{0}`")]
pub struct InvalidTime(String);

#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
#[error("expected an RFC 3339 time, such as 2026-03-01T10:00:00Z")]
pub struct NoRfc3339;

macro_rules! time {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(i64);

        impl $name {
            pub const MIN: Self = Self(i64::MIN);

            #[must_use]
            pub const fn from_micros(micros: i64) -> Self {
                Self(micros)
            }

            /// Microseconds since 1970-01-01T00:00Z.
            #[must_use]
            pub const fn micros(self) -> i64 {
                self.0
            }

            /// RFC 3339, or integer microseconds since 1970.
            pub fn parse(text: &str) -> Result<Self, InvalidTime> {
                if let Some(micros) = as_we_write(text.as_bytes()) {
                    return Ok(Self(micros));
                }
                if let Ok(micros) = text.parse::<i64>() {
                    return Ok(Self(micros));
                }
                let time = DateTime::parse_from_rfc3339(text).map_err(|_| InvalidTime(text.to_owned()))?;
                Ok(Self(time.timestamp_micros()))
            }

            /// The UTC calendar day this instant falls on.
            #[must_use]
            pub fn date(self) -> NaiveDate {
                DateTime::<Utc>::from_timestamp_micros(self.0).unwrap_or_default().date_naive()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                // A year of more than four digits is no RFC 3339, and would not read back.
                match DateTime::<Utc>::from_timestamp_micros(self.0).filter(|time| (0..=9999).contains(&time.year())) {
                    Some(time) => f.write_str(&time.to_rfc3339_opts(SecondsFormat::Micros, true)),
                    None => write!(f, "{}", self.0),
                }
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any(TimeVisitor).map(Self)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({
                    "description": "RFC 3339, or integer microseconds since 1970 UTC",
                    "anyOf": [{ "type": "string", "format": "date-time" }, { "type": "integer" }]
                })
            }
        }
    };
}

time! {
    /// When an event happened, by the producer's clock, corrected at intake.
    EventTime
}
time! {
    /// When the platform learned of an event: given by the collector, before the log.
    KnownTime
}

impl EventTime {
    /// RFC 3339 alone, for times that come from outside: digits could be seconds, milliseconds or anything.
    pub fn parse_rfc3339(text: &str) -> Result<Self, NoRfc3339> {
        if let Some(micros) = as_we_write(text.as_bytes()) {
            return Ok(Self(micros));
        }
        let time = DateTime::parse_from_rfc3339(text).map_err(|_| NoRfc3339)?;
        Ok(Self(time.timestamp_micros()))
    }

    /// The same of JSON, for `deserialize_with`.
    pub fn from_rfc3339<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        let text = Option::<Cow<'de, str>>::deserialize(deserializer)?;
        text.map(|text| Self::parse_rfc3339(&text)).transpose().map_err(de::Error::custom)
    }

    /// Of an optional one.
    pub fn rfc3339_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": ["string", "null"], "format": "date-time" })
    }

    /// This instant seen as a moment of knowing: for input that carries no known time of its own.
    #[must_use]
    pub const fn as_known(self) -> KnownTime {
        KnownTime(self.0)
    }
}

impl KnownTime {
    #[must_use]
    pub const fn as_event(self) -> EventTime {
        EventTime(self.0)
    }
}

/// The one form that `Display` gives, `2026-03-01T10:00:00.000001Z`, without a parser for all the others. Most times that
/// are read were written here. `None` for any other text, leap seconds among them.
fn as_we_write(text: &[u8]) -> Option<i64> {
    const FORM: &[u8; 27] = b"0000-00-00T00:00:00.000000Z";
    let text: &[u8; 27] = text.try_into().ok()?;
    let fits = |(found, wanted): (&u8, &u8)| if *wanted == b'0' { found.is_ascii_digit() } else { found == wanted };
    if !text.iter().zip(FORM).all(fits) {
        return None;
    }
    let number =
        |from: usize, to: usize| text[from..to].iter().fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'));
    let date = NaiveDate::from_ymd_opt(i32::try_from(number(0, 4)).ok()?, number(5, 7), number(8, 10))?;
    let time = date.and_hms_micro_opt(number(11, 13), number(14, 16), number(17, 19), number(20, 26))?;
    Some(time.and_utc().timestamp_micros())
}

struct TimeVisitor;

impl de::Visitor<'_> for TimeVisitor {
    type Value = i64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an RFC 3339 time or integer microseconds since 1970")
    }

    fn visit_i64<E: de::Error>(self, micros: i64) -> Result<i64, E> {
        Ok(micros)
    }

    fn visit_u64<E: de::Error>(self, micros: u64) -> Result<i64, E> {
        i64::try_from(micros).map_err(E::custom)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<i64, E> {
        EventTime::parse(text).map(EventTime::micros).map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_reads_back_from_either_form() {
        let time = EventTime::parse("2026-03-01T10:00:00.000001Z").unwrap();
        assert_eq!(time, EventTime::parse(&time.micros().to_string()).unwrap());
        assert_eq!(serde_json::to_string(&time).unwrap(), r#""2026-03-01T10:00:00.000001Z""#);
        assert_eq!(serde_json::from_str::<EventTime>(&time.micros().to_string()).unwrap(), time);
        for (text, micros) in [
            ("9999-12-31T23:59:59.999999Z", 253_402_300_799_999_999),
            ("253402300800000000", 253_402_300_800_000_000),
            ("0000-01-01T00:00:00.000000Z", -62_167_219_200_000_000),
            ("-62167219200000001", -62_167_219_200_000_001),
        ] {
            assert_eq!(EventTime::from_micros(micros).to_string(), text);
            assert_eq!(EventTime::parse(text), Ok(EventTime::from_micros(micros)));
        }
    }

    proptest::proptest! {
        #[test]
        fn every_time_reads_back(micros in proptest::num::i64::ANY) {
            let time = EventTime::from_micros(micros);
            proptest::prop_assert_eq!(EventTime::parse(&time.to_string()), Ok(time));
        }

        /// The short way and the parser of every form agree, on what is written here and on what is a digit off.
        #[test]
        fn the_short_way_is_the_parsers(micros in -62_135_596_800_000_000_i64..253_402_300_800_000_000, at in 0..27_usize, digit in 0..10_u8) {
            let mut text = EventTime::from_micros(micros).to_string();
            proptest::prop_assert_eq!(as_we_write(text.as_bytes()), Some(micros));
            if text.as_bytes()[at].is_ascii_digit() {
                text.replace_range(at..=at, &digit.to_string());
            }
            let parsed = DateTime::parse_from_rfc3339(&text).ok().map(|time| time.timestamp_micros());
            // A leap second is left to the parser.
            if &text[17..19] != "60" {
                proptest::prop_assert_eq!(as_we_write(text.as_bytes()), parsed);
            }
        }
    }

    #[test]
    fn an_offset_is_brought_to_utc() {
        assert_eq!(
            EventTime::parse("2026-03-01T10:00:00+08:00").unwrap(),
            EventTime::parse("2026-03-01T02:00:00Z").unwrap()
        );
    }

    #[test]
    fn a_malformed_time_is_named_in_the_error() {
        let error = EventTime::parse("yesterday").unwrap_err();
        assert!(error.to_string().contains("yesterday"));
    }
}
