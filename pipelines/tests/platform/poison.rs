//! A record that nobody can read, on each topic, on every partition: it becomes a dead letter or is counted, and those
//! behind it go on.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::Value;
use weir_ingest::log::EventLog;
use weir_messages::{Record, Topic};

use crate::harness::fleet::{Fleet, until};
use crate::harness::people::{application, consents, event, registration, telemetry};
use crate::harness::{output, set, weir};

/// Enough keys to reach each of four partitions.
const KEYS: u32 = 40;

fn poison(number: u32) -> Record {
    Record { key: format!("k{number}"), headers: Vec::new(), value: vec![0xff, 0x00, 0x7b] }
}

/// As an older version wrote it: without what came to be written later.
fn older(customer: &str) -> Record {
    let mut record = Record { key: customer.to_owned(), headers: Vec::new(), value: Vec::new() };
    let headers = [
        ("ce_specversion", "1.0"),
        ("ce_id", "older-1"),
        ("ce_source", "test/older"),
        ("ce_type", "behaviour.click.v1"),
        ("ce_subject", customer),
        ("ce_time", "2026-03-02T08:55:00Z"),
        ("ce_knowntime", "2026-03-02T08:55:00Z"),
    ];
    headers.into_iter().for_each(|(name, value)| record.push_header(name, value));
    record.value = br#"{"screen":"home","target":"next","dwell_ms":700}"#.to_vec();
    record
}

/// A tap in structured mode, on a key of the producer's own.
fn straight_in(customer: &str) -> Record {
    let data = serde_json::json!({ "screen": "home", "target": "next", "dwell_ms": 900 });
    let event = event(customer, "straight-1", "behaviour.click.v1", "2026-03-02T08:56:00Z", data);
    let mut record = Record { key: "producer".to_owned(), headers: Vec::new(), value: event.to_string().into_bytes() };
    record.push_header("content-type", "application/cloudevents+json");
    record
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poison_record_on_each_topic_stalls_nothing() {
    let Some(fleet) = Fleet::new("poison", "").await else { return };
    let log = fleet.log().await;
    let topics = [Topic::Intake, Topic::Events, Topic::EntityEvents, Topic::Features, Topic::Decisions];
    for topic in topics {
        log.append(topic, (0..KEYS).map(poison).collect()).await.unwrap();
    }
    let weir = fleet.start("all", "ingest,features,scoring,lending").await;
    let (status, body) = weir.post("/v1/customers", "r1", &registration(1)).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
    let customer = body["customer"].as_str().unwrap();
    log.append(Topic::Events, vec![older(customer)]).await.unwrap();
    log.append(Topic::Intake, vec![straight_in(customer)]).await.unwrap();
    weir.send_events(&[consents(customer), telemetry(customer, 1, 3)].concat()).await;
    until("the one that was written straight into Kafka is on the log", Duration::from_secs(30), async || {
        let metrics = weir.http.get(format!("{}/metrics", weir.base)).send().await.unwrap().text().await.unwrap();
        metrics.contains("weir_group_lag_records{group=\"weir-intake\"} 0")
    })
    .await;
    let (_, applied) = weir.post("/v1/applications", "a1", &application(customer, 1)).await;
    let path = format!("/v1/applications/{}", applied["application"].as_str().unwrap());
    until("a decision", Duration::from_secs(60), async || weir.get(&path).await["state"] == "approved").await;
    let decision = weir.get(&format!("/v1/decisions/{}", applied["application"].as_str().unwrap())).await;
    assert_eq!(
        decision["vector"]["features"]["taps__taps_7d"], 5,
        "the older record counts, and the one written straight into Kafka: {decision}"
    );

    let mut origins: Vec<String> = Vec::new();
    until("every poison record is a dead letter", Duration::from_secs(30), async || {
        let letters = weir.get("/v1/dead-letters?limit=1000").await["dead_letters"].clone();
        let origin = |letter: &Value| letter["origin"].as_str().unwrap().to_owned();
        origins = letters.as_array().unwrap().iter().map(origin).collect();
        origins.len() >= 4 * KEYS as usize
    })
    .await;
    for topic in &topics[..4] {
        let of_topic = origins.iter().filter(|origin| origin.starts_with(&format!("{topic}/"))).count();
        assert_eq!(of_topic, KEYS as usize, "{topic}: {origins:?}");
    }
    let metrics = weir.http.get(format!("{}/metrics", weir.base)).send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains(&format!("weir_decisions_unreadable_total {KEYS}")), "unreadable decisions are counted");
    let parked = weir.get("/v1/parked?kind=decision&limit=1000").await["parked"].clone();
    assert_eq!(parked.as_array().map(Vec::len), Some(KEYS as usize), "and set aside: {parked}");
}

#[tokio::test]
async fn topics_that_are_not_as_they_should_be_are_refused_by_name() {
    let Some(mut fleet) = Fleet::new("wrong topics", "").await else { return };
    let told = |fleet: &Fleet, arguments: &[&str]| {
        let run = weir().args(arguments).arg("--config").arg(fleet.site.write_config()).output().unwrap();
        (run.status.success(), String::from_utf8_lossy(&[run.stdout, run.stderr].concat()).into_owned())
    };
    let (done, text) = told(&fleet, &["topics", "apply", "--partitions", "8"]);
    assert!(!done && text.contains("weir.events: has 4 partitions where 8 are wanted"), "{text}");
    let (done, text) = told(&fleet, &["topics", "plan"]);
    assert!(done && text.contains("weir.events: as wanted"), "{text}");
    set(&mut fleet.site.config, "kafka", "prefix", "nobody-made-these.");
    let (done, text) = told(&fleet, &["run"]);
    assert!(!done && text.contains("nobody-made-these.weir.events"), "{text}");
    let (done, text) = told(&fleet, &["topics", "apply", "--partitions", "6"]);
    assert!(!done && text.contains("power of two"), "{text}");
    output(weir().args(["topics", "--help"]));
}
