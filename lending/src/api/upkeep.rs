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

impl Lending {
    /// Until the task is aborted.
    pub(super) async fn keep_up(self) {
        self.warn_of_missing_products().await;
        let mut look = tokio::time::interval(LOOK_EVERY);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut verified_at = self.now();
        loop {
            look.tick().await;
            if !*self.turn.borrow() {
                continue;
            }
            let (retried, forgotten) = (self.retry_due().await.map(drop), self.forget_answers().await);
            warn("parked items are tried again later", retried);
            warn("old answers are forgotten later", forgotten);
            let every = i64::from(self.upkeep.verify_hours) * HOUR;
            if every > 0 && self.now().micros() - verified_at.micros() >= every {
                verified_at = self.now();
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
