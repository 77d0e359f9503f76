//! Where time comes from. The system clock is read here and nowhere else.

use std::fmt::Debug;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crate::KnownTime;

pub trait Clock: Send + Sync + Debug {
    fn now(&self) -> KnownTime;
}

#[derive(Debug, Default, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "this is the clock")]
    fn now(&self) -> KnownTime {
        KnownTime::from_micros(chrono::Utc::now().timestamp_micros())
    }
}

/// A clock that stands still until it is moved, and only ever moves forward.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    #[must_use]
    pub fn starting_at(start: KnownTime) -> Self {
        Self(AtomicI64::new(start.micros()))
    }

    /// Moves to `to` unless the clock is already past it; returns the time it now shows.
    pub fn move_to(&self, to: KnownTime) -> KnownTime {
        let before = self.0.fetch_max(to.micros(), Ordering::SeqCst);
        KnownTime::from_micros(before.max(to.micros()))
    }

    pub fn advance(&self, by: Duration) -> KnownTime {
        let by = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        KnownTime::from_micros(self.0.fetch_add(by, Ordering::SeqCst) + by)
    }
}

impl Clock for ManualClock {
    fn now(&self) -> KnownTime {
        KnownTime::from_micros(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_never_goes_back() {
        let clock = ManualClock::starting_at(KnownTime::from_micros(10));
        assert_eq!(clock.move_to(KnownTime::from_micros(5)), KnownTime::from_micros(10));
        assert_eq!(clock.advance(Duration::from_micros(3)), KnownTime::from_micros(13));
        assert_eq!(clock.now(), KnownTime::from_micros(13));
    }
}
