//! Customers' data keys, for whoever seals something else of theirs: read on connections of their own, which are made when
//! they are first needed, so that a process without the rest of lending has them too.

use std::collections::BTreeSet;
use std::fmt::Debug;

use async_trait::async_trait;
use serde_json::json;
use weir_messages::CustomerId;

use super::sql::{Row, Sql, Value};
use super::sql_store::Readers;
use super::{Database, Freshness, StoreError, postgres, sqlite};

#[async_trait]
pub(crate) trait DataKeys: Send + Sync + Debug {
    /// The sealed key of each of `customers` who has one, as it stands now.
    async fn sealed(&self, customers: &BTreeSet<CustomerId>) -> Result<Vec<(CustomerId, String)>, StoreError>;
}

pub(crate) fn data_keys(database: &Database) -> Box<dyn DataKeys> {
    match database {
        Database::Sqlite(path) => Box::new(OnReaders(sqlite::key_readers(path))),
        Database::Postgres(postgres) => Box::new(OnReaders(postgres::key_readers(postgres))),
    }
}

#[derive(Debug)]
struct OnReaders<R>(R);

#[async_trait]
impl<R: Readers> DataKeys for OnReaders<R> {
    async fn sealed(&self, customers: &BTreeSet<CustomerId>) -> Result<Vec<(CustomerId, String)>, StoreError> {
        let sql = "select customer, wrapped from data_keys
                   where customer in (select value->>0 from json_array_elements($1::json))";
        let asked = json!(customers.iter().map(|customer| [customer]).collect::<Vec<_>>()).to_string();
        let mut reader = self.0.reader(Freshness::Now).await?;
        let rows = reader.rows(sql, &[Value::Text(&asked)]).await?;
        rows.iter().map(|row| Ok((CustomerId::new(row.text(0)?), row.text(1)?))).collect()
    }
}
