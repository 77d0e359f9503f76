//! Carrier events. All are of the sensitive consent class `carrier`; counterparts come in pseudonymised.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One call or message record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CarrierCall {
    /// Token of the pseudonym under which the producer knows the counterpart.
    pub contact: String,
    pub direction: CallDirection,
    /// Zero for a message.
    pub duration_s: u32,
    pub message: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CallDirection {
    Incoming,
    Outgoing,
}

/// The carrier's answer whether name, id number and phone belong together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CarrierIdentity {
    /// Token of the phone number that was asked about.
    pub phone: String,
    pub answer: IdentityAnswer,
    pub carrier: String,
    /// Whole months the number has been in use, where the carrier says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub months_in_use: Option<u16>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum IdentityAnswer {
    Match,
    Mismatch,
    Uncertain,
    Failed,
}
