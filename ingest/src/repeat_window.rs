//! How long repeats of an event are recognised, and which events are too old to be told from one.

use weir_messages::{Event, EventTime, EventType, KnownTime, MICROS_PER_DAY};

use crate::refusal::Refusal;

/// Whole days of known time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RepeatWindow(u32);

impl RepeatWindow {
    pub const DEFAULT_DAYS: u32 = 30;
    pub const MAX_DAYS: u32 = 3_650;

    /// `None` unless `days` is 1 to `MAX_DAYS`.
    #[must_use]
    pub fn of_days(days: u32) -> Option<Self> {
        (1..=Self::MAX_DAYS).contains(&days).then_some(Self(days))
    }

    #[must_use]
    pub const fn days(self) -> u32 {
        self.0
    }

    #[must_use]
    pub fn micros(self) -> i64 {
        i64::from(self.0) * MICROS_PER_DAY
    }

    /// Refuses an event that happened so long before `now` that its first copy may be forgotten. Consents are taken
    /// however old they are: a repeat of one changes nothing.
    pub(crate) fn check(self, event: &Event, now: KnownTime) -> Result<(), Refusal> {
        let earliest = now.micros().saturating_sub(self.micros());
        if counts_once_by_itself(event.event_type) || event.time.micros() >= earliest {
            return Ok(());
        }
        Err(self.too_old())
    }

    pub(crate) fn too_old(self) -> Refusal {
        let reason = format!("expected at most {} days ago: older events cannot be told from repeats", self.0);
        Refusal::new("too_old", "time", reason)
    }
}

impl Default for RepeatWindow {
    fn default() -> Self {
        Self(Self::DEFAULT_DAYS)
    }
}

/// A fold that a repeat does not change needs no memory of repeats.
pub(crate) const fn counts_once_by_itself(event_type: EventType) -> bool {
    match event_type {
        EventType::ConsentGranted | EventType::ConsentWithdrawn => true,
        EventType::DeviceLogin
        | EventType::BehaviourForm
        | EventType::BehaviourClick
        | EventType::CarrierCall
        | EventType::CarrierIdentity
        | EventType::Application
        | EventType::LoanDisbursed
        | EventType::LoanRepaid
        | EventType::LoanClosed => false,
    }
}

/// Days since 1970.
pub(crate) fn day_of_known(time: KnownTime) -> u32 {
    day(time.micros())
}

/// Days since 1970.
pub(crate) fn day_of_event(time: EventTime) -> u32 {
    day(time.micros())
}

fn day(micros: i64) -> u32 {
    u32::try_from(micros.div_euclid(MICROS_PER_DAY)).unwrap_or_default()
}
