//! Retention deletes on Kafka: whatever the topics keep no more, every fold opens and every route answers, or the refusal
//! says what is missing and what to do. And an edited view costs the topics nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use weir_ingest::log::EventLog;
use weir_messages::{Record, Topic};

use crate::harness::fleet::{Fleet, until};
use crate::harness::people::{application, consents, event, registration, telemetry};
use crate::harness::{self, Weir, answer, output, root, set, weir};

const ALL: &str = "ingest,features,scoring,lending";
const PATIENCE: Duration = Duration::from_secs(150);

/// Somebody new, whose phone also sends what nobody consented to.
async fn person(weir: &Weir, number: u32) -> String {
    let (status, body) = weir.post("/v1/customers", &format!("r{number}"), &registration(number)).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
    let customer = body["customer"].as_str().unwrap().to_owned();
    let call = json!({ "contact": "x", "direction": "outgoing", "duration_s": 9, "message": false });
    let mut refused = event(&customer, &format!("{customer}-refused"), "carrier.call.v1", harness::START, call);
    refused["consentid"] = json!("nobody-gave-it");
    let events = [consents(&customer), telemetry(&customer, number, 3), vec![refused]].concat();
    let answers = weir.send_events(&events).await;
    assert!(answers.iter().all(|one| one["status"] == "accepted"), "{answers:?}");
    customer
}

/// Applies, and waits for the decision; the features of its vector.
async fn decided(weir: &Weir, number: u32) -> BTreeMap<String, Value> {
    let customer = person(weir, number).await;
    let (status, body) = weir.post("/v1/applications", &format!("a{number}"), &application(&customer, number)).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
    let id = body["application"].as_str().unwrap().to_owned();
    until("the application is decided", PATIENCE, async || {
        let shown = answer(weir.request(Method::GET, &format!("/v1/applications/{id}"))).await;
        shown.is_some_and(|(status, body)| status == StatusCode::OK && body["state"] != "submitted")
    })
    .await;
    let decision = weir.get(&format!("/v1/decisions/{id}")).await;
    serde_json::from_value(decision["vector"]["features"].clone()).unwrap()
}

/// Records of each topic.
async fn ends(fleet: &Fleet) -> BTreeMap<Topic, u64> {
    let (log, mut ends) = (fleet.log().await, BTreeMap::new());
    for topic in Topic::ALL {
        for partition in 0..log.partitions(topic) {
            *ends.entry(topic).or_default() += log.end(topic, partition).await.unwrap();
        }
    }
    ends
}

/// Deletes all but the newest record of each partition.
async fn trim(fleet: &Fleet, topics: &[Topic]) {
    let log = fleet.log().await;
    let mut before = TopicPartitionList::new();
    for topic in topics {
        for partition in 0..log.partitions(*topic) {
            let end = log.end(*topic, partition).await.unwrap();
            let offset = Offset::Offset(i64::try_from(end.saturating_sub(1)).unwrap());
            before.add_partition_offset(&fleet.settings.topic(*topic), i32::from(partition), offset).unwrap();
        }
    }
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", &fleet.settings.brokers);
    let admin: AdminClient<DefaultClientContext> = config.create().unwrap();
    admin.delete_records(&before, &AdminOptions::new()).await.unwrap();
}

async fn listed_dead_letters(weir: &Weir) -> usize {
    let (status, body) = answer(weir.request(Method::GET, "/v1/dead-letters?limit=1000")).await.unwrap();
    assert_eq!(status, StatusCode::OK, "{body}");
    body["dead_letters"].as_array().unwrap().len()
}

/// The shipped views with one more window of taps.
fn edit_a_view(fleet: &mut Fleet) {
    let folder = fleet.site.folder.path().join("views");
    std::fs::create_dir_all(&folder).unwrap();
    for path in std::fs::read_dir(root().join("features/views")).unwrap().map(|entry| entry.unwrap().path()) {
        let text = std::fs::read_to_string(&path).unwrap();
        let text = text.replace(
            r#"windows  = ["1h", "1d", "7d"]

[aggregates]
taps "#,
            r#"windows  = ["1h", "2h", "1d", "7d"]

[aggregates]
taps "#,
        );
        std::fs::write(folder.join(path.file_name().unwrap()), text).unwrap();
    }
    set(&mut fleet.site.config, "content", "views", folder.display().to_string());
}

/// What nobody's state is made of for ever.
const PASSING: [Topic; 4] = [Topic::DeadLetters, Topic::Features, Topic::Decisions, Topic::Intake];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trimmed_topics_stop_no_fold_and_no_route() {
    let Some(mut fleet) = Fleet::new("retention", "seed=1").await else { return };
    fleet.site.config.remove("objects");
    let one = fleet.start("one", ALL).await;
    for number in 0..6 {
        decided(&one, number).await;
    }
    assert_eq!(listed_dead_letters(&one).await, 6);
    trim(&fleet, &PASSING).await;
    assert_eq!(listed_dead_letters(&one).await, 1, "from the first that is kept");
    let (status, gone) = answer(one.request(Method::GET, "/v1/dead-letters/0")).await.unwrap();
    assert_eq!((status, &gone["code"]), (StatusCode::GONE, &json!("gone")), "{gone}");
    let (status, listed) = answer(one.request(Method::GET, "/v1/decisions")).await.unwrap();
    let partitions = usize::from(fleet.log().await.partitions(Topic::Decisions));
    let count = listed["decisions"].as_array().map_or(0, Vec::len);
    assert!(status == StatusCode::OK && (1..=partitions.min(5)).contains(&count), "those that are kept: {listed}");
    one.stop();

    let one = fleet.start("one", ALL).await;
    decided(&one, 10).await;
    trim(&fleet, &PASSING).await;
    eprintln!("a plain restart decides");

    let before = ends(&fleet).await;
    decided(&one, 11).await;
    let of_one_person = growth(&before, &ends(&fleet).await);
    one.stop();
    edit_a_view(&mut fleet);
    trim(&fleet, &PASSING).await;
    let before = ends(&fleet).await;
    let one = fleet.start("one", ALL).await;
    let features = decided(&one, 12).await;
    assert_eq!(features["taps__taps_2h"], 3, "{features:?}");
    assert_eq!(growth(&before, &ends(&fleet).await), of_one_person, "history is not written again");
    eprintln!("an edited view decides, and the topics grew by one person's records");

    until("everything is saved and committed", PATIENCE, async || {
        let metrics = answer(one.http.get(format!("{}/metrics", one.base))).await.unwrap().1;
        let lags = metrics.as_str().unwrap().lines().filter(|line| line.starts_with("weir_group_lag_records"));
        lags.filter(|line| !line.ends_with(" 0")).count() == 0
    })
    .await;
    // Without an object store the other has nothing but the topics.
    trim(&fleet, &PASSING).await;
    let other = fleet.start("other", ALL).await;
    one.kill();
    let before = ends(&fleet).await;
    decided(&other, 13).await;
    let grown = growth(&before, &ends(&fleet).await);
    for topic in [Topic::EntityEvents, Topic::Decisions] {
        assert_eq!(grown[&topic], of_one_person[&topic], "{topic}: what is committed is not written again");
    }
    assert!(listed_dead_letters(&other).await >= 1);
    eprintln!("another process decides from what is kept");
    other.stop();

    // Consents are made of all events: a process that has no state refuses, and says what to do.
    trim(&fleet, &Topic::ALL).await;
    let fresh = fleet.start("fresh", ALL).await;
    until("the refusal is in the log", PATIENCE, async || {
        let log = std::fs::read_to_string(fleet.log_file("fresh")).unwrap();
        log.contains("are gone, and the state of `customers` is made of them") && log.contains("rebuild_from_kept")
    })
    .await;
    fresh.stop();
    set(&mut fleet.site.config, "limits", "rebuild_from_kept", true);
    let fresh = fleet.start("fresh", ALL).await;
    decided(&fresh, 14).await;
    assert!(std::fs::read_to_string(fleet.log_file("fresh")).unwrap().contains("what came before is missing"));
    fresh.books_balance().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn decisions_deleted_before_lending_had_them_hold_up_none_behind_them() {
    let Some(fleet) = Fleet::new("undelivered", "seed=1").await else { return };
    let one = fleet.start("one", ALL).await;
    decided(&one, 1).await;
    one.stop();
    let junk = |number: u32| Record { key: format!("k{number}"), headers: Vec::new(), value: b"{".to_vec() };
    fleet.log().await.append(Topic::Decisions, (0..200).map(junk).collect()).await.unwrap();
    trim(&fleet, &[Topic::Decisions]).await;
    let one = fleet.start("one", ALL).await;
    decided(&one, 2).await;
    let page = answer(one.http.get(format!("{}/metrics", one.base))).await.unwrap().1;
    let gone = page.as_str().unwrap().lines().find_map(|line| line.strip_prefix("weir_decisions_gone_total "));
    let partitions = usize::from(fleet.log().await.partitions(Topic::Decisions));
    assert_eq!(gone.map(str::parse), Some(Ok(200 - partitions)), "all but the newest of each partition");
    one.stop();
}

fn growth(before: &BTreeMap<Topic, u64>, after: &BTreeMap<Topic, u64>) -> BTreeMap<Topic, u64> {
    after.iter().map(|(topic, end)| (*topic, end - before[topic])).collect()
}

#[tokio::test]
async fn a_retention_that_state_needs_is_refused_by_plan_and_at_the_start() {
    let site = harness::Site::new("seed=1");
    let mut config = site.config.clone();
    set(&mut config, "kafka", "brokers", "127.0.0.1:1");
    let days: toml::Table = "events = 400\nfeatures = 2".parse().unwrap();
    set(&mut config, "kafka", "retention_days", days);
    let path = site.folder.path().join("short.toml");
    std::fs::write(&path, toml::to_string(&config).unwrap()).unwrap();
    for command in [&["topics", "plan"][..], &["topics", "apply"], &["config", "check"], &["run"]] {
        let refused = weir().args(command).arg("--config").arg(&path).output().unwrap();
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success(), "{command:?}");
        assert!(said.contains("kafka.retention_days.events: expected at least forever, found 400 days"), "{said}");
        assert!(said.contains("kafka.retention_days.features: expected at least 4 days, found 2 days"), "{said}");
    }
    let days: toml::Table = "dead_letters = 30\nfeatures = 10".parse().unwrap();
    set(&mut config, "kafka", "retention_days", days);
    std::fs::write(&path, toml::to_string(&config).unwrap()).unwrap();
    output(weir().args(["config", "check", "--config"]).arg(&path));
}
