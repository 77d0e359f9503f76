//! Two processes on one database: here two stores, each with a writer, a listener and a wish to relay of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use async_trait::async_trait;
use tokio::task::JoinSet;
use weir_messages::{Event, EventId};

use super::super::super::contract::{appending, commit, entry, event};
use super::super::super::{Commit, CommitError, News, Refused, StreamId};
use super::*;
use crate::outbox::{EventSink, OutboxAge, PublishError, Relay};

/// The log, with what came.
#[derive(Debug, Default)]
pub(super) struct Log(Mutex<Vec<Event>>);

#[async_trait]
impl EventSink for Log {
    async fn publish(&self, events: &[Event]) -> Result<(), PublishError> {
        self.0.lock().unwrap().extend(events.iter().cloned());
        Ok(())
    }
}

impl Log {
    pub(super) fn ids(&self) -> Vec<String> {
        self.0.lock().unwrap().iter().map(|event| event.id.to_string()).collect()
    }

    pub(super) async fn holds(&self, number: usize) {
        for _ in 0..400 {
            if self.ids().iter().collect::<BTreeSet<_>>().len() >= number {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("expected {number} events on the log, found {}", self.ids().len());
    }

    /// Of each customer, the numbers in the order of their first copies.
    pub(super) fn order(&self) -> BTreeMap<String, Vec<u32>> {
        let (mut seen, mut order) = (BTreeSet::new(), BTreeMap::<_, Vec<u32>>::new());
        for id in self.ids() {
            let (customer, number) = id.split_once('-').unwrap();
            if seen.insert(id.clone()) {
                order.entry(customer.to_owned()).or_default().push(number.parse().unwrap());
            }
        }
        order
    }
}

/// As a process relays.
pub(super) fn relay(opened: Opened, log: &Arc<Log>) -> (Arc<dyn Store>, tokio::sync::mpsc::Receiver<News>) {
    let (store, sink) = (Arc::clone(&opened.store), Arc::clone(log) as _);
    let relay = Relay {
        store,
        sink,
        feed: opened.feed,
        age: OutboxAge::default(),
        clock: Arc::new(weir_messages::SystemClock),
        fail_point: Arc::new(|_| ()),
    };
    tokio::spawn(relay.run());
    (opened.store, opened.news)
}

pub(super) fn telling(customer: &str, number: u32) -> Commit {
    let event = Event { id: EventId::new(format!("{customer}-{number}")), ..event("x") };
    let id = format!("{customer}-{number}");
    Commit {
        outbox: vec![event],
        entries: vec![entry(&id, i64::from(number) + 1)],
        ..appending(customer, number.into(), &["1"])
    }
}

/// Commits `number` after `number` for a customer, whichever store it goes to.
async fn customer(stores: [Arc<dyn Store>; 2], name: String, most: u32) {
    for number in 0..most {
        let store = &stores[(number % 2) as usize];
        store.commit(telling(&name, number)).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_commit_at_once_and_one_of_them_relays_all_in_order() {
    let Some(database) = TestDatabase::of("two_processes_commit_at_once_and_one_of_them_relays_all_in_order").await
    else {
        return;
    };
    let log = Arc::new(Log::default());
    let stores = [relay(database.opened().await, &log).0, relay(database.opened().await, &log).0];
    let mut running = JoinSet::new();
    for name in 0..40 {
        running.spawn(customer(stores.clone(), format!("c{name}"), 25));
    }
    running.join_all().await;
    log.holds(1_000).await;
    assert_eq!(log.ids().len(), 1_000, "relayed once");
    assert!(log.order().values().all(|numbers| *numbers == (0..25).collect::<Vec<_>>()), "{:?}", log.order());
    assert_eq!(stores[0].verify().await.unwrap(), Ok(1_000));
    for name in 0..40 {
        let stream = StreamId::application(&format!("c{name}").as_str().into());
        assert_eq!(stores[1].load(&stream).await.unwrap().len(), 25);
    }
    for store in stores {
        store.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_processes_on_one_version_exactly_one_wins() {
    let Some(database) = TestDatabase::of("of_two_processes_on_one_version_exactly_one_wins").await else { return };
    let stores = [database.open().await, database.open().await];
    for round in 0..50 {
        let stream = format!("a{round}");
        let claiming = |owner: &str| Commit {
            claims: vec![super::super::super::Claim { kind: "k", value: stream.clone(), owner: owner.to_owned() }],
            ..commit()
        };
        let (first, second) = tokio::join!(
            stores[0].commit(appending(&stream, 0, &["0"])),
            stores[1].commit(appending(&stream, 0, &["1"]))
        );
        assert_ne!(first.is_ok(), second.is_ok());
        let refused = first.err().or(second.err()).unwrap();
        assert!(matches!(refused, CommitError::Refused(Refused::Version { expected: 0, found: 1, .. })), "{refused}");
        let (first, second) = tokio::join!(stores[0].commit(claiming("a")), stores[1].commit(claiming("b")));
        assert_ne!(first.is_ok(), second.is_ok());
    }
    for store in stores {
        store.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commits_of_another_process_are_relayed_by_notification() {
    let Some(database) = TestDatabase::of("commits_of_another_process_are_relayed_by_notification").await else {
        return;
    };
    let log = Arc::new(Log::default());
    let open = async || {
        super::super::super::open(&database.without_polling(), Arc::new(|_| ()), &weir_messages::Tasks::default())
            .await
            .unwrap()
    };
    let (relaying, mut news) = relay(open().await, &log);
    relaying.commit(telling("a", 0)).await.unwrap();
    log.holds(1).await;
    let (other, _news) = relay(open().await, &log);
    for number in 1..=20 {
        other.commit(telling("a", number)).await.unwrap();
        log.holds(number as usize + 1).await;
    }
    let mut told = async || loop {
        if let News::Applications(applications) = news.recv().await.unwrap() {
            return applications;
        }
    };
    assert_eq!(told().await, ["a".into()]);
    relaying.close().await;
    other.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_the_one_that_relays_goes_the_other_goes_on() {
    let Some(database) = TestDatabase::of("when_the_one_that_relays_goes_the_other_goes_on").await else { return };
    let (first_log, second_log) = (Arc::new(Log::default()), Arc::new(Log::default()));
    let (first, _news) = relay(database.opened().await, &first_log);
    first.commit(telling("a", 0)).await.unwrap();
    first_log.holds(1).await;
    let (second, _news) = relay(database.opened().await, &second_log);
    second.commit(telling("a", 1)).await.unwrap();
    first_log.holds(2).await;
    assert!(second_log.ids().is_empty(), "one at a time");
    first.close().await;
    second.commit(telling("a", 2)).await.unwrap();
    second_log.holds(1).await;
    assert_eq!(second_log.ids(), ["a-2"], "what the first had published and deleted does not come again");
    second.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_that_start_at_once_on_an_empty_database_both_open_it() {
    let Some(database) = TestDatabase::of("processes_that_start_at_once_on_an_empty_database_both_open_it").await
    else {
        return;
    };
    let (first, second) = tokio::join!(database.open(), database.open());
    first.commit(appending("a", 0, &["1"])).await.unwrap();
    assert_eq!(second.load(&StreamId::application(&"a".into())).await.unwrap(), ["1"]);
    first.close().await;
    second.close().await;
}
