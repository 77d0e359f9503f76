//! Named places where a test can end the process at once, as `kill -9` would: `WEIR_FAIL_AT=published` or
//! `WEIR_FAIL_AT=published:3` for the third time it is passed. Nothing happens unless it is asked for.

use std::sync::atomic::{AtomicU32, Ordering};

/// Every place there is, in the order in which a batch passes them.
pub const PLACES: [&str; 6] = ["events_appended", "folded", "published", "saved", "commit_done", "outbox_published"];

#[derive(Debug, Default)]
pub(crate) struct FailPoint {
    armed: Option<(String, AtomicU32)>,
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("WEIR_FAIL_AT: expected one of {PLACES:?}, perhaps with `:<count>`, found `{0}`")]
pub(crate) struct UnknownPlace(String);

impl FailPoint {
    /// From the value of `WEIR_FAIL_AT`.
    pub(crate) fn parse(text: Option<&str>) -> Result<Self, UnknownPlace> {
        let Some(text) = text else { return Ok(Self::default()) };
        let (place, count) = text.split_once(':').unwrap_or((text, "1"));
        match count.parse() {
            Ok(count) if PLACES.contains(&place) && count > 0 => {
                Ok(Self { armed: Some((place.to_owned(), AtomicU32::new(count))) })
            }
            _ => Err(UnknownPlace(text.to_owned())),
        }
    }

    /// Aborts the process if this is the armed place, passed for the armed time.
    pub(crate) fn pass(&self, place: &'static str) {
        debug_assert!(PLACES.contains(&place), "{place} is not listed");
        if let Some((armed, left)) = &self.armed
            && armed == place
            && left.fetch_sub(1, Ordering::SeqCst) == 1
        {
            tracing::error!(place, "fail point reached: aborting");
            std::process::abort();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_that_does_not_exist_is_refused() {
        assert!(FailPoint::parse(Some("nowhere")).is_err());
        assert!(FailPoint::parse(Some("published:0")).is_err());
        assert!(FailPoint::parse(Some("published:3")).is_ok());
    }
}
