//! How much may be waited for, held and remembered.

use serde::{Deserialize, Serialize};
use weir_features::DEFAULT_PART_WAIT_SECONDS;
use weir_ingest::RepeatWindow;
use weir_ingest::collector::EARLIEST;
use weir_ingest::log::Retention;
use weir_messages::EventTime;

use super::{ConfigError, field};

/// Days that events are kept beyond those for which their repeats are recognised.
const BEYOND_REPEATS: u32 = 2;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Records that the fold may be behind the log before intake refuses more, with `Retry-After`.
    pub max_lag: u64,
    /// How often the stages' state is saved, in milliseconds: a restart folds at most so much again.
    pub save_every_ms: u64,
    /// Threads that fold customers' partitions, and as many that fold entities'. On Kafka alone: the embedded log has one.
    pub fold_threads: u16,
    /// Days for which repeats of an event are recognised, 1 to 3,650. An event that happened earlier is refused.
    pub repeat_days: u32,
    /// When the earliest event may have happened, RFC 3339. What says it was before is refused: its clock was never set, or
    /// its time is in another unit.
    pub earliest_event: EventTime,
    /// How long an application waits for a part of its vector, in seconds between the times at which applications became
    /// known. Then it goes on without the part, which the decision names. On Kafka alone.
    pub part_wait_seconds: u32,
    /// Room on the disk of the data folder, in 2^20 bytes, below which telemetry and applications are refused and
    /// readiness says so: before writes fail. 0 is none.
    pub min_free_mebibytes: u64,
    /// Whether a fold whose state was lost goes on where the log no longer keeps all that it is made of. What is gone is
    /// then missing from every answer: consents, repeats and histories before the first record that is kept.
    pub rebuild_from_kept: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_lag: 200_000,
            save_every_ms: 2_000,
            fold_threads: 2,
            repeat_days: RepeatWindow::DEFAULT_DAYS,
            earliest_event: EARLIEST,
            part_wait_seconds: DEFAULT_PART_WAIT_SECONDS,
            min_free_mebibytes: 256,
            rebuild_from_kept: false,
        }
    }
}

impl Limits {
    pub(crate) fn repeat_window(&self) -> Result<RepeatWindow, ConfigError> {
        let (days, most) = (self.repeat_days, RepeatWindow::MAX_DAYS);
        let reason = || format!("expected 1 to {most}, found {days}");
        RepeatWindow::of_days(days).ok_or_else(|| field("limits.repeat_days", reason()))
    }

    pub(super) fn check(&self, retention: &Retention) -> Result<(), ConfigError> {
        let least = self.repeat_window()?.days().saturating_add(BEYOND_REPEATS);
        match retention.events.days {
            Some(days) if days.get() < least => {
                let reason = format!(
                    "expected at least {least}, {BEYOND_REPEATS} more than limits.repeat_days, found {days}: state that is \
                     folded anew would not know all the ids that may come again"
                );
                Err(field("retention.events.days", reason))
            }
            Some(_) | None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_out_of_range_is_named() {
        for (text, said) in [
            ("repeat_days = 0", "limits.repeat_days: expected 1 to 3650, found 0"),
            ("repeat_days = 3651", "limits.repeat_days: expected 1 to 3650, found 3651"),
        ] {
            let limits: Limits = toml::from_str(text).unwrap();
            assert_eq!(limits.repeat_window().unwrap_err().to_string(), said);
        }
        let short: Retention = toml::from_str("events = { days = 31 }").unwrap();
        let error = Limits::default().check(&short).unwrap_err().to_string();
        assert!(error.starts_with("retention.events.days: expected at least 32"), "{error}");
        assert!(toml::from_str::<Retention>("events = { days = 0 }").is_err());
        assert_eq!(Limits::default().repeat_window().unwrap().days(), 30);
    }
}
