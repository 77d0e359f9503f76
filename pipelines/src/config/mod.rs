//! Configuration: one TOML file, overridden by the environment (`WEIR__SERVER__LISTEN=…`), read once in `main` and
//! passed down by value. Unknown fields are refused, secrets are masked when it is printed.

mod database;
mod lending;
mod limits;
mod models;
mod payments;
mod redis;
mod server;
mod template;
#[cfg(test)]
mod tests;
mod transport;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tracing_subscriber::EnvFilter;
use weir_ingest::log::Retention;
use weir_ingest::log::kafka::{KafkaSettings, UnfitLimit};
use weir_ingest::state::ObjectsSettings;
use weir_lending::zone::{BusinessZone, UnknownZone};
use weir_messages::privacy::{Keyring, Tokenizer};

pub use database::{Database, DatabaseUrl};
pub use lending::Lending;
pub use limits::Limits;
pub use models::{ModelSource, Models};
pub use payments::Payments;
pub use redis::Redis;
pub use server::Server;
pub use template::template;
pub(crate) use transport::in_clear;
pub use weir_ingest::secret::Secret;

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("{0}")]
    Read(#[from] config::ConfigError),
    #[error("{field}: {reason}")]
    Field { field: &'static str, reason: String },
    #[error(transparent)]
    Kafka(#[from] UnfitLimit),
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub server: Server,
    /// Where log, state, database and archive live. Relative paths are taken from the file's folder.
    pub data: PathBuf,
    pub keys: Keys,
    #[serde(default)]
    pub database: Database,
    #[serde(default)]
    pub content: Content,
    /// The registry of models, where `content.model` names one in it.
    #[serde(default)]
    pub models: Option<Models>,
    pub lender: Lender,
    pub payments: Payments,
    #[serde(default)]
    pub lending: Lending,
    /// The log of a platform in several processes; without it the log is in `data`.
    #[serde(default)]
    pub kafka: Option<KafkaSettings>,
    /// Where the state of partitions is kept for whoever is given them next.
    #[serde(default)]
    pub objects: Option<ObjectsSettings>,
    /// Where other readers find the latest values; no decision reads it.
    #[serde(default)]
    pub redis: Option<Redis>,
    #[serde(default)]
    pub limits: Limits,
    /// How long the log in `data` keeps what; topics on Kafka have a retention of their own.
    #[serde(default)]
    pub retention: Retention,
    #[serde(default)]
    pub log: Logging,
}

/// Keys as 64 hex digits. Tokens have a key of their own, because turning it would break every join.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    pub token_id: String,
    pub token: Secret,
    /// The id in `ring` that seals; the others only open.
    pub current: String,
    pub ring: BTreeMap<String, Secret>,
}

/// The versioned content that decisions are made of.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Content {
    pub views: PathBuf,
    pub model: ModelSource,
    pub policy: PathBuf,
    pub products: PathBuf,
}

impl Content {
    /// What comes with the sources in `root`.
    pub(crate) fn under(root: &Path) -> Self {
        let mut content = Self::default();
        for path in [&mut content.views, &mut content.policy, &mut content.products] {
            *path = root.join(&path);
        }
        content.model.resolve_path(root);
        content
    }
}

impl Default for Content {
    fn default() -> Self {
        Self {
            views: "features/views".into(),
            model: ModelSource::Folder("models/german_credit".into()),
            policy: "models/policies/consumer".into(),
            products: "lending/products".into(),
        }
    }
}

/// Who lends. One lender an installation.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lender {
    /// The name as its licence has it; stands in every contract.
    pub name: String,
    /// Where business days begin and end, by its name in the IANA time zone database.
    #[serde(default = "Lender::utc")]
    pub zone: String,
}

impl Lender {
    fn utc() -> String {
        BusinessZone::UTC.to_string()
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Logging {
    /// As `RUST_LOG`: `info`, `weir_ingest=debug,info`.
    pub filter: String,
    /// JSON lines, or text for people.
    pub json: bool,
}

impl Default for Logging {
    fn default() -> Self {
        Self { filter: "info".to_owned(), json: true }
    }
}

impl Config {
    /// Reads `path`, lays the environment over it and checks what types alone cannot.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let environment = config::Environment::with_prefix("WEIR").prefix_separator("__").separator("__");
        let mut read: Self = config::Config::builder()
            .add_source(config::File::from(path).format(config::FileFormat::Toml))
            .add_source(environment)
            .build()?
            .try_deserialize()?;
        read.resolve_paths(path.parent().unwrap_or_else(|| Path::new(".")));
        read.check()?;
        Ok(read)
    }

    fn resolve_paths(&mut self, folder: &Path) {
        self.database.resolve_path(folder);
        let content = &mut self.content;
        content.model.resolve_path(folder);
        for path in [&mut self.data, &mut content.views, &mut content.policy, &mut content.products] {
            if path.is_relative() {
                *path = folder.join(&path);
            }
        }
    }

    fn check(&self) -> Result<(), ConfigError> {
        self.server.check()?;
        self.payments.check()?;
        if self.lender.name.trim().is_empty() {
            return Err(field("lender.name", "expected the lender's name, as contracts show it"));
        }
        EnvFilter::try_new(&self.log.filter).map_err(|error| field("log.filter", error.to_string()))?;
        self.zone()?;
        self.tokenizer()?;
        self.keyring()?;
        self.database.database(&self.data)?;
        self.redis.as_ref().map(Redis::settings).transpose()?;
        self.limits.check(&self.retention)?;
        self.kafka.as_ref().map_or(Ok(()), KafkaSettings::check)?;
        let model = match &self.content.model {
            ModelSource::Folder(path) => Some(("content.model", path)),
            ModelSource::Registry(_) => None,
        };
        self.models.as_ref().map(Models::keys).transpose()?;
        if model.is_none() && self.models.is_none() {
            return Err(field("models.url", "expected where the registry is that content.model names, found none"));
        }
        let exist = [
            ("content.views", &self.content.views),
            ("content.policy", &self.content.policy),
            ("content.products", &self.content.products),
        ];
        match exist.into_iter().chain(model).find(|(_, path)| !path.is_dir()) {
            Some((name, path)) => Err(field(name, format!("expected a folder, found none at {}", path.display()))),
            None => Ok(()),
        }
    }

    pub fn zone(&self) -> Result<BusinessZone, ConfigError> {
        self.lender.zone.parse().map_err(|error: UnknownZone| field("lender.zone", error.to_string()))
    }

    pub fn tokenizer(&self) -> Result<Tokenizer, ConfigError> {
        Ok(Tokenizer::new(&self.keys.token_id, key("keys.token", &self.keys.token)?))
    }

    pub fn keyring(&self) -> Result<Keyring, ConfigError> {
        let keys = self.keys.ring.iter().map(|(id, secret)| Ok((id.clone(), key("keys.ring", secret)?)));
        Keyring::new(&self.keys.current, keys.collect::<Result<_, ConfigError>>()?)
            .map_err(|error| field("keys.current", error.to_string()))
    }
}

fn field(field: &'static str, reason: impl Into<String>) -> ConfigError {
    ConfigError::Field { field, reason: reason.into() }
}

fn key(name: &'static str, secret: &Secret) -> Result<[u8; 32], ConfigError> {
    let bytes = hex::decode(secret.expose()).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or_else(|| field(name, "expected 64 hex digits"))
}
