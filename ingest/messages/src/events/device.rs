//! Device events.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A log-in, with what the device said of itself. Equality of `device` is evidence, never proof of one device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeviceLogin {
    /// Token of the device id.
    pub device: String,
    /// Token of the whole address.
    pub ip: String,
    /// Network of the address: /24 for IPv4, /48 for IPv6.
    pub ip_net: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imei: Option<String>,
    pub os: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub os_version: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_version: Option<String>,
    /// Risk tags; null where the SDK could not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emulator: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rooted: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hooked: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cloned: Option<bool>,
    /// Device clock less collector clock, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_skew_ms: Option<i64>,
}
