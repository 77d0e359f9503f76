//! How long each topic keeps its records: `[kafka.retention_days]` in the configuration.

use std::fmt;

use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use weir_messages::Topic;

const FOREVER: &str = "forever";
const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

/// A number of days from 1 on, or `"forever"`. Longer is greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kept {
    Days(u32),
    Forever,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RetentionDays {
    pub events: Kept,
    pub decisions: Kept,
    pub dead_letters: Kept,
    pub intake: Kept,
    pub entity_events: Kept,
    pub features: Kept,
}

impl Default for RetentionDays {
    fn default() -> Self {
        Self {
            events: Kept::Forever,
            decisions: Kept::Forever,
            dead_letters: Kept::Days(90),
            intake: Kept::Days(1),
            entity_events: Kept::Forever,
            features: Kept::Days(7),
        }
    }
}

impl RetentionDays {
    #[must_use]
    pub const fn of(&self, topic: Topic) -> Kept {
        match topic {
            Topic::Events => self.events,
            Topic::Decisions => self.decisions,
            Topic::DeadLetters => self.dead_letters,
            Topic::Intake => self.intake,
            Topic::EntityEvents => self.entity_events,
            Topic::Features => self.features,
        }
    }
}

impl Kept {
    /// As the brokers have it, in milliseconds.
    pub(super) fn retention_ms(self) -> String {
        match self {
            Self::Days(days) => (u64::from(days) * DAY_MS).to_string(),
            Self::Forever => "-1".to_owned(),
        }
    }
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Days(days) => write!(f, "{days} days"),
            Self::Forever => f.write_str(FOREVER),
        }
    }
}

impl Serialize for Kept {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Days(days) => serializer.serialize_u32(*days),
            Self::Forever => serializer.serialize_str(FOREVER),
        }
    }
}

impl<'de> Deserialize<'de> for Kept {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(KeptVisitor)
    }
}

struct KeptVisitor;

impl Visitor<'_> for KeptVisitor {
    type Value = Kept;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a number of days from 1 on, or \"{FOREVER}\"")
    }

    fn visit_u64<E: Error>(self, days: u64) -> Result<Kept, E> {
        let fits = u32::try_from(days).ok().filter(|days| *days > 0);
        fits.map(Kept::Days).ok_or_else(|| E::invalid_value(Unexpected::Unsigned(days), &self))
    }

    fn visit_i64<E: Error>(self, days: i64) -> Result<Kept, E> {
        let days = u64::try_from(days).map_err(|_| E::invalid_value(Unexpected::Signed(days), &self))?;
        self.visit_u64(days)
    }

    /// The environment gives text.
    fn visit_str<E: Error>(self, text: &str) -> Result<Kept, E> {
        match text.parse() {
            _ if text == FOREVER => Ok(Kept::Forever),
            Ok(days) => self.visit_u64(days),
            Err(_) => Err(E::invalid_value(Unexpected::Str(text), &self)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_topic_is_kept_for_days_or_forever_and_nothing_else() {
        let read = |json| serde_json::from_value::<RetentionDays>(json);
        let set = read(json!({ "events": 800, "features": "3", "dead_letters": "forever" })).unwrap();
        let of = [Topic::Events, Topic::Features, Topic::DeadLetters, Topic::Intake].map(|topic| set.of(topic));
        assert_eq!(of, [Kept::Days(800), Kept::Days(3), Kept::Forever, Kept::Days(1)]);
        assert_eq!(of.map(Kept::retention_ms), ["69120000000", "259200000", "-1", "86400000"]);
        for wrong in [json!(0), json!(-1), json!("ever"), json!(1.5), json!(u64::MAX)] {
            let error = read(json!({ "events": wrong })).unwrap_err().to_string();
            assert!(error.contains("a number of days from 1 on, or \"forever\""), "{error}");
        }
        let written = serde_json::to_value(&set).unwrap();
        assert_eq!(read(written).unwrap(), set);
    }

    #[test]
    fn longer_is_greater_and_forever_is_longest() {
        assert!(Kept::Days(7) < Kept::Days(30) && Kept::Days(u32::MAX) < Kept::Forever);
    }
}
