//! Where Redis is, and how long values stand there.

use std::time::Duration;

use redis::{Client, RedisError};

/// Reads and checks alone: nothing is connected.
#[derive(Debug, Clone)]
pub struct RedisSettings {
    pub(super) client: Client,
    pub(super) expiry: Duration,
}

/// Never repeats the address, which may hold a password.
#[derive(Debug, thiserror::Error)]
#[error("expected redis://user:password@host:6379/database, found something else")]
pub struct InvalidRedis(#[source] RedisError);

impl RedisSettings {
    /// Values of a customer who does not apply again are gone after `expiry`, in whole seconds.
    pub fn new(url: &str, expiry: Duration) -> Result<Self, InvalidRedis> {
        let client = Client::open(url).map_err(InvalidRedis)?;
        Ok(Self { client, expiry })
    }
}

#[cfg(test)]
mod tests {
    use weir_messages::Causes;

    use super::*;

    #[test]
    fn an_address_that_is_none_is_refused_and_no_password_repeated() {
        for url in ["", "127.0.0.1:6379", "http://:s3cret@host", "redis://:s3cret@host/first", "rediss://:s3cret@host"]
        {
            let error = RedisSettings::new(url, Duration::from_secs(1)).unwrap_err();
            let told = Causes(&error).to_string();
            assert!(told.starts_with("expected redis://") && !told.contains("s3cret"), "{url}: {told}");
        }
        let settings = RedisSettings::new("redis://:s3cret@host:6380/2", Duration::from_secs(1)).unwrap();
        assert!(!format!("{settings:?}").contains("s3cret"), "{settings:?}");
    }
}
