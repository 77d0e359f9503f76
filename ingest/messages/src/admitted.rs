//! An event that the first stage let through: well formed, once, and under live consent where it is sensitive.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::Event;

/// What later stages fold.
#[derive(Debug, Clone)]
pub struct Admitted {
    pub event: Event,
    /// Consent classes of the event's customer that were live at this point of the log.
    pub consents: Arc<BTreeSet<String>>,
}
