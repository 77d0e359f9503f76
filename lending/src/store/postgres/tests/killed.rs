//! PostgreSQL killed under load, again and again: what was acknowledged is there, and nothing is there twice.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::task::JoinSet;

use super::super::super::{CommitError, StoreError, StreamId};
use super::shared::{Log, relay, telling};
use super::*;

const KILLS: u32 = 10;
const CUSTOMERS: usize = 16;

/// What one customer knows for certain of its own stream.
#[derive(Debug, Default)]
struct Told {
    acknowledged: u32,
    unavailable: u32,
    unknown: u32,
}

/// Commits one number after the other until told to stop, finding out itself where it was told that nobody knows.
async fn customer(stores: [Arc<dyn Store>; 2], name: String, stop: Arc<AtomicBool>, all: Arc<AtomicU64>) -> Told {
    let (mut told, mut number) = (Told::default(), 0);
    while !stop.load(Ordering::Relaxed) {
        let store = &stores[(number % 2) as usize];
        match store.commit(telling(&name, number)).await {
            Ok(()) => {
                number += 1;
                told.acknowledged += 1;
                all.fetch_add(1, Ordering::Relaxed);
            }
            Err(CommitError::Store(StoreError::Unavailable(_))) => {
                told.unavailable += 1;
                assert_eq!(stands_at(&**store, &name).await, number, "{name} was told that nothing took effect");
            }
            Err(CommitError::Store(StoreError::OutcomeUnknown(_))) => {
                told.unknown += 1;
                number = stands_at(&**store, &name).await;
            }
            Err(other) => panic!("{name} {number}: {other:?}"),
        }
    }
    assert_eq!(stands_at(&*stores[0], &name).await, number, "{name}: acknowledged is there, and once");
    told
}

async fn stands_at(store: &dyn Store, name: &str) -> u32 {
    let stream = StreamId::application(&name.into());
    loop {
        match store.load(&stream).await {
            Ok(bodies) => return u32::try_from(bodies.len()).unwrap(),
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

async fn moved_on(all: &AtomicU64, by: u64) {
    let before = all.load(Ordering::Relaxed);
    for _ in 0..1_200 {
        if all.load(Ordering::Relaxed) >= before + by {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("commits did not resume within 30 s");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_under_load_ten_times_it_has_every_acknowledged_commit_once() {
    let Some(server) =
        server::PrivateServer::start("killed_under_load_ten_times_it_has_every_acknowledged_commit_once")
    else {
        return;
    };
    let database = Database::Postgres(Box::new(PostgresDatabase::new(&server.url()).unwrap()));
    let log = Arc::new(Log::default());
    let mut stores = Vec::new();
    for _ in 0..2 {
        let opened =
            super::super::super::open(&database, Arc::new(|_| ()), &weir_messages::Tasks::default()).await.unwrap();
        stores.push(relay(opened, &log).0);
    }
    let stores: [Arc<dyn Store>; 2] = stores.try_into().unwrap();
    let (stop, all) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let mut running = JoinSet::new();
    for name in 0..CUSTOMERS {
        running.spawn(customer(stores.clone(), format!("c{name}"), Arc::clone(&stop), Arc::clone(&all)));
    }
    for round in 0..KILLS {
        moved_on(&all, 200).await;
        tokio::time::sleep(Duration::from_micros(u64::from(round) * 700)).await;
        tokio::task::block_in_place(|| server.kill());
        tokio::time::sleep(Duration::from_millis(50)).await;
        tokio::task::block_in_place(|| server.up());
    }
    moved_on(&all, 200).await;
    stop.store(true, Ordering::Relaxed);
    let told = running.join_all().await;
    let events = stores[0].verify().await.unwrap().unwrap();
    let acknowledged: u32 = told.iter().map(|one| one.acknowledged).sum();
    assert!(events >= acknowledged.into(), "{events} entries, {acknowledged} acknowledged: {told:?}");
    log.holds(usize::try_from(events).unwrap()).await;
    for (customer, numbers) in log.order() {
        let expected: Vec<_> = (0..u32::try_from(numbers.len()).unwrap()).collect();
        assert_eq!(numbers, expected, "{customer}: first copies are on the log in order");
    }
    assert_eq!(log.ids().iter().collect::<BTreeSet<_>>().len() as u64, events, "each event is on the log");
    for store in stores {
        store.close().await;
    }
}
