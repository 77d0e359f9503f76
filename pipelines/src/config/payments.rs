//! Where money is paid out.

use std::time::Duration;

use reqwest::Url;
use serde::{Deserialize, Serialize};
use weir_ingest::secret::Secret;

use super::transport::is_loopback;
use super::{ConfigError, field};

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Payments {
    /// Base address of the payment channel.
    pub url: String,
    /// Shared secret that signs requests.
    pub secret: Secret,
    /// After this long without an answer a payout's outcome is unknown, in milliseconds.
    #[serde(default = "Payments::two_seconds")]
    pub timeout_ms: u64,
    /// Takes an `http://` address beyond this machine: card numbers and amounts then cross the network in clear.
    #[serde(default)]
    pub allow_http: bool,
}

impl Payments {
    const fn two_seconds() -> u64 {
        2_000
    }

    #[must_use]
    pub const fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if self.timeout_ms == 0 {
            return Err(field("payments.timeout_ms", "expected at least 1, found 0"));
        }
        let url: Url = self.url.parse().map_err(|error| field("payments.url", format!("expected a URL: {error}")))?;
        match url.scheme() {
            "https" => Ok(()),
            "http" if self.allow_http || url.host_str().is_some_and(is_loopback) => Ok(()),
            "http" => Err(field(
                "payments.url",
                "expected https:// beyond this machine, as card numbers go there, found http://; payments.allow_http = true \
                 takes it all the same",
            )),
            other => Err(field("payments.url", format!("expected https://, found {other}://"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(text: &str) -> Result<(), String> {
        let payments: Payments = toml::from_str(&format!("secret = 's'\n{text}")).unwrap();
        payments.check().map_err(|error| error.to_string())
    }

    #[test]
    fn money_goes_over_https_or_stays_on_this_machine() {
        for good in [
            "url = 'https://channel.example'",
            "url = 'http://127.0.0.1:8090'",
            "url = 'http://[::1]:8090'",
            "url = 'http://localhost:8090'",
            "url = 'http://payments:8090'\nallow_http = true",
        ] {
            assert_eq!(checked(good), Ok(()), "{good}");
        }
        for (wrong, said) in [
            ("url = 'http://payments:8090'", "payments.url: expected https:// beyond this machine"),
            ("url = 'http://127.0.0.1.example'", "payments.url: expected https:// beyond this machine"),
            ("url = 'ftp://channel'", "payments.url: expected https://, found ftp://"),
            ("url = 'channel'", "payments.url: expected a URL"),
            ("url = 'https://channel'\ntimeout_ms = 0", "payments.timeout_ms: expected at least 1, found 0"),
        ] {
            assert!(checked(wrong).unwrap_err().starts_with(said), "{wrong}");
        }
    }
}
