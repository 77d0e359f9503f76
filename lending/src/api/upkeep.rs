//! Work that comes round by itself: parked items are tried again, old answers are forgotten, the books are verified. Of
//! all processes on one database the one that relays does it.

use std::time::Duration;

use weir_messages::{Causes, KnownTime, MICROS_PER_DAY, TraceId};

use super::{Lending, LendingError};
use crate::store::Commit;

const LOOK_EVERY: Duration = Duration::from_secs(60);
/// Commits that forget answers at one look, of a thousand answers each.
const MAX_SLICES: u32 = 60;
const HOUR: i64 = MICROS_PER_DAY / 24;
/// From a start to its first verification of the books, also of a process that is started anew every day.
const FIRST_VERIFICATION: i64 = HOUR / 6;

/// How often, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Upkeep {
    /// For so long a repeat under an idempotency key gets the first answer. After it the key is new.
    pub answer_days: u32,
    /// From one verification of the books to the next; 0 is never.
    pub verify_hours: u32,
}

impl Default for Upkeep {
    fn default() -> Self {
        Self { answer_days: 30, verify_hours: 24 }
    }
}

impl Upkeep {
    /// The last verification was at `verified`, by this process.
    fn is_verification_due(self, started: KnownTime, verified: Option<KnownTime>, now: KnownTime) -> bool {
        let every = i64::from(self.verify_hours) * HOUR;
        let (since, wait) = match verified {
            None => (started, every.min(FIRST_VERIFICATION)),
            Some(verified) => (verified, every),
        };
        every > 0 && now.micros().saturating_sub(since.micros()) >= wait
    }
}

impl Lending {
    /// Until the task is aborted.
    pub(super) async fn keep_up(self) {
        self.warn_of_missing_products().await;
        let mut look = tokio::time::interval(LOOK_EVERY);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let (started, mut verified_at) = (self.now(), None);
        loop {
            look.tick().await;
            if !*self.turn.borrow() {
                continue;
            }
            let (retried, forgotten) = (self.retry_due().await.map(drop), self.forget_answers().await);
            warn("parked items are tried again later", retried);
            warn("old answers are forgotten later", forgotten);
            if self.upkeep.is_verification_due(started, verified_at, self.now()) {
                verified_at = Some(self.now());
                warn("the books are verified later", self.verify_books().await.map(drop));
            }
        }
    }

    /// Forgets answers whose days are over, as many as one look takes.
    pub async fn forget_answers(&self) -> Result<(), LendingError> {
        let kept = i64::from(self.upkeep.answer_days) * MICROS_PER_DAY;
        let before = KnownTime::from_micros(self.now().micros().saturating_sub(kept));
        for _ in 0..MAX_SLICES {
            if !self.store.has_answers_before(before).await? {
                break;
            }
            let commit = Commit { forget_answers: Some(before), ..Commit::empty(self.now(), TraceId::random()) };
            self.store.commit(commit).await?;
        }
        Ok(())
    }
}

fn warn(what: &str, result: Result<(), LendingError>) {
    if let Err(error) = result {
        tracing::warn!(error = %Causes(&error), "{what}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_books_are_verified_soon_after_a_start_and_then_as_often_as_is_said() {
        let at = |minutes: i64| KnownTime::from_micros(minutes * HOUR / 60);
        let due = |verify_hours, verified: Option<i64>, now| {
            let upkeep = Upkeep { verify_hours, ..Upkeep::default() };
            upkeep.is_verification_due(at(100), verified.map(at), at(now))
        };
        assert_eq!([due(24, None, 109), due(24, None, 110)], [false, true]);
        assert_eq!([due(24, Some(110), 110 + 24 * 60 - 1), due(24, Some(110), 110 + 24 * 60)], [false, true]);
        assert!(!due(0, None, 1_000_000));
    }
}
