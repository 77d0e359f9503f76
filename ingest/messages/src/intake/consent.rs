//! Consents as sent.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::EventTime;
use crate::events::ConsentGranted;

/// A consent. Field meanings as in `events::ConsentGranted`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsentGrantedIntake {
    pub consent: String,
    /// Consent classes as feature views name them: `device`, `behaviour`, `carrier`, ….
    pub classes: Vec<String>,
    /// Version of the text that was shown.
    pub text_version: String,
    /// RFC 3339; absent or null means that it does not run out.
    #[serde(default, deserialize_with = "EventTime::from_rfc3339")]
    #[schemars(schema_with = "EventTime::rfc3339_schema")]
    pub expires: Option<EventTime>,
}

impl ConsentGrantedIntake {
    #[must_use]
    pub fn to_log(self) -> ConsentGranted {
        let Self { consent, classes, text_version, expires } = self;
        ConsentGranted { consent, classes, text_version, expires }
    }
}
