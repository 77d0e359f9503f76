//! The HTTP listener: where it is, who may call, and what callers may take of it.

use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use weir_ingest::secret::Secret;

use super::{ConfigError, field};
use crate::http::{Bound, ConnectionLimits, RequestLimits};

/// Seconds are whole; only the notice may be 0.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Loopback unless said otherwise.
    #[serde(default = "default::listen")]
    pub listen: SocketAddr,
    /// Bearer token that every caller shows.
    pub token: Secret,
    /// Largest body taken, after decompression, in bytes.
    #[serde(default = "default::max_body")]
    pub max_body: usize,
    /// Connections open at once; one client address has at most half of them. Fewer where the limit of open files is low.
    #[serde(default = "default::max_connections")]
    pub max_connections: u32,
    /// From a connection's opening, or its last answer, to the next request's whole header: then it is closed.
    #[serde(default = "default::idle_seconds")]
    pub idle_seconds: u64,
    /// From a request's header to the end of its body: then it is answered 408. As long an answer may wait to be taken.
    #[serde(default = "default::body_seconds")]
    pub body_seconds: u64,
    /// Requests under way at once; beyond that 503.
    #[serde(default = "default::max_requests")]
    pub max_requests: u32,
    /// Requests of one client address under way at once; beyond that 429.
    #[serde(default = "default::max_requests_per_client")]
    pub max_requests_per_client: u32,
    /// How long `/readyz` says that the process drains, while it still answers everything, before it listens no more.
    #[serde(default = "default::drain_notice_seconds")]
    pub drain_notice_seconds: u64,
    /// How long running requests may take after that.
    #[serde(default = "default::drain_seconds")]
    pub drain_seconds: u64,
}

mod default {
    use std::net::SocketAddr;

    pub(super) fn listen() -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], 8080))
    }

    pub(super) const fn max_body() -> usize {
        4 << 20
    }

    pub(super) const fn max_connections() -> u32 {
        4_096
    }

    pub(super) const fn idle_seconds() -> u64 {
        60
    }

    pub(super) const fn body_seconds() -> u64 {
        30
    }

    pub(super) const fn max_requests() -> u32 {
        1_024
    }

    pub(super) const fn max_requests_per_client() -> u32 {
        512
    }

    pub(super) const fn drain_notice_seconds() -> u64 {
        3
    }

    pub(super) const fn drain_seconds() -> u64 {
        10
    }
}

impl Server {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if self.token.expose().len() < 16 {
            return Err(field("server.token", "expected at least 16 characters"));
        }
        let positive = [
            ("server.max_body", self.max_body as u64),
            ("server.idle_seconds", self.idle_seconds),
            ("server.body_seconds", self.body_seconds),
            ("server.max_requests", self.max_requests.into()),
            ("server.max_requests_per_client", self.max_requests_per_client.into()),
        ];
        if let Some((name, _)) = positive.into_iter().find(|(_, value)| *value == 0) {
            return Err(field(name, "expected at least 1, found 0"));
        }
        match self.max_connections {
            64..=1_000_000 => Ok(()),
            found => Err(field("server.max_connections", format!("expected 64 to 1000000, found {found}"))),
        }
    }

    pub(crate) const fn request_limits(&self) -> RequestLimits {
        let requests = Bound { client: self.max_requests_per_client, all: self.max_requests };
        RequestLimits { body: self.max_body, body_within: Duration::from_secs(self.body_seconds), requests }
    }

    /// With so many connections as there may be.
    pub(crate) const fn connection_limits(&self, most: u32) -> ConnectionLimits {
        let [idle, write] = [Duration::from_secs(self.idle_seconds), Duration::from_secs(self.body_seconds)];
        ConnectionLimits { most, idle, write }
    }

    pub(crate) const fn drain_notice(&self) -> Duration {
        Duration::from_secs(self.drain_notice_seconds)
    }

    pub(crate) const fn drain(&self) -> Duration {
        Duration::from_secs(self.drain_seconds)
    }
}
