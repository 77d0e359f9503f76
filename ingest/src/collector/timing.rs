//! Event time at intake: corrected by the producer's clock, never after the time it became known.

use weir_messages::{EventTime, KnownTime};

use crate::refusal::Refusal;

/// A clock may be this much ahead, in microseconds.
const MOST_AHEAD: i64 = 5 * 60 * 1_000_000;

/// The time an event goes on with, and the producer's own where that is another.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Timing {
    pub(super) time: EventTime,
    pub(super) original: Option<EventTime>,
}

impl Timing {
    /// `sent` is when the event was sent, by the clock that `time` is by: what that clock is off by, the time is.
    pub(super) fn of(time: Option<EventTime>, sent: Option<EventTime>, known: KnownTime) -> Result<Self, Refusal> {
        for (field, given) in [("time", time), ("sentat", sent)] {
            if given.is_some_and(|given| given.micros() < 0) {
                return Err(Refusal::invalid(field, "expected a time from 1970 on"));
            }
        }
        let Some(original) = time else { return Ok(Self { time: known.as_event(), original: None }) };
        let correction = sent.map_or(0, |sent| known.micros() - sent.micros());
        let corrected = original.micros().saturating_add(correction);
        if corrected.saturating_sub(known.micros()) > MOST_AHEAD {
            return Err(Refusal::new(
                "time_ahead",
                "time",
                "expected at most 5 minutes ahead of the collector's clock",
            ));
        }
        let time = EventTime::from_micros(corrected.clamp(0, known.micros()));
        Ok(Self { time, original: (time != original).then_some(original) })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KNOWN: i64 = 1_000_000_000_000;

    fn of(time: Option<i64>, sent: Option<i64>) -> Result<(i64, Option<i64>), &'static str> {
        let event = |micros: Option<i64>| micros.map(EventTime::from_micros);
        let timing = Timing::of(event(time), event(sent), KnownTime::from_micros(KNOWN)).map_err(|error| error.code)?;
        Ok((timing.time.micros(), timing.original.map(EventTime::micros)))
    }

    #[test]
    fn an_absent_time_is_the_known_one_and_a_past_one_stays() {
        assert_eq!(of(None, None), Ok((KNOWN, None)));
        assert_eq!(of(None, Some(5)), Ok((KNOWN, None)));
        assert_eq!(of(Some(KNOWN - 7), None), Ok((KNOWN - 7, None)));
    }

    #[test]
    fn a_time_is_corrected_by_what_the_producers_clock_is_off_by() {
        assert_eq!(of(Some(500), Some(900)), Ok((KNOWN - 400, Some(500))));
        let ahead = KNOWN + 3_600_000_000;
        assert_eq!(of(Some(ahead - 10), Some(ahead)), Ok((KNOWN - 10, Some(ahead - 10))));
    }

    #[test]
    fn a_time_ahead_is_clamped_up_to_five_minutes_and_refused_beyond() {
        assert_eq!(of(Some(KNOWN + MOST_AHEAD), None), Ok((KNOWN, Some(KNOWN + MOST_AHEAD))));
        assert_eq!(of(Some(KNOWN + MOST_AHEAD + 1), None), Err("time_ahead"));
        assert_eq!(of(Some(i64::MAX), None), Err("time_ahead"));
    }

    #[test]
    fn a_time_before_1970_is_refused() {
        assert_eq!(of(Some(-1), None), Err("invalid_field"));
        assert_eq!(of(Some(1), Some(i64::MIN)), Err("invalid_field"));
    }

    proptest! {
        #[test]
        fn no_event_is_later_than_it_was_known(time in any::<i64>(), sent in any::<Option<i64>>()) {
            if let Ok((taken, original)) = of(Some(time), sent) {
                prop_assert!((0..=KNOWN).contains(&taken));
                prop_assert_eq!(original.unwrap_or(taken), time);
            }
        }
    }
}
