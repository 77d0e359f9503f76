//! Behaviour events: how a form was filled in and what was tapped. No contents of fields.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One form, from first focus to sending.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BehaviourForm {
    pub form: String,
    /// Token of the device it was filled in on, where the SDK knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// Time from first focus to sending, in milliseconds.
    pub fill_ms: u32,
    pub fields: u16,
    pub keystrokes: u32,
    pub pastes: u16,
    pub corrections: u16,
    /// Sample standard deviation of the time between keystrokes, in milliseconds; null below two intervals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rhythm_ms: Option<f64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BehaviourClick {
    pub screen: String,
    pub target: String,
    /// Time on the screen before the tap, in milliseconds.
    pub dwell_ms: u32,
}
