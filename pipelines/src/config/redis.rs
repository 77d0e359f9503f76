//! Where other readers find the latest feature values.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use weir_features::RedisSettings;
use weir_messages::Causes;

use super::{ConfigError, DatabaseUrl, field};

const MOST_DAYS: u32 = 3_650;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redis {
    /// `redis://user:password@host:6379/database`
    pub url: DatabaseUrl,
    /// A customer's values are gone so long after the last application.
    #[serde(default = "Redis::thirty_days")]
    pub expiry_days: u32,
}

impl Redis {
    const fn thirty_days() -> u32 {
        30
    }

    pub(crate) fn settings(&self) -> Result<RedisSettings, ConfigError> {
        if !(1..=MOST_DAYS).contains(&self.expiry_days) {
            let reason = format!("expected 1 to {MOST_DAYS}, found {}", self.expiry_days);
            return Err(field("redis.expiry_days", reason));
        }
        let expiry = Duration::from_secs(u64::from(self.expiry_days) * 86_400);
        RedisSettings::new(self.url.exposed(), expiry).map_err(|error| field("redis.url", Causes(&error).to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Redis {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn a_wrong_value_is_named_and_no_password_repeated() {
        for (text, said) in [
            ("url = 'http://:s3cret@host'", "redis.url: expected redis://"),
            ("url = 'rediss://:s3cret@host'", "redis.url: expected redis://"),
            ("url = 'redis://:s3cret@host'\nexpiry_days = 0", "redis.expiry_days: expected 1 to 3650, found 0"),
        ] {
            let error = read(text).settings().unwrap_err().to_string();
            assert!(error.starts_with(said) && !error.contains("s3cret"), "{text}: {error}");
        }
    }

    #[test]
    fn a_password_is_shown_as_stars() {
        let redis = read("url = 'redis://:s3cret@host:6379/1'");
        assert!(redis.settings().is_ok() && redis.expiry_days == 30);
        let printed = toml::to_string(&redis).unwrap();
        assert!(printed.contains("redis://:********@host:6379/1"), "{printed}");
        assert!(!format!("{redis:?}").contains("s3cret"));
    }
}
