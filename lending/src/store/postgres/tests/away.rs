//! The database goes away: who asks is told in time, and everything resumes by itself when it comes back.

use std::time::Instant;

use super::super::super::contract::appending;
use super::super::super::{CommitError, StoreError, StreamId};
use super::shared::{Log, relay, telling};
use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_it_is_away_callers_are_told_in_time_and_afterwards_all_resumes() {
    let Some(server) =
        server::PrivateServer::start("while_it_is_away_callers_are_told_in_time_and_afterwards_all_resumes")
    else {
        return;
    };
    let database = Database::Postgres(Box::new(PostgresDatabase::new(&server.url()).unwrap()));
    let log = Arc::new(Log::default());
    let (store, _news) = relay(
        super::super::super::open(&database, Arc::new(|_| ()), &weir_messages::Tasks::default()).await.unwrap(),
        &log,
    );
    store.commit(telling("a", 0)).await.unwrap();
    log.holds(1).await;
    tokio::task::block_in_place(|| server.kill());

    let (asked, stream) = (Instant::now(), StreamId::application(&"a".into()));
    let (commit, read) = tokio::join!(store.commit(telling("a", 1)), store.load(&stream));
    assert!(matches!(commit, Err(CommitError::Store(StoreError::Unavailable(_)))), "{commit:?}");
    assert!(matches!(read, Err(StoreError::Unavailable(_))), "{read:?}");
    assert!(asked.elapsed() < Duration::from_secs(8), "told after {:?}", asked.elapsed());

    tokio::task::block_in_place(|| server.up());
    store.commit(telling("a", 1)).await.unwrap();
    log.holds(2).await;
    assert_eq!(store.verify().await.unwrap(), Ok(2));
    store.close().await;
}

#[tokio::test]
async fn a_process_that_stands_still_in_its_transaction_stops_nobody_for_long() {
    let Some(database) = TestDatabase::of("a_process_that_stands_still_in_its_transaction_stops_nobody_for_long").await
    else {
        return;
    };
    let store = database.open().await;
    let mut frozen = super::super::connect(&for_us(&database.options())).await.unwrap();
    sqlx::raw_sql("begin; select * from heads for update").execute(&mut frozen).await.unwrap();
    store.commit(appending("a", 0, &["1"])).await.unwrap();
    let late = sqlx::raw_sql("update heads set number = 7; commit").execute(&mut frozen).await;
    assert!(late.is_err(), "what it was about to write is gone with its transaction");
    assert_eq!(store.verify().await.unwrap(), Ok(0));
    store.close().await;
}

/// A process of its own as far as the database can tell: it commits once, relays, and then stands still.
fn frozen_after_one_commit(database: Database, log: Arc<Log>) -> std::sync::mpsc::Receiver<()> {
    let (stands_still, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (store, _news) = relay(
                super::super::super::open(&database, Arc::new(|_| ()), &weir_messages::Tasks::default()).await.unwrap(),
                &log,
            );
            store.commit(telling("a", 0)).await.unwrap();
            log.holds(1).await;
            stands_still.send(()).unwrap();
            std::thread::sleep(Duration::from_secs(20));
        });
    });
    told
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_turn_to_relay_passes_on_from_a_process_that_stands_still() {
    let Some(database) = TestDatabase::of("the_turn_to_relay_passes_on_from_a_process_that_stands_still").await else {
        return;
    };
    let (first_log, second_log) = (Arc::new(Log::default()), Arc::new(Log::default()));
    let frozen = frozen_after_one_commit(database.database(), Arc::clone(&first_log));
    tokio::task::spawn_blocking(move || frozen.recv()).await.unwrap().unwrap();
    let (store, _news) = relay(database.opened().await, &second_log);
    store.commit(telling("a", 1)).await.unwrap();
    second_log.holds(1).await;
    assert_eq!(first_log.ids(), ["a-0"], "it stood still");
    assert_eq!(second_log.ids().last().unwrap(), "a-1");
    store.close().await;
}

#[tokio::test]
async fn a_database_that_is_not_there_at_the_start_is_an_error_in_time() {
    let database = PostgresDatabase::new("postgres://weir:s3cret@127.0.0.1:1/books").unwrap();
    let error = super::super::open(&database, Arc::new(|_| ()), &weir_messages::Tasks::default()).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)));
    assert!(!weir_messages::Causes(&error).to_string().contains("s3cret"));
}
