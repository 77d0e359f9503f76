//! Where the brokers are and how they are spoken to: the `[kafka]` part of the configuration.

use std::path::PathBuf;
use std::time::Duration;

use rdkafka::ClientConfig;
use serde::{Deserialize, Serialize};
use weir_messages::Topic;

use super::client::ANSWER;
use super::topics::RetentionDays;
use crate::secret::Secret;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KafkaSettings {
    /// `host:port` of some brokers, separated by commas; the others are learnt from them.
    pub brokers: String,
    /// Before the name of each topic and group, for installations that share brokers.
    #[serde(default)]
    pub prefix: String,
    /// Copies of each partition of a topic that is created; the brokers' own default where it is absent.
    #[serde(default)]
    pub replication: Option<u16>,
    #[serde(default)]
    pub security: Option<Security>,
    /// How long an append waits for its acknowledgement, in milliseconds.
    #[serde(default = "KafkaSettings::ten_seconds")]
    pub append_timeout_ms: u32,
    /// A group gives a member up that was silent for so long, in milliseconds: from 6 s to half an hour, as brokers
    /// take them, and no longer than `max_poll_interval_ms`.
    #[serde(default = "KafkaSettings::ten_seconds")]
    pub session_timeout_ms: u32,
    /// A group gives a member up that worked on one batch, or took a partition over, for so long, in milliseconds. At
    /// least three times what one such step may wait for: `append_timeout_ms`, and the 10 s that a broker may take to
    /// answer.
    #[serde(default = "KafkaSettings::one_minute")]
    pub max_poll_interval_ms: u32,
    /// How long each topic keeps its records.
    #[serde(default)]
    pub retention_days: RetentionDays,
}

/// Milliseconds of a session that brokers take, unless they are configured otherwise.
const SESSIONS: std::ops::RangeInclusive<u32> = 6_000..=1_800_000;
/// A member that waits for one answer as long as it may is still far from being given up.
const STEPS_IN_A_POLL_INTERVAL: u32 = 3;

/// A limit that does not fit the others.
#[derive(Debug, thiserror::Error)]
#[error("kafka.{setting}: expected {expected}, found {found}")]
pub struct UnfitLimit {
    pub setting: &'static str,
    pub expected: String,
    /// In milliseconds.
    pub found: u32,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Security {
    pub tls: bool,
    /// Who is trusted to have signed the brokers' certificates, as PEM; the system's own where it is absent.
    pub ca_file: Option<PathBuf>,
    pub sasl: Option<Sasl>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sasl {
    pub mechanism: Mechanism,
    pub user: String,
    pub password: Secret,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mechanism {
    #[serde(rename = "PLAIN")]
    Plain,
    #[serde(rename = "SCRAM-SHA-256")]
    ScramSha256,
    #[serde(rename = "SCRAM-SHA-512")]
    ScramSha512,
}

impl KafkaSettings {
    /// Without encryption, and everything else as it is by default.
    #[must_use]
    pub fn plain(brokers: impl Into<String>) -> Self {
        Self {
            brokers: brokers.into(),
            prefix: String::new(),
            replication: None,
            security: None,
            append_timeout_ms: Self::ten_seconds(),
            session_timeout_ms: Self::ten_seconds(),
            max_poll_interval_ms: Self::one_minute(),
            retention_days: RetentionDays::default(),
        }
    }

    /// Whether the limits fit each other and what brokers take.
    pub fn check(&self) -> Result<(), UnfitLimit> {
        let unfit = |setting, expected, found| Err(UnfitLimit { setting, expected, found });
        let (session, poll) = (self.session_timeout_ms, self.max_poll_interval_ms);
        if !SESSIONS.contains(&session) {
            let expected = format!("from {} to {}, as brokers take it", SESSIONS.start(), SESSIONS.end());
            return unfit("session_timeout_ms", expected, session);
        }
        if session > poll {
            return unfit("session_timeout_ms", format!("at most max_poll_interval_ms, {poll}"), session);
        }
        let step = self.append_timeout().max(ANSWER);
        let least = u32::try_from(step.as_millis()).unwrap_or(u32::MAX).saturating_mul(STEPS_IN_A_POLL_INTERVAL);
        if poll < least {
            let expected = format!("at least {least}, {STEPS_IN_A_POLL_INTERVAL} times what one step may wait for");
            return unfit("max_poll_interval_ms", expected, poll);
        }
        Ok(())
    }

    /// A topic as the brokers know it.
    #[must_use]
    pub fn topic(&self, topic: Topic) -> String {
        format!("{}{topic}", self.prefix)
    }

    /// A consumer group as the brokers know it.
    #[must_use]
    pub fn group(&self, group: &str) -> String {
        format!("{}{group}", self.prefix)
    }

    pub(super) const fn append_timeout(&self) -> Duration {
        Duration::from_millis(self.append_timeout_ms as u64)
    }

    /// What every client of ours has in common.
    pub(super) fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &self.brokers)
            .set("client.id", "weir")
            // A broker that comes back is found within a second, and one that says nothing is given up.
            .set("reconnect.backoff.max.ms", "1000")
            .set("socket.timeout.ms", "10000")
            .set("socket.connection.setup.timeout.ms", "5000")
            .set("socket.nagle.disable", "true");
        if let Some(security) = &self.security {
            security.apply(&mut config);
        }
        config
    }

    const fn ten_seconds() -> u32 {
        10_000
    }

    const fn one_minute() -> u32 {
        60_000
    }
}

impl Security {
    fn apply(&self, config: &mut ClientConfig) {
        let protocol = match (self.tls, &self.sasl) {
            (false, None) => "plaintext",
            (true, None) => "ssl",
            (false, Some(_)) => "sasl_plaintext",
            (true, Some(_)) => "sasl_ssl",
        };
        config.set("security.protocol", protocol);
        if let Some(file) = &self.ca_file {
            config.set("ssl.ca.location", file.to_string_lossy());
        }
        if let Some(Sasl { mechanism, user, password }) = &self.sasl {
            config
                .set("sasl.mechanism", mechanism.name())
                .set("sasl.username", user)
                .set("sasl.password", password.expose());
        }
    }
}

impl Mechanism {
    const fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(json: serde_json::Value) -> Result<KafkaSettings, serde_json::Error> {
        serde_json::from_value(json)
    }

    #[test]
    fn brokers_are_enough_and_an_unknown_field_is_refused() {
        let settings = read(json!({ "brokers": "b:9092" })).unwrap();
        assert_eq!((settings.topic(Topic::Events).as_str(), settings.max_poll_interval_ms), ("weir.events", 60_000));
        assert_eq!(settings.client().get("security.protocol"), None);
        assert!(read(json!({ "brokers": "b:9092", "broker": "c" })).is_err());
        assert!(read(json!({ "brokers": "b", "security": { "tsl": true } })).is_err());
    }

    #[test]
    fn limits_that_do_not_fit_are_refused_by_name() {
        let defaults = KafkaSettings::plain("b");
        assert!(defaults.check().is_ok());
        let refused = |settings: KafkaSettings| settings.check().unwrap_err().to_string();
        for (session, poll, expected) in [
            (5_999, 60_000, "kafka.session_timeout_ms: expected from 6000 to 1800000, as brokers take it, found 5999"),
            (60_001, 60_000, "kafka.session_timeout_ms: expected at most max_poll_interval_ms, 60000, found 60001"),
            (
                10_000,
                29_999,
                "kafka.max_poll_interval_ms: expected at least 30000, 3 times what one step may wait for, found 29999",
            ),
        ] {
            let limits = KafkaSettings { session_timeout_ms: session, max_poll_interval_ms: poll, ..defaults.clone() };
            assert_eq!(refused(limits), expected);
        }
        let slow = KafkaSettings { append_timeout_ms: 25_000, ..defaults };
        assert!(refused(slow).starts_with("kafka.max_poll_interval_ms: expected at least 75000"));
    }

    #[test]
    fn a_prefix_stands_before_topics_and_groups() {
        let settings = read(json!({ "brokers": "b", "prefix": "blue." })).unwrap();
        assert_eq!(
            (settings.topic(Topic::Intake), settings.group("weir-intake")),
            ("blue.weir.intake".into(), "blue.weir-intake".into())
        );
    }

    #[test]
    fn a_password_reaches_the_client_and_is_printed_nowhere() {
        let sasl = json!({ "mechanism": "SCRAM-SHA-512", "user": "weir", "password": "s3cret-word" });
        let settings =
            read(json!({ "brokers": "b", "security": { "tls": true, "ca_file": "/ca.pem", "sasl": sasl } })).unwrap();
        let client = settings.client();
        let set = ["security.protocol", "ssl.ca.location", "sasl.mechanism", "sasl.username", "sasl.password"]
            .map(|name| client.get(name).unwrap());
        assert_eq!(set, ["sasl_ssl", "/ca.pem", "SCRAM-SHA-512", "weir", "s3cret-word"]);
        let printed = format!("{settings:?} {}", serde_json::to_string(&settings).unwrap());
        assert!(!printed.contains("s3cret") && printed.contains("********"), "{printed}");
    }
}
