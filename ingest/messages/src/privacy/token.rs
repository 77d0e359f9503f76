//! Keyed tokens: the same identifier gives the same token under one key, and nobody without the key can go back.

use std::fmt;
use std::net::IpAddr;

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretBox};
use sha2::Sha256;

/// What kind of thing an identifier names. Part of the token, so that a phone and a card never collide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identifier {
    Device,
    Ip,
    Phone,
    IdNumber,
    Card,
    Email,
    Imei,
    Contact,
}

impl Identifier {
    const fn name(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Ip => "ip",
            Self::Phone => "phone",
            Self::IdNumber => "id_number",
            Self::Card => "card",
            Self::Email => "email",
            Self::Imei => "imei",
            Self::Contact => "contact",
        }
    }

    /// The form in which equal identifiers are equal text.
    fn normalised(self, text: &str) -> String {
        let text = text.trim();
        match self {
            Self::Phone | Self::Card | Self::Imei => text.chars().filter(char::is_ascii_alphanumeric).collect(),
            Self::Ip => text.parse::<IpAddr>().map_or_else(|_| text.to_lowercase(), |ip| ip.to_canonical().to_string()),
            Self::IdNumber => text.to_uppercase(),
            Self::Email => text.to_lowercase(),
            Self::Device | Self::Contact => text.to_owned(),
        }
    }
}

/// HMAC-SHA-256 over the kind and the normalised text, its first 128 bits in hex: `tok_<key id>_<32 hex>`.
pub struct Tokenizer {
    key_id: String,
    key: SecretBox<[u8; 32]>,
}

impl Tokenizer {
    #[must_use]
    pub fn new(key_id: impl Into<String>, key: [u8; 32]) -> Self {
        Self { key_id: key_id.into(), key: SecretBox::new(Box::new(key)) }
    }

    #[must_use]
    pub fn token(&self, kind: Identifier, text: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.key.expose_secret()).expect("HMAC takes a key of any length");
        mac.update(kind.name().as_bytes());
        mac.update(&[0]);
        mac.update(kind.normalised(text).as_bytes());
        let digest = mac.finalize().into_bytes();
        let mut token = format!("tok_{}_", self.key_id);
        for byte in &digest[..16] {
            token.push(char::from_digit(u32::from(byte >> 4), 16).expect("four bits"));
            token.push(char::from_digit(u32::from(byte & 15), 16).expect("four bits"));
        }
        token
    }
}

impl fmt::Debug for Tokenizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tokenizer({})", self.key_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_identifiers_have_equal_tokens_and_kinds_differ() {
        let tokens = Tokenizer::new("k1", [7; 32]);
        assert_eq!(tokens.token(Identifier::Phone, "+86 138-0013"), tokens.token(Identifier::Phone, "861380013"));
        assert_ne!(tokens.token(Identifier::Phone, "861380013"), tokens.token(Identifier::Card, "861380013"));
        assert_eq!(tokens.token(Identifier::Ip, "::ffff:1.2.3.4"), tokens.token(Identifier::Ip, "1.2.3.4"));
    }

    #[test]
    fn a_token_names_its_key_and_not_its_text() {
        let token = Tokenizer::new("k1", [7; 32]).token(Identifier::Card, "6222020200112233");
        assert!(token.starts_with("tok_k1_") && token.len() == 7 + 32, "{token}");
        assert!(!token.contains("6222"));
    }
}
