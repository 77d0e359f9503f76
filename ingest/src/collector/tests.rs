//! The collector over an embedded log: what is taken, refused, repeated, and what it leaves behind.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};
use weir_messages::{DeadLetter, Event, EventTime, Position};

use bytes::Bytes;

use super::*;
use crate::bench::{NOW, Site, keyring};
use crate::log::{EmbeddedLog, Entry, LogError};

const PERSONAL: &str = "13800138000";

fn click(id: &str) -> Value {
    json!({
        "specversion": "1.0", "id": id, "source": "app", "type": "behaviour.click.v1", "subject": "c1",
        "time": "2026-03-01T09:00:00Z", "data": { "screen": "home", "target": "next", "dwell_ms": 10 },
    })
}

fn with(mut event: Value, field: &str, value: Value) -> Value {
    event[field] = value;
    event
}

fn trace() -> TraceId {
    TraceId::from_traceparent("00-0000000000000000000000000000007b-0000000000000001-01").unwrap()
}

async fn batch(site: &Site, events: &[Value]) -> Vec<Answer> {
    let body = Bytes::from(serde_json::to_vec(events).unwrap());
    site.collector.collect(Content::Batch(body), trace()).await.unwrap()
}

fn statuses(answers: &[Answer]) -> Vec<Status> {
    answers.iter().map(|answer| answer.status).collect()
}

#[tokio::test]
async fn an_accepted_event_is_on_the_log_with_its_times_trace_and_tokens() {
    let site = Site::new();
    let login = json!({
        "specversion": "1.0", "id": "e1", "source": "weir-demo/app", "type": "device.login", "subject": "c1",
        "time": "2026-03-01T11:59:58Z", "sentat": "2026-03-01T12:00:00Z", "lang": "de",
        "data": { "device": "device-77", "ip": "203.0.113.77", "imei": PERSONAL, "os": "android" },
    });
    let answers = batch(&site, &[login]).await;
    assert_eq!(answers, [Answer::plain(Some("e1".to_owned()), Status::Accepted)]);
    let record = site.events(0).await.remove(0).record;
    let event = Event::try_from(&record).unwrap();
    assert_eq!((record.key.as_str(), event.trace), ("c1", Some(trace())));
    assert_eq!(event.known_time.to_string(), NOW);
    assert_eq!(event.time, EventTime::parse("2026-03-01T09:59:58Z").unwrap(), "the device's clock is two hours ahead");
    assert_eq!(event.original_time, Some(EventTime::parse("2026-03-01T11:59:58Z").unwrap()));
    assert!(!event.data.get().contains(PERSONAL) && event.data.get().contains("tok_k1_"), "{}", event.data);
    assert!(site.read(Topic::DeadLetters, 0).await.is_empty());
}

#[tokio::test]
async fn one_wrong_event_is_named_by_its_field_sealed_and_takes_none_with_it() {
    let site = Site::new();
    let call = json!({ "contact": "x", "direction": "incoming", "duration_s": 3, "message": false });
    let call = with(with(click("w"), "type", json!("carrier.call.v1")), "data", call);
    let data = |data: Value| with(click("w"), "data", data);
    let wrong = [
        (json!(7), "invalid_field", "."),
        (with(click("w"), "specversion", json!("0.3")), "invalid_field", "specversion"),
        (with(click("w"), "specversion", Value::Null), "invalid_field", "specversion"),
        (with(click("w"), "id", json!("")), "invalid_field", "id"),
        (with(click("w"), "id", Value::Null), "invalid_field", "id"),
        (with(click("w"), "id", json!("x".repeat(257))), "invalid_field", "id"),
        (with(click("w"), "source", json!("a b")), "invalid_field", "source"),
        (with(click("w"), "subject", Value::Null), "invalid_field", "subject"),
        (with(click("w"), "subject", json!("x".repeat(129))), "invalid_field", "subject"),
        (with(click("w"), "subject", json!(13_800_138_000_u64)), "invalid_field", "subject"),
        (with(click("w"), "type", json!(PERSONAL)), "unknown_type", "type"),
        (with(click("w"), "type", json!("behaviour.click.v2")), "unknown_type", "type"),
        (with(click("w"), "type", json!("application.v1")), "reserved_type", "type"),
        (with(click("w"), "time", json!("13800138000 o'clock")), "invalid_field", "time"),
        (with(click("w"), "time", json!("2026-03-01T10:05:01Z")), "time_ahead", "time"),
        (with(click("w"), "sentat", json!([])), "invalid_field", "sentat"),
        (with(click("w"), "My-Name", json!(PERSONAL)), "invalid_field", "My-Name"),
        (with(click("w"), "datacontenttype", json!("text/xml")), "unsupported_data", "datacontenttype"),
        (with(click("w"), "time", json!("1772359200")), "invalid_field", "time"),
        (with(click("w"), "time", json!(1_772_359_200_000_u64)), "invalid_field", "time"),
        (with(click("w"), "data_base64", json!("e30=")), "invalid_field", "data_base64"),
        (data(Value::Null), "invalid_field", "data"),
        (data(json!(["home", "next", 10])), "invalid_field", "data"),
        (data(json!({ "screen": "a", "target": "b" })), "invalid_field", "data.dwell_ms"),
        (data(json!({ "screen": "a", "target": "b", "dwell_ms": PERSONAL })), "invalid_field", "data.dwell_ms"),
        (call.clone(), "consent_missing", "consentid"),
        (with(call, "consentid", json!("")), "invalid_field", "consentid"),
    ];
    for (number, (wrong, code, field)) in wrong.iter().enumerate() {
        let good = |name: &str| click(&format!("{name}{number}"));
        let answers = batch(&site, &[good("a"), wrong.clone(), good("b")]).await;
        assert_eq!(statuses(&answers), [Status::Accepted, Status::Rejected, Status::Accepted], "{wrong}");
        let refused = &answers[1];
        assert_eq!(
            (refused.code.as_deref(), refused.field.as_deref()),
            (Some(*code), Some(*field)),
            "{wrong}: {refused:?}"
        );
        assert!(
            !refused.reason.as_ref().unwrap().is_empty() && !format!("{refused:?}").contains(PERSONAL),
            "{refused:?}"
        );
    }
    assert_eq!(site.events(0).await.len(), 2 * wrong.len());
    let letters = site.read(Topic::DeadLetters, 0).await;
    assert_eq!(letters.len(), wrong.len());
    for (entry, (wrong, code, _)) in letters.iter().zip(&wrong) {
        let letter = DeadLetter::try_from(&entry.record).unwrap();
        let about = (letter.origin.as_str(), letter.stage.as_str(), letter.class.as_str(), entry.record.key.as_str());
        assert_eq!(about, ("http", "collector", *code, ""));
        assert!(!format!("{:?}", entry.record).contains(PERSONAL));
        assert_eq!(keyring().open("weir.dead-letters", &letter.body.text).unwrap(), wrong.to_string().into_bytes());
    }
}

#[tokio::test]
async fn a_repeat_is_a_duplicate_within_a_batch_and_after_it() {
    let site = Site::new();
    let other_source = with(click("e1"), "source", json!("app2"));
    let answers = batch(&site, &[click("e1"), click("e1"), other_source, click("e2")]).await;
    assert_eq!(statuses(&answers), [Status::Accepted, Status::Duplicate, Status::Accepted, Status::Accepted]);
    assert_eq!(statuses(&batch(&site, &[click("e2"), click("e3")]).await), [Status::Duplicate, Status::Accepted]);
    assert_eq!(site.events(0).await.len(), 4);
}

#[tokio::test]
async fn a_refused_event_is_no_duplicate_once_it_is_right() {
    let site = Site::new();
    let wrong = with(click("e1"), "specversion", json!("0.3"));
    assert_eq!(statuses(&batch(&site, &[wrong, click("e1")]).await), [Status::Rejected, Status::Accepted]);
}

#[tokio::test]
async fn a_batch_is_known_at_one_moment_and_an_absent_time_is_that_moment() {
    let site = Site::new();
    let mut bare = click("e1");
    bare.as_object_mut().unwrap().remove("time");
    batch(&site, &[bare, click("e2")]).await;
    let events: Vec<Event> = site.events(0).await.iter().map(|entry| Event::try_from(&entry.record).unwrap()).collect();
    assert!(events.iter().all(|event| event.known_time.to_string() == NOW));
    assert_eq!((events[0].time.to_string().as_str(), events[0].original_time), (NOW, None));
}

#[tokio::test]
async fn every_mode_leads_to_the_same_record() {
    let site = Site::new();
    let structured = Content::Structured(click("e1").to_string().into());
    let attribute = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let attributes = [
        ("specversion", "1.0"),
        ("id", "e2"),
        ("source", "app"),
        ("type", "behaviour.click.v1"),
        ("subject", "c1"),
        ("time", "2026-03-01T09:00:00Z"),
    ];
    let binary = Content::Binary {
        attributes: attributes.map(attribute).to_vec(),
        content_type: Some("application/json".to_owned()),
        data: click("e2")["data"].to_string().into(),
    };
    let xml = Content::Binary {
        attributes: attributes.map(attribute).to_vec(),
        content_type: Some("text/xml".to_owned()),
        data: "<a/>".into(),
    };
    for content in [structured, binary] {
        let answers = site.collector.collect(content, trace()).await.unwrap();
        assert_eq!(statuses(&answers), [Status::Accepted]);
    }
    let refused = site.collector.collect(xml, trace()).await.unwrap().remove(0);
    assert_eq!(
        (refused.code.as_deref(), refused.field.as_deref()),
        (Some("unsupported_data"), Some("datacontenttype"))
    );
    let mut records = site.events(0).await.into_iter().map(|entry| entry.record);
    let (structured, mut binary) = (records.next().unwrap(), records.next().unwrap());
    binary.headers[1].value = "e1".to_owned();
    assert_eq!(structured, binary);
}

#[tokio::test]
async fn an_event_from_before_the_repeat_window_is_rejected() {
    let site = Site::new();
    let at = |id: &str, time: &str| with(click(id), "time", json!(time));
    let answers = batch(&site, &[at("e1", "2026-01-30T10:00:00Z"), at("e2", "2026-01-30T09:59:59Z")]).await;
    assert_eq!(statuses(&answers), [Status::Accepted, Status::Rejected]);
    assert_eq!((answers[1].code.as_deref(), answers[1].field.as_deref()), (Some("too_old"), Some("time")));
}

#[tokio::test]
async fn an_empty_batch_has_no_answers_and_a_broken_body_takes_nothing() {
    let site = Site::new();
    assert!(batch(&site, &[]).await.is_empty());
    let body = Bytes::from(format!("[{},", click("e1")));
    let error = site.collector.collect(Content::Batch(body), trace()).await.unwrap_err();
    assert!(matches!(error, CollectError::Body { code: "malformed", .. }), "{error}");
    assert!(site.events(0).await.is_empty() && site.read(Topic::DeadLetters, 0).await.is_empty());
}

/// A log that takes appends or refuses them, as it is told.
#[derive(Debug)]
struct Moody {
    log: EmbeddedLog,
    refuses: AtomicBool,
}

#[async_trait]
impl EventLog for Moody {
    async fn append(&self, topic: Topic, records: Vec<Record>) -> Result<Vec<Position>, LogError> {
        if self.refuses.load(Ordering::SeqCst) {
            return Err(LogError::Closed);
        }
        self.log.append(topic, records).await
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

#[tokio::test]
async fn what_the_log_did_not_take_is_not_remembered_as_taken() {
    let folder = tempfile::tempdir().unwrap();
    let log = EmbeddedLog::open(folder.path()).unwrap();
    let log = Arc::new(Moody { log, refuses: AtomicBool::new(true) });
    let site = Site::on(Arc::clone(&log) as Arc<dyn EventLog>, folder);
    let body = Content::Structured(click("e1").to_string().into());
    let error = site.collector.collect(body, trace()).await.unwrap_err();
    assert!(matches!(error, CollectError::Log(LogError::Closed)), "{error}");
    log.refuses.store(false, Ordering::SeqCst);
    assert_eq!(statuses(&batch(&site, &[click("e1")]).await), [Status::Accepted]);
}

#[tokio::test(flavor = "multi_thread")]
async fn large_batches_at_once_are_all_answered_in_order() {
    let site = Arc::new(Site::new());
    let mut senders = tokio::task::JoinSet::new();
    for sender in 0..8 {
        let site = Arc::clone(&site);
        senders.spawn(async move {
            let ids: Vec<String> = (0..500).map(|number| format!("{sender}-{number}")).collect();
            let answers = batch(&site, &ids.iter().map(|id| click(id)).collect::<Vec<_>>()).await;
            assert_eq!(answers.iter().map(|answer| answer.id.clone().unwrap()).collect::<Vec<_>>(), ids);
        });
    }
    senders.join_all().await;
    assert_eq!(site.events(0).await.len(), 4_000);
}
