//! How long the log keeps what: the oldest records of a topic go by their known time or by their number of bytes, and none
//! that is still needed.

use std::num::{NonZeroU32, NonZeroU64};

use serde::{Deserialize, Serialize};
use weir_messages::{Decision, KnownTime, MICROS_PER_DAY, Record, Topic};

use super::EmbeddedLog;
use crate::log::LogError;

/// Records looked at before others get a turn.
const MAX_TRIM_PAGE: usize = 1_000;
/// Records at each end of a topic whose mean size stands for all of them.
const SAMPLE: usize = 200;

/// The `[retention]` part of the configuration. Topics on Kafka have a retention of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    pub events: TopicRetention,
    pub decisions: TopicRetention,
    pub dead_letters: TopicRetention,
}

/// Whatever comes first ends a record; where neither is said it is kept for ever.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TopicRetention {
    /// Days since it became known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days: Option<NonZeroU32>,
    /// Of records before compression, in 2^20 bytes; about that, as sizes are sampled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mebibytes: Option<NonZeroU64>,
}

impl Default for Retention {
    fn default() -> Self {
        let (events, decisions) = (TopicRetention::default(), TopicRetention::default());
        Self { events, decisions, dead_letters: TopicRetention { days: NonZeroU32::new(90), mebibytes: None } }
    }
}

impl Retention {
    /// Of the topics that the embedded log has records of; the others keep what they get.
    #[must_use]
    pub fn of(&self, topic: Topic) -> TopicRetention {
        match topic {
            Topic::Events => self.events,
            Topic::Decisions => self.decisions,
            Topic::DeadLetters => self.dead_letters,
            Topic::Intake | Topic::EntityEvents | Topic::Features => TopicRetention::default(),
        }
    }
}

impl EmbeddedLog {
    /// Removes the oldest records of `topic` that `retention` ends at `now`, and none from `needed` on. Answers the first
    /// offset that is kept. Blocking, for as long as there is something to remove.
    pub fn retain(
        &self,
        topic: Topic,
        retention: TopicRetention,
        now: KnownTime,
        needed: u64,
    ) -> Result<u64, LogError> {
        let by_bytes = match retention.mebibytes {
            Some(mebibytes) => self.beyond(topic, mebibytes.get() << 20)?,
            None => 0,
        };
        let by_days = match retention.days {
            Some(days) => {
                self.older(topic, now.micros().saturating_sub(i64::from(days.get()) * MICROS_PER_DAY), needed)?
            }
            None => 0,
        };
        self.trim(topic, by_bytes.max(by_days).min(needed))?;
        Ok(self.rows.get(topic).start())
    }

    /// Keeps no record of `topic` before the offset `before`. Blocking.
    pub fn trim(&self, topic: Topic, before: u64) -> Result<(), LogError> {
        let end = *self.ends.get(topic).borrow();
        self.rows.get(topic).trim(&self.database, before.min(end))
    }

    /// Bytes that `topic` takes on the disk, beside a journal that all topics share.
    #[must_use]
    pub fn disk_space(&self, topic: Topic) -> u64 {
        self.rows.get(topic).disk_space()
    }

    /// Behind the last of the records before `needed` that became known before `cut`, without gaps: a record whose time
    /// does not read goes with those behind it.
    fn older(&self, topic: Topic, cut: i64, needed: u64) -> Result<u64, LogError> {
        let rows = self.rows.get(topic);
        let (mut from, mut before) = (rows.start(), rows.start());
        while from < needed {
            let page = rows.read(from, MAX_TRIM_PAGE, needed)?;
            let Some(last) = page.last() else { break };
            from = last.position.offset + 1;
            for entry in &page {
                match known_time(topic, &entry.record) {
                    Some(time) if time.micros() >= cut => return Ok(before),
                    Some(_) => before = entry.position.offset + 1,
                    None => {}
                }
            }
        }
        Ok(before)
    }

    /// The offset from which on about `most` bytes are kept.
    fn beyond(&self, topic: Topic, most: u64) -> Result<u64, LogError> {
        let (rows, end) = (self.rows.get(topic), *self.ends.get(topic).borrow());
        let newest = end.saturating_sub(SAMPLE as u64).max(rows.start());
        let mut sizes = rows.sizes(rows.start(), SAMPLE)?;
        sizes.extend(rows.sizes(newest, SAMPLE)?);
        let (sum, count) = (sizes.iter().sum::<u64>(), sizes.len() as u64);
        if sum == 0 {
            return Ok(0);
        }
        let kept = u128::from(most) * u128::from(count) / u128::from(sum);
        Ok(end.saturating_sub(u64::try_from(kept).unwrap_or(u64::MAX)))
    }
}

/// When a record became known; `None` where it does not say so.
fn known_time(topic: Topic, record: &Record) -> Option<KnownTime> {
    let header = |name| record.header(name).and_then(|text| KnownTime::parse(text).ok());
    match topic {
        Topic::Events | Topic::EntityEvents => header("ce_knowntime"),
        Topic::DeadLetters => header("knowntime"),
        Topic::Decisions => {
            let decision: Decision = weir_messages::decode_json(&record.value).ok()?;
            Some(decision.vector.known_time)
        }
        Topic::Intake | Topic::Features => None,
    }
}
