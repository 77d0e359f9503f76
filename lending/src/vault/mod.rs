//! The vault: a customer's personal fields, each sealed under that customer's own key, which is itself sealed under the
//! master key. Destroying the customer's key makes every copy of the fields unreadable, in backups too.
//! Where the sealed text is kept is the store's.

mod key_check;
mod keys;
mod mask;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use aes_gcm_siv::aead::Generate;
use weir_messages::CustomerId;
use weir_messages::privacy::{Clear, Identifier, Keyring, SealError, Tokenizer};

pub use key_check::KeyCheckError;
pub use keys::CustomerKeys;
pub use mask::Masked;

use crate::store::{BlindIndex, Personal};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    Name,
    Phone,
    IdNumber,
    Card,
    Email,
    /// ISO 8601.
    DateOfBirth,
}

impl Field {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Phone => "phone",
            Self::IdNumber => "id_number",
            Self::Card => "card",
            Self::Email => "email",
            Self::DateOfBirth => "date_of_birth",
        }
    }

    /// Fields that can be found by equality, and as what kind of identifier.
    const INDEXED: [(Self, Identifier); 2] = [(Self::Phone, Identifier::Phone), (Self::IdNumber, Identifier::IdNumber)];
}

#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    #[error("the data key of customer {customer}")]
    Key { customer: CustomerId, source: SealError },
    #[error("field {field} of customer {customer}")]
    Field { customer: CustomerId, field: &'static str, source: SealError },
    #[error("field {field} of customer {customer}: expected it in the vault, found none")]
    Absent { customer: CustomerId, field: &'static str },
}

#[derive(Debug, Clone)]
pub struct Vault {
    master: Arc<Keyring>,
    tokens: Arc<Tokenizer>,
}

impl Vault {
    #[must_use]
    pub const fn new(master: Arc<Keyring>, tokens: Arc<Tokenizer>) -> Self {
        Self { master, tokens }
    }

    /// Seals fields under a new key.
    #[must_use]
    pub fn seal(&self, customer: &CustomerId, fields: &BTreeMap<Field, Clear>) -> Personal {
        let key = <[u8; 32]>::generate();
        let wrapped_key = self.master.seal(&key_place(customer), &key);
        let ring = ring(key);
        let seal = |(field, clear): (&Field, &Clear)| {
            (field.name().to_owned(), ring.seal(&place(customer, *field), clear.expose().as_bytes()))
        };
        Personal { customer: customer.clone(), wrapped_key, fields: fields.iter().map(seal).collect() }
    }

    /// The customer's fields with their key at hand; nothing is in clear until it is asked for.
    pub fn open(&self, personal: Personal) -> Result<Opened, VaultError> {
        let ring = unwrapped(&self.master, &personal.customer, &personal.wrapped_key);
        let wrong = |source| VaultError::Key { customer: personal.customer.clone(), source };
        Ok(Opened { ring: ring.map_err(wrong)?, personal })
    }

    /// Rows that find the customer by equality.
    #[must_use]
    pub fn blind_index(&self, customer: &CustomerId, fields: &BTreeMap<Field, Clear>) -> Vec<BlindIndex> {
        let indexed = Field::INDEXED.into_iter().filter_map(|(field, _)| {
            let token = self.token(field, fields.get(&field)?)?;
            Some(BlindIndex { kind: field.name(), token, customer: customer.clone() })
        });
        indexed.collect()
    }

    /// The keyed token under which a value is indexed; `None` for a field without an index.
    #[must_use]
    pub fn token(&self, field: Field, clear: &Clear) -> Option<String> {
        let (_, kind) = Field::INDEXED.into_iter().find(|(indexed, _)| *indexed == field)?;
        Some(self.tokens.token(kind, clear.expose()))
    }
}

pub struct Opened {
    ring: Keyring,
    personal: Personal,
}

impl Opened {
    /// A field in clear; `None` where the customer never gave it.
    pub fn clear(&self, field: Field) -> Result<Option<Clear>, VaultError> {
        let customer = &self.personal.customer;
        let Some((name, sealed)) = self.personal.fields.iter().find(|(name, _)| name == field.name()) else {
            return Ok(None);
        };
        let wrong = |source| VaultError::Field { customer: customer.clone(), field: field.name(), source };
        debug_assert_eq!(name, field.name());
        let bytes = self.ring.open(&place(customer, field), sealed).map_err(wrong)?;
        String::from_utf8(bytes).map(|text| Some(text.into())).map_err(|_| wrong(SealError::Malformed))
    }

    /// A field that every customer has.
    pub fn required(&self, field: Field) -> Result<Clear, VaultError> {
        let absent = || VaultError::Absent { customer: self.personal.customer.clone(), field: field.name() };
        self.clear(field)?.ok_or_else(absent)
    }

    /// As people may see it.
    pub fn masked(&self, field: Field) -> Result<Option<Masked>, VaultError> {
        Ok(self.clear(field)?.map(|clear| Masked::of(field, &clear)))
    }
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Opened({}, {} fields)", self.personal.customer, self.personal.fields.len())
    }
}

/// A customer's own key.
fn unwrapped(master: &Keyring, customer: &CustomerId, wrapped_key: &str) -> Result<Keyring, SealError> {
    let key = master.open(&key_place(customer), wrapped_key)?;
    Ok(ring(<[u8; 32]>::try_from(key).map_err(|_| SealError::Malformed)?))
}

fn ring(key: [u8; 32]) -> Keyring {
    Keyring::new("d", BTreeMap::from([("d".to_owned(), key)])).expect("the current key is the one given")
}

fn key_place(customer: &CustomerId) -> String {
    format!("data_keys/wrapped/{customer}")
}

fn place(customer: &CustomerId, field: Field) -> String {
    format!("vault/{}/{customer}", field.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault() -> Vault {
        let master = Keyring::new("m", BTreeMap::from([("m".to_owned(), [7; 32])])).unwrap();
        Vault::new(Arc::new(master), Arc::new(Tokenizer::new("t", [9; 32])))
    }

    fn fields() -> BTreeMap<Field, Clear> {
        BTreeMap::from([(Field::Phone, "13812348000".to_owned().into()), (Field::Card, "4111".to_owned().into())])
    }

    #[test]
    fn a_sealed_field_reads_back_and_shows_nothing() {
        let personal = vault().seal(&"c1".into(), &fields());
        assert!(!format!("{personal:?}").contains("13812348000"));
        let opened = vault().open(personal).unwrap();
        assert_eq!(opened.required(Field::Phone).unwrap().expose(), "13812348000");
        assert!(opened.clear(Field::Email).unwrap().is_none());
        assert!(!format!("{opened:?}").contains("138"));
    }

    #[test]
    fn a_field_moved_to_another_column_or_customer_does_not_open() {
        let mut personal = vault().seal(&"c1".into(), &fields());
        personal.fields[0].0 = "card".to_owned();
        personal.fields[1].0 = "phone".to_owned();
        assert!(vault().open(personal.clone()).unwrap().clear(Field::Phone).is_err());
        personal.customer = "c2".into();
        assert!(vault().open(personal).is_err());
    }

    #[test]
    fn equal_numbers_have_one_token_however_they_are_written() {
        let token = |text: &str| vault().token(Field::Phone, &text.to_owned().into());
        assert_eq!(token("138 1234-8000"), token("13812348000"));
        assert_ne!(token("13812348000"), token("13812348001"));
        assert_eq!(vault().token(Field::Name, &"A".to_owned().into()), None);
    }
}
