//! The contract on PostgreSQL, and what several processes on one database can get wrong.

mod away;
mod backup;
mod killed;
mod lost;
mod replica;
mod server;
mod shared;

use std::sync::Arc;

use super::super::contract::{self, Site};
use super::super::{Database, Opened, Store};
use super::*;
pub(crate) use server::TestDatabase;

impl TestDatabase {
    async fn opened(&self) -> Opened {
        super::super::open(&self.database(), Arc::new(|_| ()), &Tasks::default()).await.unwrap()
    }

    pub(crate) fn database(&self) -> Database {
        Database::Postgres(Box::new(PostgresDatabase::new(&self.url).unwrap()))
    }

    /// Whose processes hear of each other by notifications alone.
    pub(crate) fn without_polling(&self) -> Database {
        Database::Postgres(Box::new(PostgresDatabase::new(&self.url).unwrap().without_polling()))
    }
}

impl Site for TestDatabase {
    async fn open(&self) -> Arc<dyn Store> {
        self.opened().await.store
    }

    async fn tamper(&self, sql: &'static str) {
        sqlx::raw_sql(sql).execute(&mut self.connect().await).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_contract_holds() {
    let Some(admin) = server::admin("the_contract_holds") else { return };
    contract::all(async || TestDatabase::create(&admin).await).await;
}

#[tokio::test]
async fn a_transaction_left_open_on_a_reader_is_ended_before_the_next_one() {
    let Some(database) = TestDatabase::of("a_transaction_left_open_on_a_reader_is_ended_before_the_next_one").await
    else {
        return;
    };
    let store = database.open().await;
    let pool = super::pool(database.options(), 2);
    for _ in 0..4 {
        let mut reader = pool.acquire().await.unwrap();
        sqlx::raw_sql("begin isolation level repeatable read; select count(*) from journal")
            .execute(&mut *reader)
            .await
            .unwrap();
    }
    store.commit(contract::appending("a", 0, &["1"])).await.unwrap();
    for _ in 0..8 {
        let mut reader = pool.acquire().await.unwrap();
        let rows = reader.rows("select body from stream_events", &[]).await.unwrap();
        assert_eq!(rows.len(), 1);
    }
    store.close().await;
}

#[tokio::test]
async fn a_commit_is_on_the_disk_before_it_is_answered_however_the_server_is_set() {
    let Some(database) =
        TestDatabase::of("a_commit_is_on_the_disk_before_it_is_answered_however_the_server_is_set").await
    else {
        return;
    };
    for (set, used) in [("off", "on"), ("remote_apply", "remote_apply")] {
        let sql = format!("alter role current_user in database {} set synchronous_commit = {set}", database.name);
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut database.connect().await).await.unwrap();
        let mut connection = super::connect_to_write(&for_us(&database.options())).await.unwrap();
        let shown = connection.rows("show synchronous_commit", &[]).await.unwrap();
        assert_eq!(shown[0].text(0).unwrap(), used);
    }
}
