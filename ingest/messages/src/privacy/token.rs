//! Keyed tokens: the same identifier gives the same token under one key, and nobody without the key can go back.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretBox};
use sha2::Sha256;

use super::Clear;

/// Characters of an identifier that is not an address.
const LONGEST_IDENTIFIER: usize = 256;

/// Zeros alone, this many or more, are what devices send that have no number (an address of a network card has 12).
const ZEROS_OF_NOBODY: usize = 12;

/// What is wrong with a text that names nothing or nobody: all who send it would be taken for one. Never holds the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected {0}")]
pub struct NoIdentifier(&'static str);

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

    /// Refuses a text that names nobody; of a telephone's or a card's number only its letters and digits count.
    pub fn check(self, text: &str) -> Result<(), NoIdentifier> {
        if self == Self::Ip {
            let ip: IpAddr = text.trim().parse().map_err(|_| NoIdentifier("an IPv4 or IPv6 address"))?;
            let named = !ip.to_canonical().is_unspecified();
            return if named { Ok(()) } else { Err(NoIdentifier("an address, and not the one of no host")) };
        }
        if text.chars().nth(LONGEST_IDENTIFIER).is_some() {
            return Err(NoIdentifier("at most 256 characters"));
        }
        if text.contains(char::is_control) {
            return Err(NoIdentifier("no control characters"));
        }
        if !self.normalised(text).contains(char::is_alphanumeric) {
            return Err(NoIdentifier("a letter or a digit at least"));
        }
        let said = || text.chars().filter(|c| c.is_alphanumeric());
        // Also as East Asian keyboards and Arabic ones write it.
        let zeros = said().all(|c| ['0', '\u{ff10}', '\u{660}'].contains(&c));
        match zeros && said().count() >= ZEROS_OF_NOBODY {
            true => Err(NoIdentifier("an identifier, and not zeros alone")),
            false => Ok(()),
        }
    }

    /// The form in which equal identifiers are equal text.
    fn normalised(self, text: &str) -> Cow<'_, str> {
        let text = text.trim();
        match self {
            Self::Phone | Self::Card | Self::Imei => text.chars().filter(char::is_ascii_alphanumeric).collect(),
            Self::Ip => {
                text.parse::<IpAddr>().map_or_else(|_| text.to_lowercase(), |ip| ip.to_canonical().to_string()).into()
            }
            Self::IdNumber => text.to_uppercase().into(),
            Self::Email => text.to_lowercase().into(),
            Self::Device | Self::Contact => text.into(),
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

    /// The token of what somebody sent, if that names anything.
    pub fn checked(&self, kind: Identifier, clear: &Clear) -> Result<String, NoIdentifier> {
        kind.check(clear.expose()).map(|()| self.token(kind, clear.expose()))
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
    fn a_text_that_names_nobody_gives_no_token_and_is_not_repeated() {
        let tokens = Tokenizer::new("k1", [7; 32]);
        let checked = |kind, text: &str| tokens.checked(kind, &text.to_owned().into()).map_err(|e| e.to_string());
        for kind in [Identifier::Device, Identifier::Imei, Identifier::Contact, Identifier::Phone] {
            for text in [
                "",
                " ",
                "---",
                "00000000-0000-0000-0000-000000000000",
                "00:00:00:00:00:00",
                "\u{ff10}\u{ff10}\u{660}000000000",
            ] {
                let refused = checked(kind, text).unwrap_err();
                assert!(refused == "expected a letter or a digit at least" || refused.ends_with("not zeros alone"));
            }
            assert_eq!(checked(kind, "d\0").unwrap_err(), "expected no control characters");
            assert_eq!(checked(kind, &"x".repeat(257)).unwrap_err(), "expected at most 256 characters");
            for text in ["x", "0", "00000000000", "00000000000000x"] {
                assert_eq!(checked(kind, text).unwrap(), tokens.token(kind, text), "{text}");
            }
            // Whatever counts in it has a letter or a digit.
            for text in ["设备", &"é".repeat(256)] {
                let none = matches!(kind, Identifier::Imei | Identifier::Phone);
                assert_eq!(checked(kind, text).is_err(), none, "{kind:?} {text}");
            }
        }
        for text in ["", "host", "0.0.0.0", "::", "::ffff:0.0.0.0", "1.2.3"] {
            assert!(checked(Identifier::Ip, text).is_err(), "{text}");
        }
        assert!(checked(Identifier::Ip, " 2001:db8::1 ").is_ok() && checked(Identifier::Ip, "10.0.0.1").is_ok());
    }

    #[test]
    fn a_token_names_its_key_and_not_its_text() {
        let token = Tokenizer::new("k1", [7; 32]).token(Identifier::Card, "6222020200112233");
        assert!(token.starts_with("tok_k1_") && token.len() == 7 + 32, "{token}");
        assert!(!token.contains("6222"));
    }
}
