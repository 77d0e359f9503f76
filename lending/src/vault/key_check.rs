//! Whether the keys at hand are those that the database was written with. With others everything would start, and nobody
//! could be paid out or found again.

use weir_messages::CustomerId;

use super::{Field, Vault, VaultError};
use crate::store::{Store, StoreError};

#[derive(Debug, thiserror::Error)]
pub enum KeyCheckError {
    #[error("`keys.ring` does not open what the database holds; start with the ring that it was written with")]
    Ring(#[source] VaultError),
    #[error(
        "`keys.token` does not find customer {0} by what the database holds of them; start with the key that it was \
         written with"
    )]
    Token(CustomerId),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Vault {
    /// Tries the keys on the data of a customer for each key of a ring that `store` has something of.
    pub(crate) async fn check_keys(&self, store: &dyn Store) -> Result<(), KeyCheckError> {
        for customer in store.first_of_each_sealing_key().await? {
            // Erased since they were listed.
            let Some(personal) = store.personal(&customer).await? else { continue };
            let opened = self.open(personal).map_err(KeyCheckError::Ring)?;
            for (field, _) in Field::INDEXED {
                let Some(clear) = opened.clear(field).map_err(KeyCheckError::Ring)? else { continue };
                let token = self.token(field, &clear).expect("an indexed field has a token");
                let found = store.with_token(field.name(), &token).await?.contains(&customer);
                // Another process may have erased them in between.
                if !found && store.personal(&customer).await?.is_some() {
                    return Err(KeyCheckError::Token(customer));
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use weir_messages::privacy::{Keyring, Tokenizer};
    use weir_messages::{KnownTime, Tasks, TraceId};

    use super::*;
    use crate::store::{self, Commit, Database};

    /// With the keys `m<n>` of a ring, of which the last one seals.
    fn vault_of(ring: &[u8], token: u8) -> Vault {
        let id = |n: &u8| format!("m{n}");
        let keys = ring.iter().map(|n| (id(n), [*n; 32])).collect();
        let master = Keyring::new(id(ring.last().unwrap()), keys).unwrap();
        Vault::new(Arc::new(master), Arc::new(Tokenizer::new("t", [token; 32])))
    }

    fn vault(ring: u8, token: u8) -> Vault {
        let master = Keyring::new("m", BTreeMap::from([("m".to_owned(), [ring; 32])])).unwrap();
        Vault::new(Arc::new(master), Arc::new(Tokenizer::new("t", [token; 32])))
    }

    async fn register(store: &dyn Store, vault: &Vault, customer: CustomerId) {
        let fields = BTreeMap::from([(Field::Phone, format!("138{customer}").into())]);
        let blind_index = vault.blind_index(&customer, &fields);
        let personal = Some(vault.seal(&customer, &fields));
        let commit = Commit::empty(KnownTime::parse("2024-01-15T10:00:00Z").unwrap(), TraceId::random());
        store.commit(Commit { personal, blind_index, ..commit }).await.unwrap();
    }

    #[tokio::test]
    async fn a_ring_without_one_of_the_keys_in_use_is_rejected_by_the_name_of_that_key() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::Sqlite(folder.path().join("lending.db"));
        let store = store::open(&database, Arc::new(|_| ()), &Tasks::default()).await.unwrap().store;
        // The newest key has sealed one customer of many, who is neither the first nor the last by id.
        for n in 10..50 {
            register(
                &*store,
                &vault_of(if n == 33 { &[1, 2, 3] } else { &[1, 2] }, 9),
                CustomerId::new(format!("c{n}")),
            )
            .await;
        }
        assert!(vault_of(&[1, 2, 3], 9).check_keys(&*store).await.is_ok());
        assert!(vault_of(&[2, 3], 9).check_keys(&*store).await.is_ok(), "nothing is sealed under the first key");
        let refused = vault_of(&[1, 2], 9).check_keys(&*store).await.unwrap_err();
        let KeyCheckError::Ring(VaultError::Key { source, .. }) = refused else { panic!("{refused}") };
        assert_eq!(source.to_string(), "key `m3` is not on the ring");
    }

    #[tokio::test]
    async fn other_keys_than_those_the_database_was_written_with_are_rejected() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::Sqlite(folder.path().join("lending.db"));
        let store = store::open(&database, Arc::new(|_| ()), &Tasks::default()).await.unwrap().store;
        assert!(vault(8, 8).check_keys(&*store).await.is_ok(), "an empty database takes any keys");
        let (written, customer) = (vault(7, 9), CustomerId::from("c1"));
        register(&*store, &written, customer.clone()).await;
        assert!(written.check_keys(&*store).await.is_ok());
        assert!(matches!(vault(8, 9).check_keys(&*store).await, Err(KeyCheckError::Ring(_))));
        assert!(matches!(vault(7, 8).check_keys(&*store).await, Err(KeyCheckError::Token(found)) if found == customer));
    }
}
