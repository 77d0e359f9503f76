//! Sealing: AES-256-GCM-SIV under the ring's current key; any key still on the ring opens.

use std::collections::BTreeMap;
use std::fmt;

use aes_gcm_siv::aead::{Aead, KeyInit, Payload};
use aes_gcm_siv::{Aes256GcmSiv, Nonce};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use secrecy::{ExposeSecret, SecretBox};
use uuid::Uuid;

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("current key `{0}` is not on the ring")]
pub struct KeyringError(String);

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SealError {
    #[error("expected `sealed1.<key id>.<base64>`")]
    Malformed,
    #[error("key `{0}` is not on the ring")]
    UnknownKey(String),
    #[error("sealed under another key or for another place, or altered")]
    Rejected,
}

pub struct Keyring {
    current: String,
    keys: BTreeMap<String, SecretBox<[u8; 32]>>,
}

impl Keyring {
    /// A ring of keys by id, of which `current` seals.
    pub fn new(current: impl Into<String>, keys: BTreeMap<String, [u8; 32]>) -> Result<Self, KeyringError> {
        let current = current.into();
        if !keys.contains_key(&current) {
            return Err(KeyringError(current));
        }
        let keys = keys.into_iter().map(|(id, key)| (id, SecretBox::new(Box::new(key)))).collect();
        Ok(Self { current, keys })
    }

    /// Seals `clear` for one `place` (table/column/row, or topic), which opening must name again.
    #[must_use]
    pub fn seal(&self, place: &str, clear: &[u8]) -> String {
        // 90 of these 96 bits are random; GCM-SIV stays safe even where a nonce repeats.
        let nonce = nonce(&Uuid::new_v4().as_bytes()[..12]);
        let sealed = self
            .cipher(&self.current)
            .expect("the current key is on the ring: checked in new")
            .encrypt(&nonce, Payload { msg: clear, aad: place.as_bytes() })
            .expect("texts are far below the cipher's limit of 64 GiB");
        let mut bytes = nonce.to_vec();
        bytes.extend_from_slice(&sealed);
        format!("sealed1.{}.{}", self.current, STANDARD_NO_PAD.encode(bytes))
    }

    pub fn open(&self, place: &str, sealed: &str) -> Result<Vec<u8>, SealError> {
        let (key_id, text) =
            sealed.strip_prefix("sealed1.").and_then(|rest| rest.split_once('.')).ok_or(SealError::Malformed)?;
        let bytes = STANDARD_NO_PAD.decode(text).map_err(|_| SealError::Malformed)?;
        let (nonce, sealed) = bytes.split_at_checked(12).ok_or(SealError::Malformed)?;
        self.cipher(key_id)
            .ok_or_else(|| SealError::UnknownKey(key_id.to_owned()))?
            .decrypt(&self::nonce(nonce), Payload { msg: sealed, aad: place.as_bytes() })
            .map_err(|_| SealError::Rejected)
    }

    fn cipher(&self, key_id: &str) -> Option<Aes256GcmSiv> {
        let key = self.keys.get(key_id)?;
        Some(Aes256GcmSiv::new(key.expose_secret().into()))
    }
}

fn nonce(bytes: &[u8]) -> Nonce {
    Nonce::try_from(bytes).expect("both callers give twelve bytes")
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keyring(current {}, {} keys)", self.current, self.keys.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(current: &str) -> Keyring {
        Keyring::new(current, BTreeMap::from([("k1".to_owned(), [1; 32]), ("k2".to_owned(), [2; 32])])).unwrap()
    }

    #[test]
    fn what_an_old_key_sealed_still_opens_after_rotation() {
        let sealed = ring("k1").seal("t/c/1", b"secret");
        assert_eq!(ring("k2").open("t/c/1", &sealed).unwrap(), b"secret");
    }

    #[test]
    fn sealed_bytes_moved_to_another_row_do_not_open() {
        let sealed = ring("k1").seal("t/c/1", b"secret");
        assert_eq!(ring("k1").open("t/c/2", &sealed), Err(SealError::Rejected));
        assert_eq!(ring("k1").open("t/c/1", "sealed1.k1.AAAA"), Err(SealError::Malformed));
    }

    #[test]
    fn a_missing_key_is_named() {
        let sealed = ring("k1").seal("p", b"x").replace(".k1.", ".k9.");
        assert_eq!(ring("k1").open("p", &sealed), Err(SealError::UnknownKey("k9".to_owned())));
    }
}
