//! Customers' own keys, lent to whoever keeps something else that must die with them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use weir_messages::CustomerId;
use weir_messages::privacy::{Keyring, SealError};

use super::unwrapped;
use crate::store::{self, DataKeys, Database, StoreError};

#[derive(Debug)]
pub struct CustomerKeys {
    master: Arc<Keyring>,
    keys: Box<dyn DataKeys>,
}

impl CustomerKeys {
    /// Of the customers in `database`, which is connected to when a key is first asked for.
    #[must_use]
    pub fn new(database: &Database, master: Arc<Keyring>) -> Self {
        Self { master, keys: store::data_keys(database) }
    }

    /// The keys of those of `customers` who are or were ours, each opened; `None` where it was destroyed with an erasure.
    pub async fn of(
        &self,
        customers: &BTreeSet<CustomerId>,
    ) -> Result<BTreeMap<CustomerId, Option<Result<Keyring, SealError>>>, StoreError> {
        let sealed = self.keys.sealed(customers).await?;
        let opened = sealed.into_iter().map(|(customer, wrapped)| {
            let key = wrapped.map(|wrapped| unwrapped(&self.master, &customer, &wrapped));
            (customer, key)
        });
        Ok(opened.collect())
    }
}
