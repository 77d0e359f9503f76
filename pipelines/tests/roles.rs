//! Two processes for each role on Kafka and PostgreSQL: one killed, one frozen and revived, one added, while a thousand
//! applications run. Nothing is lost, nothing doubled, and what stands on the topics gives every vector again.
#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]
#![allow(clippy::print_stderr, reason = "a test that is skipped says so")]

mod harness;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::{StreamExt, stream};
use harness::fleet::{Fleet, until};
use harness::people::{application, consents, registration, telemetry};
use harness::{Weir, answer, root};
use reqwest::{Method, StatusCode};
use serde_json::Value;
use weir_features::{CustomerStage, EntityStage, FeatureViews, FromCustomer, VectorStage};
use weir_ingest::admission::{Admission, Passed};
use weir_ingest::log::{Entry, EventLog};
use weir_messages::{Decision, Derived, FeatureVector, ForEntity, Part, Position, Sequenced, Stage, Topic};

const APPLICATIONS: u32 = 1_000;
const AT_ONCE: usize = 32;

/// Two of a kind, asked in turn; one that does not answer is left for the other.
struct Pair([Weir; 2], AtomicUsize);

impl Pair {
    async fn post(&self, path: &str, key: &str, body: &Value) -> (StatusCode, Value) {
        loop {
            let weir = &self.0[self.1.fetch_add(1, Ordering::Relaxed) % 2];
            let request = weir.request(Method::POST, path).header("idempotency-key", key).json(body);
            match answer(request).await {
                Some((status, _)) if status == StatusCode::SERVICE_UNAVAILABLE => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                Some(answered) => return answered,
                None => {}
            }
        }
    }
}

async fn customers(lending: &Pair, ingest: &Weir) -> Vec<(u32, String)> {
    let register = |number: u32| async move {
        let (status, body) = lending.post("/v1/customers", &format!("r{number}"), &registration(number)).await;
        assert_eq!(status, StatusCode::CREATED, "{body}");
        (number, body["customer"].as_str().unwrap().to_owned())
    };
    let customers: Vec<(u32, String)> = stream::iter(0..APPLICATIONS).map(register).buffered(AT_ONCE).collect().await;
    for some in customers.chunks(100) {
        // Six share a device, and with it an address.
        let events = some
            .iter()
            .flat_map(|(number, customer)| [consents(customer), telemetry(customer, number / 6, 1)].concat());
        let answers = ingest.send_events(&events.collect::<Vec<_>>()).await;
        assert!(answers.iter().all(|one| one["status"] == "accepted"), "{answers:?}");
    }
    customers
}

async fn everything(log: &dyn EventLog, topic: Topic) -> Vec<Vec<Entry>> {
    let mut partitions = Vec::new();
    for partition in 0..log.partitions(topic) {
        let (end, mut entries) = (log.end(topic, partition).await.unwrap(), Vec::new());
        while (entries.len() as u64) < end {
            let from = Position { partition, offset: entries.len() as u64 };
            entries.extend(log.read(topic, from, 5_000, Duration::from_secs(10)).await.unwrap());
        }
        partitions.push(entries);
    }
    partitions
}

/// The vectors that the stages give from what stands on the topics, with where each was completed.
async fn folded_again(log: &dyn EventLog) -> BTreeMap<String, FeatureVector> {
    let sources = weir_pipelines::event_sources(&root().join("lending/products")).unwrap();
    let views = FeatureViews::load(&root().join("features/views"), &sources).unwrap();
    let views = Arc::new(views);
    let mut own: BTreeMap<String, Part> = BTreeMap::new();
    for entries in everything(log, Topic::Events).await {
        let records: Vec<_> = entries.into_iter().map(|entry| Sequenced::first(entry.position, entry.record)).collect();
        let (mut passed, mut out) = (Vec::new(), Vec::new());
        Admission::new(log.partitions(Topic::Events)).process(&records, &mut passed).unwrap();
        let admitted = passed.into_iter().filter_map(|one| match &one.body {
            Passed::Event(event) => Some(one.with(event.clone())),
            Passed::DeadLetter(_) => None,
        });
        CustomerStage::new(Arc::clone(&views)).process(&admitted.collect::<Vec<_>>(), &mut out).unwrap();
        own.extend(out.into_iter().filter_map(|one| match one.body {
            FromCustomer::Part(part) => Some((part.application().to_string(), part)),
            FromCustomer::Entity(_) => None,
        }));
    }
    let mut parts: BTreeMap<String, Part> = BTreeMap::new();
    for entries in everything(log, Topic::EntityEvents).await {
        let mut stage = EntityStage::new(Arc::clone(&views), log.partitions(Topic::Events));
        let mut out = Vec::new();
        stage.process(&read::<ForEntity>(&entries), &mut out).unwrap();
        for one in out {
            let Part::Entity(part) = &one.body else { panic!("entities give no other") };
            parts.insert(format!("{} {} {}", part.application, part.entity, part.read_at), one.body);
        }
    }
    let mut vectors = BTreeMap::new();
    for entries in everything(log, Topic::Features).await {
        for one in read::<Part>(&entries) {
            let again = match &one.body.body {
                Part::Customer { vector, .. } => &own[vector.application.as_str()],
                Part::Entity(part) => &parts[&format!("{} {} {}", part.application, part.entity, part.read_at)],
            };
            assert_eq!(*again, one.body.body, "a part is folded again from its recorded place");
        }
        let mut out = Vec::new();
        VectorStage::default().process(&read::<Part>(&entries), &mut out).unwrap();
        vectors.extend(out.into_iter().map(|one| (one.body.application.to_string(), one.body)));
    }
    vectors
}

fn read<T>(entries: &[Entry]) -> Vec<Sequenced<Derived<T>>>
where
    Derived<T>: for<'a> TryFrom<&'a weir_messages::Record, Error = weir_messages::DecodeError>,
{
    let one = |entry: &Entry| Sequenced::first(entry.position, Derived::try_from(&entry.record).unwrap());
    entries.iter().map(one).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_are_killed_frozen_and_added_and_every_application_is_decided_once() {
    let Some(fleet) = Fleet::new("roles", "twice=20,error-after=20,seed=8").await else { return };
    let lending =
        Pair([fleet.start("lending-a", "lending").await, fleet.start("lending-b", "lending").await], 0.into());
    let ingest = [fleet.start("ingest-a", "ingest").await, fleet.start("ingest-b", "ingest").await];
    let features = [fleet.start("features-a", "features").await, fleet.start("features-b", "features").await];
    let scoring = [fleet.start("scoring-a", "scoring").await, fleet.start("scoring-b", "scoring").await];
    let customers = customers(&lending, &ingest[0]).await;

    let (applied, lending) = (&AtomicUsize::new(0), &lending);
    let apply = |(number, customer): &(u32, String)| {
        let (key, body) = (format!("a{number}"), application(customer, *number));
        async move {
            let (status, body) = lending.post("/v1/applications", &key, &body).await;
            assert_eq!(status, StatusCode::CREATED, "{body}");
            applied.fetch_add(1, Ordering::SeqCst);
            body["application"].as_str().unwrap().to_owned()
        }
    };
    let applying = stream::iter(&customers).map(apply).buffer_unordered(AT_ONCE).collect::<Vec<String>>();
    let disturbing = async {
        let reached = async |count: usize| {
            while applied.load(Ordering::SeqCst) < count {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        reached(100).await;
        features[0].kill();
        reached(200).await;
        scoring[0].signal("STOP");
        let added = fleet.start("features-c", "features").await;
        reached(500).await;
        lending.0[1].kill();
        // Past its poll interval and its session: its partitions are the other's now.
        tokio::time::sleep(Duration::from_secs(9)).await;
        scoring[0].signal("CONT");
        added
    };
    let (applications, _added) = tokio::join!(applying, disturbing);

    let desk = &lending.0[0];
    for application in &applications {
        until("every application is decided", Duration::from_secs(120), async || {
            desk.get(&format!("/v1/applications/{application}")).await["state"] != "submitted"
        })
        .await;
    }

    let log = fleet.log().await;
    let vectors = folded_again(&log).await;
    let (mut records, mut decided) = (0, BTreeMap::<String, BTreeSet<Vec<u8>>>::new());
    for entry in everything(&log, Topic::Decisions).await.concat() {
        let decision: Decision = serde_json::from_slice(&entry.record.value).unwrap();
        assert_eq!(decision.vector, vectors[decision.application.as_str()], "from the recorded order comes the vector");
        decided.entry(decision.application.to_string()).or_default().insert(entry.record.value);
        records += 1;
    }
    assert_eq!(applications.iter().collect::<BTreeSet<_>>().len(), APPLICATIONS as usize);
    assert_eq!(decided.keys().collect::<BTreeSet<_>>(), applications.iter().collect::<BTreeSet<_>>());
    assert!(decided.values().all(|bytes| bytes.len() == 1), "whoever decides, and again, decides the same");
    eprintln!("{records} decision records for {} applications", decided.len());
    for (application, _) in decided.iter().step_by(50) {
        let rerun = answer(desk.request(Method::POST, &format!("/v1/decisions/{application}/rerun"))).await.unwrap().1;
        assert_eq!(rerun["equal"], true, "{rerun}");
    }
    desk.books_balance().await;
}
