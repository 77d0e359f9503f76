//! Customers' data keys, for whoever seals something else of theirs: read on connections of their own, which are made when
//! they are first needed, so that a process without the rest of lending has them too.

use std::collections::BTreeSet;
use std::fmt::Debug;

use async_trait::async_trait;
use serde_json::{Value as Json, json};
use weir_messages::CustomerId;

use super::sql::{Row, Sql, Value};
use super::sql_store::Readers;
use super::{Database, Freshness, StoreError, StreamId, postgres, sqlite};

#[async_trait]
pub(crate) trait DataKeys: Send + Sync + Debug {
    /// Those of `customers` who are or were ours, each with the sealed key as it stands now; `None` after an erasure.
    async fn sealed(&self, customers: &BTreeSet<CustomerId>) -> Result<Vec<(CustomerId, Option<String>)>, StoreError>;
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
    async fn sealed(&self, customers: &BTreeSet<CustomerId>) -> Result<Vec<(CustomerId, Option<String>)>, StoreError> {
        // A customer's stream stays when the key goes.
        let sql = "select asked.value->>0, data_keys.wrapped from json_array_elements($1::json) asked
                   join stream_events on stream_events.stream = asked.value->>1 and stream_events.version = 1
                   left join data_keys on data_keys.customer = asked.value->>0";
        let asked = customers.iter().map(|customer| json!([customer, StreamId::customer(customer).as_str()]));
        let asked = Json::from(asked.collect::<Vec<_>>()).to_string();
        let mut reader = self.0.reader(Freshness::Now).await?;
        let rows = reader.rows(sql, &[Value::Text(&asked)]).await?;
        rows.iter().map(|row| Ok((CustomerId::new(row.text(0)?), row.optional(1)?))).collect()
    }
}
