//! Consents as sent.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::events::ConsentGranted;
use crate::{DecodeError, EventTime};

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
    /// Refused where no event could name it, by what an event may say in `consentid`.
    pub fn to_log(self) -> Result<ConsentGranted, DecodeError> {
        let Self { consent, classes, text_version, expires } = self;
        if !(1..=256).contains(&consent.chars().count()) || consent.contains(char::is_control) {
            let reason = "expected 1 to 256 characters, and no control characters".to_owned();
            return Err(DecodeError::Field { field: "data.consent".to_owned(), reason });
        }
        Ok(ConsentGranted { consent, classes, text_version, expires })
    }
}
