//! Consent events. A consent covers classes of data, from its event on, until it is withdrawn or runs out.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::EventTime;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsentGranted {
    pub consent: String,
    /// Consent classes as feature views name them: `device`, `behaviour`, `carrier`, ….
    pub classes: Vec<String>,
    /// Version of the text that was shown.
    pub text_version: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<EventTime>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsentWithdrawn {
    pub consent: String,
}
