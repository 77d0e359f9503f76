//! Ed25519 keys: the one that seals, in a file of its owner's alone, and those that are trusted. A key's id is of its bytes,
//! so no name of a key can be given to another.

use std::fmt;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::str::FromStr;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::content::sha256;

const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";

#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("{file} cannot be read")]
    Read { file: String, source: std::io::Error },
    #[error("{file} cannot be written")]
    Write { file: String, source: std::io::Error },
    #[error("{file}: expected an Ed25519 key in PEM, as `weir models keygen` writes it")]
    NoKey { file: String },
    #[error("expected a public key of 64 hex digits, found {found} characters")]
    NoPublicKey { found: usize },
}

/// Never shown.
pub struct SigningKey(Ed25519KeyPair);

impl SigningKey {
    #[must_use]
    pub fn generate() -> Self {
        Self(Ed25519KeyPair::generate().expect("the operating system has random numbers"))
    }

    /// PKCS#8 in PEM, of `weir models keygen` or of `openssl genpkey -algorithm ed25519`.
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|source| KeyError::Read { file: file.clone(), source })?;
        Self::of_pem(&text).ok_or(KeyError::NoKey { file })
    }

    fn of_pem(text: &str) -> Option<Self> {
        let body: String = text.trim().strip_prefix(BEGIN)?.strip_suffix(END)?.split_whitespace().collect();
        Ed25519KeyPair::from_pkcs8(&STANDARD.decode(body).ok()?).ok().map(Self)
    }

    /// To a new file that its owner alone reads.
    pub fn write(&self, path: &Path) -> Result<(), KeyError> {
        let unwritten = |source| KeyError::Write { file: path.display().to_string(), source };
        let pkcs8 = self.0.to_pkcs8v1().expect("a key pair has its form");
        let pem = format!("{BEGIN}\n{}\n{END}\n", STANDARD.encode(pkcs8.as_ref()));
        let file = std::fs::File::options().write(true).create_new(true).mode(0o600).open(path).map_err(unwritten)?;
        (&file).write_all(pem.as_bytes()).and_then(|()| file.sync_all()).map_err(unwritten)
    }

    #[must_use]
    pub fn public(&self) -> TrustedKey {
        let bytes = self.0.public_key().as_ref();
        TrustedKey(bytes.try_into().expect("an Ed25519 key has 32 bytes"))
    }

    pub(super) fn sign(&self, message: &[u8]) -> String {
        hex::encode(self.0.sign(message))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.public().id())
    }
}

/// A public key; its text is its 64 hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrustedKey([u8; 32]);

impl TrustedKey {
    /// The first 16 hex digits of the key's SHA-256.
    #[must_use]
    pub fn id(&self) -> String {
        sha256(&self.0).chars().take(16).collect()
    }

    pub(super) fn has_signed(&self, message: &[u8], signature: &str) -> bool {
        let key = UnparsedPublicKey::new(&ED25519, self.0);
        hex::decode(signature).is_ok_and(|signature| key.verify(message, &signature).is_ok())
    }
}

impl FromStr for TrustedKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let bytes = hex::decode(text).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or(KeyError::NoPublicKey { found: text.chars().count() })
    }
}

impl fmt::Display for TrustedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_back_from_a_file_that_its_owner_alone_reads() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let (path, key) = (folder.path().join("key.pem"), SigningKey::generate());
        key.write(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(SigningKey::read(&path).unwrap().public(), key.public());
        assert!(key.write(&path).is_err(), "a key is never written over");
        let text = std::fs::read_to_string(&path).unwrap();
        let secret = text.lines().nth(1).unwrap();
        assert!(!format!("{key:?}").contains(secret));
    }

    #[test]
    fn a_key_of_openssl_is_read() {
        // RFC 8410 10.3, as `openssl genpkey` writes one.
        let text = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
                    -----END PRIVATE KEY-----\n";
        let public = "19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1";
        assert_eq!(SigningKey::of_pem(text).unwrap().public().to_string(), public);
    }

    #[test]
    fn what_is_no_key_is_refused_and_not_repeated() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.pem");
        for text in ["", "abcabc", "-----BEGIN PRIVATE KEY-----\nabcabc\n-----END PRIVATE KEY-----"] {
            std::fs::write(&path, text).unwrap();
            let error = SigningKey::read(&path).unwrap_err().to_string();
            assert!(error.contains("expected an Ed25519 key") && !error.contains("abcabc"), "{error}");
        }
        assert!("ab".parse::<TrustedKey>().is_err() && "zz".repeat(32).parse::<TrustedKey>().is_err());
    }
}
