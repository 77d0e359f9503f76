//! Records that producers wrote straight into Kafka, with a client that writes whatever it likes.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use async_trait::async_trait;
use rdkafka::ClientConfig;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use serde_json::json;
use weir_ingest::log::{Entry, EventLog, LogError};
use weir_messages::{Clock, EventTime, Position, Record, Shard, SystemClock, Topic};

use crate::broker::{PARTITIONS, Site};

const DATA: &str = r#"{"screen":"home","target":"next","dwell_ms":10}"#;

struct Client(BaseProducer, String);

type Headers<'a> = Vec<(&'a str, &'a str)>;

/// What a producer writes: the record's key, headers and value.
struct Written<'a> {
    key: Option<&'a [u8]>,
    headers: Headers<'a>,
    value: Option<&'a [u8]>,
}

impl Client {
    fn new(site: &Site) -> Self {
        let client = ClientConfig::new().set("bootstrap.servers", &site.settings.brokers).create().unwrap();
        Self(client, site.topic())
    }

    fn write(&self, Written { key, headers, value }: Written<'_>) {
        let headers = headers
            .into_iter()
            .fold(OwnedHeaders::new(), |headers, (key, value)| headers.insert(Header { key, value: Some(value) }));
        let record = BaseRecord { key, payload: value, ..BaseRecord::to(&self.1).headers(headers) };
        self.0.send(record).map_err(|(error, _)| error).unwrap();
    }

    fn flush(&self) {
        self.0.flush(Duration::from_secs(10)).unwrap();
    }

    fn click(&self, id: &str) {
        let headers = binary(id, "c1");
        self.write(Written { key: Some(b"c1"), headers, value: Some(DATA.as_bytes()) });
    }
}

/// A minute ago: what is older than the repeat window is refused.
fn time() -> &'static str {
    static TIME: LazyLock<String> =
        LazyLock::new(|| EventTime::from_micros(SystemClock.now().micros() - 60_000_000).to_string());
    &TIME
}

fn binary<'a>(id: &'a str, subject: &'a str) -> Headers<'a> {
    vec![
        ("ce_specversion", "1.0"),
        ("ce_id", id),
        ("ce_source", "app"),
        ("ce_type", "behaviour.click.v1"),
        ("ce_subject", subject),
        ("ce_time", time()),
        ("content-type", "application/json"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn both_modes_become_the_same_event_on_the_customers_key_whatever_the_producers() {
    let test = "both_modes_become_the_same_event_on_the_customers_key_whatever_the_producers";
    let Some(site) = Site::new(test).await else { return };
    let (_intake, client) = (site.intake(), Client::new(&site));
    let structured = json!({
        "specversion": "1.0", "id": "e1", "source": "app", "type": "behaviour.click.v1", "subject": "c1",
        "time": time(), "data": serde_json::from_str::<serde_json::Value>(DATA).unwrap(),
    });
    let value = structured.to_string();
    let headers = vec![("content-type", "application/cloudevents+json; charset=UTF-8")];
    client.write(Written { key: None, headers, value: Some(value.as_bytes()) });
    client.write(Written { key: Some(b"\xff"), headers: binary("e2", "c1"), value: Some(DATA.as_bytes()) });
    client.flush();
    let mut entries = site.records(Topic::Events, 2).await;
    entries.sort_by_key(|entry| entry.record.header("ce_id").map(str::to_owned));
    let partition = Shard::of("c1").partition(PARTITIONS);
    for (entry, id) in entries.iter().zip(["e1", "e2"]) {
        assert_eq!((entry.record.key.as_str(), entry.position.partition), ("c1", partition));
        assert_eq!(entry.record.header("ce_id"), Some(id));
        assert!(entry.record.header("ce_knowntime").is_some());
    }
    let events = site.events(2).await;
    let (one, two) = (&events["e1"], &events["e2"]);
    assert_eq!((one.time, one.event_type, &one.source), (two.time, two.event_type, &two.source));
    assert_eq!(serde_json::from_str::<serde_json::Value>(one.data.get()).unwrap(), structured["data"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_without_a_value_is_absent() {
    let Some(site) = Site::new("a_header_without_a_value_is_absent").await else { return };
    let (_intake, client) = (site.intake(), Client::new(&site));
    for (number, nothing) in (0..).zip(["ce_time", "ce_sentat", "ce_consentid", "content-type", "ce_traceparent"]) {
        let id = format!("e{number}");
        let headers = binary(&id, "c1").into_iter().filter(|(name, _)| *name != nothing);
        let headers = headers.map(|(key, value)| Header { key, value: Some(value) });
        let headers = headers.chain([Header { key: nothing, value: None }]);
        let headers = headers.fold(OwnedHeaders::new(), OwnedHeaders::insert);
        let record = BaseRecord::<[u8], [u8]>::to(&client.1).payload(DATA.as_bytes()).headers(headers);
        client.0.send(record).map_err(|(error, _)| error).unwrap();
    }
    client.flush();
    assert_eq!(site.events(5).await.len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn poison_is_a_dead_letter_by_its_place_and_stalls_nothing() {
    let Some(site) = Site::new("poison_is_a_dead_letter_by_its_place_and_stalls_nothing").await else { return };
    let (_intake, client) = (site.intake(), Client::new(&site));
    let json = "application/cloudevents+json";
    let batch = vec![("content-type", "application/cloudevents-batch+json")];
    let nested = "[".repeat(100_000);
    let poison: [(Headers<'_>, Option<&[u8]>, &str); 8] = [
        (Vec::new(), None, "invalid_field"),
        (Vec::new(), Some(b"\xff\x00nonsense"), "malformed"),
        (vec![("content-type", json)], Some(b"{\"specversion\""), "malformed"),
        (vec![("content-type", json)], Some(nested.as_bytes()), "too_deep"),
        (vec![("content-type", json)], Some(b"[]"), "not_an_object"),
        (batch, Some(b"[]"), "unsupported_data"),
        (binary("e1", "c1"), None, "invalid_field"),
        (binary("e1", "c1"), Some(b"{\"screen\":1}"), "invalid_field"),
    ];
    for (headers, value, _) in &poison {
        client.write(Written { key: None, headers: headers.clone(), value: *value });
    }
    client.click("good");
    client.flush();
    assert!(site.events(1).await.contains_key("good"));
    let letters = site.dead_letters(poison.len()).await;
    let mut classes: Vec<&str> = letters.iter().map(|letter| letter.class.as_str()).collect();
    let mut expected: Vec<&str> = poison.iter().map(|(_, _, class)| *class).collect();
    classes.sort_unstable();
    expected.sort_unstable();
    assert_eq!(classes, expected);
    assert!(letters.iter().all(|letter| letter.origin.starts_with("weir.intake/") && letter.stage == "collector"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_goes_on_where_the_group_was() {
    let Some(site) = Site::new("a_restart_goes_on_where_the_group_was").await else { return };
    let client = Client::new(&site);
    for start in [0, 20, 40] {
        let intake = site.intake();
        (start..start + 20).for_each(|number| client.click(&format!("e{number}")));
        client.flush();
        site.events(start + 20).await;
        intake.stop();
        intake.join().unwrap();
    }
    assert_eq!(site.records(Topic::Events, 60).await.len(), 60, "nothing was read twice");
    assert_eq!(site.events(60).await.len(), 60);
}

/// A log whose first appends fail.
#[derive(Debug)]
struct Failing {
    log: Arc<dyn EventLog>,
    left: AtomicU32,
}

#[async_trait]
impl EventLog for Failing {
    async fn append(&self, topic: Topic, records: Vec<Record>) -> Result<Vec<Position>, LogError> {
        let left = self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if left.is_ok() { Err(LogError::Closed) } else { self.log.append(topic, records).await }
    }

    async fn read(&self, topic: Topic, from: Position, most: usize, wait: Duration) -> Result<Vec<Entry>, LogError> {
        self.log.read(topic, from, most, wait).await
    }

    async fn start(&self, topic: Topic, partition: u16) -> Result<u64, LogError> {
        self.log.start(topic, partition).await
    }

    async fn end(&self, topic: Topic, partition: u16) -> Result<u64, LogError> {
        self.log.end(topic, partition).await
    }

    fn partitions(&self, topic: Topic) -> u16 {
        self.log.partitions(topic)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_log_did_not_take_is_read_again() {
    let Some(site) = Site::new("what_the_log_did_not_take_is_read_again").await else { return };
    let log = Arc::clone(&site.log) as Arc<dyn EventLog>;
    let intake = site.intake_into(Arc::new(Failing { log, left: AtomicU32::new(4) }));
    let client = Client::new(&site);
    (0..50).for_each(|number| client.click(&format!("e{number}")));
    client.flush();
    assert_eq!(site.events(50).await.len(), 50);
    assert!(intake.alive());
}
