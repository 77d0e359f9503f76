//! A version's seal: which package it is, who sealed it and when, signed by a key of [`super::TrustedKey`]. A seal is of one
//! name and one version, so that it can stand under no other.

use serde::{Deserialize, Serialize};
use weir_messages::KnownTime;

use super::{SigningKey, TrustedKey};
use crate::gate::Passed;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    #[error("its seal is of {name} version {version}")]
    Other { name: String, version: u32 },
    #[error("sealed by key {key}, which `models.trusted` does not name")]
    Unknown { key: String },
    #[error("its signature is not key {key}'s: the seal was changed")]
    Forged { key: String },
}

/// What it is of, and the proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seal {
    pub name: String,
    pub version: u32,
    /// SHA-256 of the package, in hex.
    pub hash: String,
    pub author: String,
    pub sealed_at: KnownTime,
    /// Id of the key that signed.
    pub key: String,
    /// Ed25519 (RFC 8032), in hex.
    pub signature: String,
}

/// One package for ever.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Version {
    pub version: u32,
    /// SHA-256 of the package, in hex.
    pub hash: String,
}

impl Seal {
    pub(super) fn new(passed: &Passed, key: &SigningKey, author: &str, sealed_at: KnownTime) -> Self {
        let mut seal = Self {
            name: passed.name.clone(),
            version: passed.version,
            hash: passed.hash.clone(),
            author: author.to_owned(),
            sealed_at,
            key: key.public().id(),
            signature: String::new(),
        };
        seal.signature = key.sign(&seal.message());
        seal
    }

    #[must_use]
    pub fn id(&self) -> Version {
        Version { version: self.version, hash: self.hash.clone() }
    }

    pub(super) fn is_of(&self, name: &str, version: u32) -> Result<(), SealError> {
        if (self.name.as_str(), self.version) == (name, version) {
            return Ok(());
        }
        Err(SealError::Other { name: self.name.clone(), version: self.version })
    }

    pub(super) fn verify(&self, trusted: &[TrustedKey]) -> Result<(), SealError> {
        let key = trusted.iter().find(|key| key.id() == self.key);
        let key = key.ok_or_else(|| SealError::Unknown { key: self.key.clone() })?;
        if key.has_signed(&self.message(), &self.signature) {
            return Ok(());
        }
        Err(SealError::Forged { key: self.key.clone() })
    }

    /// A JSON list, in which no text of one field runs into the next.
    fn message(&self) -> Vec<u8> {
        let Self { name, version, hash, author, sealed_at, key, .. } = self;
        let signed = ("weir.seal.1", name, version, hash, author, sealed_at.to_string(), key);
        serde_json::to_vec(&signed).expect("texts and numbers serialise")
    }
}
