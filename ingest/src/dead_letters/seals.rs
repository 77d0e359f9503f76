//! Under whose key a dead letter is sealed: that of its customer, with which it dies, or the ring's where there is none.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use weir_messages::privacy::{Keyring, SealError};
use weir_messages::{CustomerId, DeadLetter, Sealed, Topic, Unsealed};

const PLACE: &str = Topic::DeadLetters.name();

/// The keys of customers, which somebody else keeps, and destroys when a customer is erased.
#[async_trait]
pub trait CustomerKeys: Debug + Send + Sync {
    /// The keys of those of `customers` who are known.
    async fn keys(&self, customers: &BTreeSet<CustomerId>) -> Result<Keys, KeysUnavailable>;
}

/// Customers' keys, each opened; `None` where it was destroyed.
pub type Keys = BTreeMap<CustomerId, Option<Result<Keyring, SealError>>>;

#[derive(Debug, thiserror::Error)]
pub enum KeysUnavailable {
    #[error("the customers' keys cannot be read now")]
    Now(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("this process does not know where the customers' keys are: its `database.url` names no server")]
    Here,
}

/// What seals dead letters and opens them.
#[derive(Debug, Clone)]
pub struct Seals {
    ring: Arc<Keyring>,
    customers: Option<Arc<dyn CustomerKeys>>,
}

/// Why a dead letter does not open.
#[derive(Debug, thiserror::Error)]
pub enum NotOpened {
    #[error("its customer is erased, and with the customer's key it became unreadable")]
    Erased,
    #[error(transparent)]
    Keys(#[from] KeysUnavailable),
    #[error(transparent)]
    Seal(#[from] SealError),
}

impl Seals {
    /// Under the ring's key, whoever a letter is about.
    #[must_use]
    pub const fn new(ring: Arc<Keyring>) -> Self {
        Self { ring, customers: None }
    }

    /// Under its customer's key where there is one.
    #[must_use]
    pub fn with_customers(self, keys: Arc<dyn CustomerKeys>) -> Self {
        Self { customers: Some(keys), ..self }
    }

    /// Every letter, in order. Customers' keys are asked for once.
    pub async fn seal(&self, letters: Vec<DeadLetter<Unsealed>>) -> Result<Vec<DeadLetter>, KeysUnavailable> {
        let subjects: BTreeSet<_> = letters.iter().filter_map(|letter| letter.body.subject.clone()).collect();
        let keys = match &self.customers {
            Some(customers) if !subjects.is_empty() => customers.keys(&subjects).await?,
            Some(_) | None => Keys::new(),
        };
        for (customer, key) in &keys {
            if let Some(Err(error)) = key {
                tracing::error!(%customer, %error, "the customer's key does not open: the ring's seals in its place");
            }
        }
        let seal = |letter: DeadLetter<Unsealed>| {
            let Unsealed { bytes, subject } = &letter.body;
            let known = subject.as_ref().and_then(|customer| Some((customer, keys.get(customer)?)));
            let body = match known {
                Some((customer, Some(Ok(key)))) => {
                    Sealed { text: key.seal(&place(customer), bytes), customer: Some(customer.clone()) }
                }
                // What comes after an erasure is nobody's to read. That it came stays on record.
                Some((customer, None)) => Sealed { text: String::new(), customer: Some(customer.clone()) },
                Some((_, Some(Err(_)))) | None => Sealed { text: self.ring.seal(PLACE, bytes), customer: None },
            };
            letter.with(body)
        };
        Ok(letters.into_iter().map(seal).collect())
    }

    /// The bytes in clear.
    pub async fn open(&self, Sealed { text, customer }: &Sealed) -> Result<Vec<u8>, NotOpened> {
        let Some(customer) = customer else { return Ok(self.ring.open(PLACE, text)?) };
        let customers = self.customers.as_ref().ok_or(KeysUnavailable::Here)?;
        let mut keys = customers.keys(&BTreeSet::from([customer.clone()])).await?;
        let key = keys.remove(customer).flatten().ok_or(NotOpened::Erased)??;
        Ok(key.open(&place(customer), text)?)
    }
}

fn place(customer: &CustomerId) -> String {
    format!("{PLACE}/{customer}")
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use weir_messages::KnownTime;

    use super::*;

    /// One customer, whose key can be destroyed, and a store of keys that can be out.
    #[derive(Debug)]
    struct Store(Mutex<Option<Option<[u8; 32]>>>);

    fn ring(key: [u8; 32]) -> Keyring {
        Keyring::new("k", BTreeMap::from([("k".to_owned(), key)])).unwrap()
    }

    #[async_trait]
    impl CustomerKeys for Store {
        async fn keys(&self, asked: &BTreeSet<CustomerId>) -> Result<Keys, KeysUnavailable> {
            let key = self.0.lock().unwrap().ok_or_else(|| KeysUnavailable::Now("out".into()))?;
            let known = asked.iter().filter(|customer| customer.as_str() == "c1");
            Ok(known.map(|customer| (customer.clone(), key.map(|key| Ok(ring(key))))).collect())
        }
    }

    fn letter(bytes: &[u8], subject: Option<&str>) -> DeadLetter<Unsealed> {
        let body = Unsealed { bytes: bytes.to_vec(), subject: subject.map(CustomerId::new) };
        let [origin, stage, class, message] = ["http", "collector", "unknown_type", "type"].map(str::to_owned);
        DeadLetter { body, origin, stage, class, message, known_time: KnownTime::default() }
    }

    #[tokio::test]
    async fn a_letter_dies_with_its_customers_key_and_others_stay() {
        let keys = Arc::new(Store(Mutex::new(Some(Some([1; 32])))));
        let seals = Seals::new(Arc::new(ring([2; 32]))).with_customers(Arc::clone(&keys) as Arc<dyn CustomerKeys>);
        let letters = vec![letter(b"own", Some("c1")), letter(b"strange", Some("c2")), letter(b"nobody's", None)];
        let sealed = seals.seal(letters).await.unwrap();
        let owners: Vec<_> = sealed.iter().map(|one| one.body.customer.as_ref().map(CustomerId::as_str)).collect();
        assert_eq!(owners, [Some("c1"), None, None]);
        assert_eq!(seals.open(&sealed[0].body).await.unwrap(), b"own");

        *keys.0.lock().unwrap() = Some(None);
        assert!(matches!(seals.open(&sealed[0].body).await, Err(NotOpened::Erased)));
        let after = seals.seal(vec![letter(b"13800138000", Some("c1"))]).await.unwrap().remove(0).body;
        assert_eq!(after, Sealed { text: String::new(), customer: Some("c1".into()) }, "nothing of it is kept");
        let as_the_rings = Sealed { customer: None, ..sealed[0].body.clone() };
        assert!(matches!(seals.open(&as_the_rings).await, Err(NotOpened::Seal(_))), "the ring opens no customer's");
        assert_eq!(seals.open(&sealed[1].body).await.unwrap(), b"strange");
        assert_eq!(seals.open(&sealed[2].body).await.unwrap(), b"nobody's");
    }

    #[tokio::test]
    async fn keys_that_cannot_be_read_are_no_missing_keys() {
        let keys = Arc::new(Store(Mutex::new(Some(Some([1; 32])))));
        let alone = Seals::new(Arc::new(ring([2; 32])));
        let seals = alone.clone().with_customers(Arc::clone(&keys) as Arc<dyn CustomerKeys>);
        let sealed = seals.seal(vec![letter(b"own", Some("c1"))]).await.unwrap().remove(0);
        *keys.0.lock().unwrap() = None;
        assert!(matches!(seals.open(&sealed.body).await, Err(NotOpened::Keys(KeysUnavailable::Now(_)))));
        assert!(matches!(alone.open(&sealed.body).await, Err(NotOpened::Keys(KeysUnavailable::Here))));
        assert!(seals.seal(vec![letter(b"own", Some("c1"))]).await.is_err());
        assert!(seals.seal(vec![letter(b"nobody's", None)]).await.is_ok());
    }

    #[test]
    fn the_bytes_of_an_unsealed_letter_are_not_shown() {
        assert!(!format!("{:?}", letter(b"13800138000", None)).contains("138"));
    }
}
