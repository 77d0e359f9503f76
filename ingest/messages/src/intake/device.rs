//! Device events as sent.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::Deserialize;

use super::token;
use crate::DecodeError;
use crate::events::DeviceLogin;
use crate::privacy::{Clear, Identifier, Tokenizer};

/// A log-in, with what the device says of itself. Field meanings as in `events::DeviceLogin`.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeviceLoginIntake {
    pub device: Clear,
    pub ip: Clear,
    pub imei: Option<Clear>,
    pub os: String,
    pub os_version: Option<String>,
    pub model: Option<String>,
    pub app_version: Option<String>,
    pub emulator: Option<bool>,
    pub rooted: Option<bool>,
    pub hooked: Option<bool>,
    pub cloned: Option<bool>,
    pub clock_skew_ms: Option<i64>,
}

impl DeviceLoginIntake {
    pub fn to_log(self, tokens: &Tokenizer) -> Result<DeviceLogin, DecodeError> {
        let imei = self.imei.map(|imei| token(tokens, "imei", Identifier::Imei, &imei));
        let ip = token(tokens, "ip", Identifier::Ip, &self.ip)?;
        let address: IpAddr = self.ip.expose().trim().parse().expect("an address: its token is made");
        Ok(DeviceLogin {
            device: token(tokens, "device", Identifier::Device, &self.device)?,
            ip,
            ip_net: network(address.to_canonical()),
            imei: imei.transpose()?,
            os: self.os,
            os_version: self.os_version,
            model: self.model,
            app_version: self.app_version,
            emulator: self.emulator,
            rooted: self.rooted,
            hooked: self.hooked,
            cloned: self.cloned,
            clock_skew_ms: self.clock_skew_ms,
        })
    }
}

/// /24 of an IPv4 address, /48 of an IPv6 one.
fn network(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, c, _] = ip.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(ip) => {
            let [a, b, c, ..] = ip.segments();
            format!("{a:x}:{b:x}:{c:x}::/48")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_hides_the_host() {
        assert_eq!(network("203.0.113.77".parse().unwrap()), "203.0.113.0/24");
        assert_eq!(network("2001:db8:1:2::3".parse().unwrap()), "2001:db8:1::/48");
    }
}
