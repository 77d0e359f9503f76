//! The signature on a request to the payment channel: HMAC-SHA256 over method, path, timestamp and body, in hex.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// Header with microseconds since 1970 by the sender's clock.
pub const TIMESTAMP: &str = "weir-timestamp";
/// Header with `v1=` and the signature.
pub const SIGNATURE: &str = "weir-signature";

#[derive(Clone)]
pub struct Signer(SecretString);

impl Signer {
    #[must_use]
    pub fn new(secret: impl Into<String>) -> Self {
        Self(SecretString::from(secret.into()))
    }

    #[must_use]
    pub fn sign(&self, method: &str, path: &str, timestamp: &str, body: &[u8]) -> String {
        format!("v1={}", hex::encode(self.mac(method, path, timestamp, body).finalize().into_bytes()))
    }

    /// Takes the same time whether the first or the last byte is wrong.
    #[must_use]
    pub fn verifies(&self, signature: &str, method: &str, path: &str, timestamp: &str, body: &[u8]) -> bool {
        let signature = signature.strip_prefix("v1=").and_then(|text| hex::decode(text).ok());
        signature.is_some_and(|bytes| self.mac(method, path, timestamp, body).verify_slice(&bytes).is_ok())
    }

    fn mac(&self, method: &str, path: &str, timestamp: &str, body: &[u8]) -> Hmac<Sha256> {
        let secret = self.0.expose_secret().as_bytes();
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes a key of any length");
        for part in [method.as_bytes(), path.as_bytes(), timestamp.as_bytes(), body] {
            // Lengths, so that no two requests share their bytes.
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_signed_request_verifies() {
        let signer = Signer::new("secret");
        let signature = signer.sign("PUT", "/v1/payouts/p1", "17", b"{}");
        assert!(signer.verifies(&signature, "PUT", "/v1/payouts/p1", "17", b"{}"));
        assert!(!signer.verifies(&signature, "GET", "/v1/payouts/p1", "17", b"{}"));
        assert!(!signer.verifies(&signature, "PUT", "/v1/payouts/p11", "7", b"{}"));
        assert!(!signer.verifies(&signature, "PUT", "/v1/payouts/p1", "17", b"{} "));
        assert!(!Signer::new("other").verifies(&signature, "PUT", "/v1/payouts/p1", "17", b"{}"));
        assert!(!signer.verifies("v1=zz", "PUT", "/v1/payouts/p1", "17", b"{}"));
    }
}
