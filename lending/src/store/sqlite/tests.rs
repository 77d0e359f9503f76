//! The contract on SQLite, and what only SQLite can get wrong.

use std::sync::Arc;

use super::super::contract::{self, Site, appending};
use super::super::{Find, Listing, ListingState, Listings, Personal, Store, StreamId};
use super::*;
use crate::store::sql::takes_no_writes;

impl Site for tempfile::TempDir {
    async fn open(&self) -> Arc<dyn Store> {
        super::open(&self.path().join("lending.db"), Arc::new(|_| ()), &Tasks::default()).await.unwrap().store
    }

    async fn tamper(&self, sql: &'static str) {
        let mut raw = SqliteConnectOptions::new().filename(self.path().join("lending.db")).connect().await.unwrap();
        sqlx::query(sql).execute(&mut raw).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_contract_holds() {
    contract::all(async || tempfile::tempdir().unwrap()).await;
}

#[tokio::test]
async fn a_full_file_takes_no_more_writes_and_a_broken_rule_is_the_commits_own() {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteConnectOptions::new().filename(folder.path().join("small.db")).create_if_missing(true);
    let mut small = options.connect().await.unwrap();
    sqlx::raw_sql("pragma max_page_count = 8; create table t (a text primary key)").execute(&mut small).await.unwrap();
    let twice = sqlx::raw_sql("insert into t values ('a'); insert into t values ('a')").execute(&mut small).await;
    assert!(!takes_no_writes(&failed(twice.unwrap_err())));
    let full = sqlx::raw_sql("insert into t select hex(randomblob(100000))").execute(&mut small).await;
    let full = failed(full.unwrap_err());
    assert!(takes_no_writes(&full), "{full:?}");
}

#[tokio::test]
async fn a_long_write_ahead_log_begins_anew_or_is_cut_and_one_that_is_read_waits_its_turn() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.open().await;
    let file = folder.path().join("lending.db");
    let log = || std::fs::metadata(folder.path().join("lending.db-wal")).unwrap().len();
    let (mut own, mut reader) = (options(&file).connect().await.unwrap(), options(&file).connect().await.unwrap());
    for version in 0..9 {
        store.commit(appending("a", version, &["1"])).await.unwrap();
    }
    sqlx::raw_sql("begin; select count(*) from journal").execute(&mut reader).await.unwrap();
    store.commit(appending("a", 9, &["2"])).await.unwrap();
    let long = log();
    checkpoint::checkpoint(&mut own, 0).await.unwrap();
    assert!(!checkpoint::cut(&mut own).await.unwrap());
    store.commit(appending("a", 10, &["3"])).await.unwrap();
    assert!(log() > long, "a reader still reads it: it went on at its end");
    sqlx::raw_sql("rollback").execute(&mut reader).await.unwrap();

    let long = log();
    checkpoint::checkpoint(&mut own, 0).await.unwrap();
    store.commit(appending("a", 11, &["4"])).await.unwrap();
    assert_eq!(log(), long, "it began anew in its room");
    assert!(checkpoint::cut(&mut own).await.unwrap());
    assert_eq!(log(), 0);
    assert_eq!(store.load(&StreamId::application(&"a".into())).await.unwrap().len(), 12);
}

#[tokio::test]
async fn a_transaction_left_open_on_a_reader_is_ended_before_the_next_one() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.open().await;
    let readers = readers(SqliteConnectOptions::new().filename(folder.path().join("lending.db"))).await.unwrap();
    for _ in 0..4 {
        let mut reader = readers.reader(Freshness::Now).await.unwrap();
        sqlx::raw_sql("begin; select count(*) from journal").execute(&mut *reader).await.unwrap();
    }
    store.commit(appending("a", 0, &["1"])).await.unwrap();
    for _ in 0..8 {
        let mut reader = readers.reader(Freshness::Now).await.unwrap();
        let found = crate::store::read::load(&mut *reader, &StreamId::application(&"a".into())).await.unwrap();
        assert_eq!(found, ["1"]);
    }
}

/// Such a column is what SQLite makes of a sum that 64 bits do not hold.
#[tokio::test]
async fn a_house_balance_that_is_no_integer_is_named_and_stops_no_commit() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.open().await;
    store.commit(Commit { entries: vec![contract::entry("e1", 5)], ..contract::commit() }).await.unwrap();
    folder.tamper("update house_balances set minor_units = -1.8e19").await;
    store.commit(Commit { entries: vec![contract::entry("e2", 5)], ..contract::commit() }).await.unwrap();
    let broken = store.verify().await.unwrap().unwrap_err().to_string();
    assert!(broken.contains("house:bank:EUR") && broken.contains("says -0.10 EUR"), "{broken}");
    assert_eq!(store.balances().await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_listed_state_that_no_release_knows_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.open().await;
    let state = ListingState::Loan(crate::loan::LoanStatus::Active);
    let listing = Listing { id: "l1".to_owned(), customer: "c1".into(), state };
    store.commit(Commit { listings: vec![listing], ..contract::commit() }).await.unwrap();
    folder.tamper("update listings set state = 'frozen'").await;
    let (listings, freshness) = (Listings::Loans(None), Freshness::Now);
    let find = Find { listings, customer: None, after: None, limit: 9, freshness };
    let error = store.find(&find).await.unwrap_err().to_string();
    assert!(error.starts_with("stored state of a listed loan does not read back: expected one of signed"), "{error}");
}

#[tokio::test]
async fn an_erased_key_is_soon_in_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.open().await;
    let wrapped_key = "sealed-key-that-is-destroyed".to_owned();
    let stands = || {
        let read = |name: &str| std::fs::read(folder.path().join(name)).unwrap_or_default();
        let holds = |bytes: Vec<u8>| bytes.windows(wrapped_key.len()).any(|window| window == wrapped_key.as_bytes());
        ["lending.db", "lending.db-wal"].map(read).into_iter().any(holds)
    };
    let personal = Personal { customer: "c1".into(), wrapped_key: wrapped_key.clone(), fields: Vec::new() };
    store.commit(Commit { personal: Some(personal), ..appending("a", 0, &["1"]) }).await.unwrap();
    assert!(stands());
    store.commit(Commit { erase: Some("c1".into()), ..appending("a", 1, &["2"]) }).await.unwrap();
    let began = Instant::now();
    while stands() {
        assert!(began.elapsed() < Duration::from_secs(60), "the key stands in a file");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    store.close().await;
}
