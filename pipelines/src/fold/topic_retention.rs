//! How long each topic must keep its records at least, by what is made of them.

use std::fmt;

use weir_ingest::log::kafka::topics::{Kept, RetentionDays};
use weir_messages::{MICROS_PER_DAY, Topic};

use crate::config::Config;
use crate::content::Content;

/// The longest outage of whoever reads a topic after which nothing on it is missed: a long week-end.
const OUTAGE: Kept = Kept::Days(4);
/// Decisions are read back to be shown and to be made again.
const DECISIONS: Kept = Kept::Days(30);
const ONE_DAY: Kept = Kept::Days(1);

/// What the rules depend on.
#[derive(Debug, Clone, Copy)]
struct Needs {
    /// How far back the rows lie that answers are made of, in microseconds.
    reach: i64,
    /// Whether state is kept in an object store too.
    objects: bool,
}

/// A retention under which state could not be made again.
#[derive(Debug, PartialEq, Eq)]
struct TooShort {
    topic: Topic,
    found: Kept,
    least: Kept,
    why: &'static str,
}

impl fmt::Display for TooShort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { topic, found, least, why } = self;
        let setting = topic.name().trim_start_matches("weir.").replace('-', "_");
        write!(f, "kafka.retention_days.{setting}: expected at least {least}, found {found}: {why}")
    }
}

/// Whether state can be made again from what the topics are configured to keep; if not, every setting that is in the way.
pub(crate) fn check(config: &Config, content: &Content) -> Result<(), String> {
    let Some(kafka) = &config.kafka else { return Ok(()) };
    let needs = Needs { reach: content.views.reach(), objects: config.objects.is_some() };
    let refused: Vec<String> = needs.refuse(&kafka.retention_days).iter().map(ToString::to_string).collect();
    if refused.is_empty() { Ok(()) } else { Err(refused.join("\n")) }
}

impl Needs {
    /// Every topic that would be kept for too short a time.
    fn refuse(self, retention: &RetentionDays) -> Vec<TooShort> {
        let too_short = |topic| {
            let (found, (least, why)) = (retention.of(topic), self.least(topic));
            (found < least).then_some(TooShort { topic, found, least, why })
        };
        Topic::ALL.into_iter().filter_map(too_short).collect()
    }

    fn least(self, topic: Topic) -> (Kept, &'static str) {
        match topic {
            Topic::Events if self.objects => {
                (self.reached(), "edited views are folded anew from it, as far as they reach")
            }
            Topic::Events => (Kept::Forever, "consents and repeats are made of all of it, and no [objects] keeps them"),
            Topic::EntityEvents => (self.reached(), "histories are folded anew from it, as far as the views reach"),
            Topic::Features => (OUTAGE, "what is not decided yet is lost with it"),
            Topic::Decisions => (DECISIONS, "decisions are read back from it"),
            Topic::DeadLetters | Topic::Intake => (ONE_DAY, "nothing is kept for less"),
        }
    }

    /// Days, and one for the topic's segments, whose newest record decides when they go.
    fn reached(self) -> Kept {
        Kept::Days(u32::try_from(self.reach / MICROS_PER_DAY + 2).unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(set: impl FnOnce(&mut RetentionDays), objects: bool) -> Vec<String> {
        let mut retention = RetentionDays::default();
        set(&mut retention);
        let needs = Needs { reach: 100 * MICROS_PER_DAY, objects };
        needs.refuse(&retention).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_default_retention_is_never_refused() {
        assert!(refused(|_| {}, false).is_empty() && refused(|_| {}, true).is_empty());
    }

    #[test]
    fn events_are_kept_forever_without_an_object_store() {
        let found = refused(|kept| kept.events = Kept::Days(5_000), false);
        let why = "consents and repeats are made of all of it, and no [objects] keeps them";
        assert_eq!(found, [format!("kafka.retention_days.events: expected at least forever, found 5000 days: {why}")]);
        assert!(refused(|kept| kept.events = Kept::Days(102), true).is_empty());
        assert_eq!(refused(|kept| kept.events = Kept::Days(101), true).len(), 1);
    }

    #[test]
    fn a_topic_is_kept_for_as_long_as_its_readers_reach_back() {
        for objects in [false, true] {
            let set = |kept: &mut RetentionDays| {
                (kept.entity_events, kept.features, kept.decisions) = (Kept::Days(101), Kept::Days(3), Kept::Days(29));
            };
            let found = refused(set, objects);
            let named = |setting: &str| found.iter().any(|line| line.starts_with(setting));
            assert_eq!(found.len(), 3, "{found:?}");
            assert!(named("kafka.retention_days.entity_events: expected at least 102 days"), "{found:?}");
            assert!(named("kafka.retention_days.features: expected at least 4 days, found 3 days"), "{found:?}");
            assert!(named("kafka.retention_days.decisions: expected at least 30 days"), "{found:?}");
        }
    }
}
