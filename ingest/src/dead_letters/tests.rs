//! Dead letters listed, shown and replayed over an embedded log.

use weir_messages::{EventTime, Stage};

use super::*;
use crate::admission::{Admission, Passed};
use crate::bench::{Site, seals};
use crate::collector::Status;

fn event(id: &str, event_type: &str, data: serde_json::Value) -> serde_json::Value {
    json!({ "specversion": "1.0", "id": id, "source": "app", "type": event_type, "subject": "c1", "data": data })
}

fn call(id: &str) -> serde_json::Value {
    let data = json!({ "contact": "x", "direction": "incoming", "duration_s": 3, "message": false });
    let mut call = event(id, "carrier.call.v1", data);
    call["consentid"] = "n1".into();
    call
}

fn consent(id: &str) -> serde_json::Value {
    event(id, "consent.granted.v1", json!({ "consent": "n1", "classes": ["carrier"], "text_version": "1" }))
}

async fn collect(site: &Site, event: &serde_json::Value) -> Answer {
    let body = Content::Structured(event.to_string().into());
    site.collector.collect(body, TraceId::random()).await.unwrap().remove(0)
}

fn dead_letters(site: &Site) -> DeadLetters {
    DeadLetters::new(Arc::clone(&site.log), seals(), Arc::clone(&site.collector))
}

#[tokio::test]
async fn what_http_refused_is_listed_shown_and_refused_again() {
    let site = Site::new();
    let dead_letters = dead_letters(&site);
    let sent = event("e1", "device.dance.v1", json!({ "phone": "13800138000", "x": 1.50 }));
    collect(&site, &sent).await;
    let listed = dead_letters.list(0, 9).await.unwrap();
    assert_eq!((listed.len(), &*listed[0].origin, &*listed[0].class), (1, "http", "unknown_type"));
    assert!(!serde_json::to_string(&listed).unwrap().contains("138"));
    assert_eq!(dead_letters.show(0).await.unwrap().original.get(), sent.to_string());
    let Replayed::Collector { results } = dead_letters.replay(0, TraceId::random()).await.unwrap() else {
        panic!("it came over HTTP")
    };
    let [Answer { status: Status::Rejected, code: Some(code), .. }] = &*results else { panic!("{results:?}") };
    assert_eq!(code, "unknown_type");
    assert_eq!(dead_letters.list(1, 9).await.unwrap().len(), 1, "refused again, which is on record too");
    assert!(matches!(dead_letters.show(7).await, Err(DeadLetterError::NotFound(7))));
}

#[tokio::test]
async fn an_event_as_deep_as_may_be_is_refused_again_for_what_it_was_refused_for() {
    let site = Site::new();
    let deepest = "[".repeat(127) + &"]".repeat(127);
    let json = event("e1", "device.dance.v1", json!("deepest")).to_string().replace("\"deepest\"", &deepest);
    let sent = Content::Structured(json.into());
    let answers = site.collector.collect(sent, TraceId::random()).await.unwrap();
    assert_eq!(answers[0].code.as_deref(), Some("unknown_type"));
    let replayed = dead_letters(&site).replay(0, TraceId::random()).await.unwrap();
    assert_eq!(replayed, Replayed::Collector { results: answers });
}

#[tokio::test]
async fn a_record_of_the_intake_topic_is_shown_whole_and_goes_through_its_checks_again() {
    let site = Site::new();
    let dead_letters = dead_letters(&site);
    let mut record = Record { key: "any".to_owned(), headers: Vec::new(), value: b"{\"a\":1}".to_vec() };
    record.push_header("ce_id", "e1");
    let sent = Entry { position: Position { partition: 3, offset: 17 }, record };
    let answers = site.collector.collect_records(&[sent]).await.unwrap();
    assert_eq!((answers[0].id.as_deref(), answers[0].field.as_deref()), (Some("e1"), Some("specversion")));
    let shown = dead_letters.show(0).await.unwrap();
    assert_eq!((shown.letter.origin.as_str(), shown.letter.stage.as_str()), ("weir.intake/3/17", "collector"));
    let original: serde_json::Value = serde_json::from_str(shown.original.get()).unwrap();
    assert_eq!(original, json!({ "key": "any", "headers": { "ce_id": "e1" }, "value": "{\"a\":1}" }));
    let replayed = dead_letters.replay(0, TraceId::random()).await.unwrap();
    assert_eq!(replayed, Replayed::Collector { results: answers });
    assert_eq!(dead_letters.list(0, 9).await.unwrap()[1].origin, "weir.intake/3/17");
}

/// Folds everything on the log, from its start, and puts the dead letters there.
async fn fold(site: &Site, admission: &mut Admission, from: u64) -> usize {
    let entries = site.events(from).await;
    let batch: Vec<_> = entries.into_iter().map(|e| weir_messages::Sequenced::first(e.position, e.record)).collect();
    let mut out = Vec::new();
    admission.process(&batch, &mut out).unwrap();
    let letters = out.iter().filter_map(|one| match &one.body {
        Passed::DeadLetter(letter) => Some(letter.clone()),
        Passed::Event(_) => None,
    });
    let letters = seals().seal(letters.collect()).await.unwrap();
    site.log.append(TOPIC, letters.iter().map(Record::from).collect()).await.unwrap();
    out.len() - letters.len()
}

#[tokio::test]
async fn what_the_first_stage_refused_goes_through_once_its_consent_is_there() {
    let site = Site::new();
    let (dead_letters, mut admission) = (dead_letters(&site), Admission::new(1));
    let call = call("e1");
    assert_eq!(collect(&site, &call).await.status, Status::Accepted);
    assert_eq!(fold(&site, &mut admission, 0).await, 0);
    let listed = dead_letters.list(0, 9).await.unwrap();
    assert_eq!((listed[0].origin.as_str(), listed[0].class.as_str()), ("weir.events/0/0", "consent_not_live"));
    let shown = dead_letters.show(0).await.unwrap();
    assert!(shown.original.get().contains("\"ce_id\":\"e1\""), "{}", shown.original);

    collect(&site, &consent("e2")).await;
    assert_eq!(fold(&site, &mut admission, 1).await, 1);
    site.clock.move_to(EventTime::parse("2026-03-02T00:00:00Z").unwrap().as_known());
    for (offset, admitted) in [(2, 1), (3, 0)] {
        let replayed = dead_letters.replay(0, TraceId::random()).await.unwrap();
        assert_eq!(replayed, Replayed::Admission { position: Position { partition: 0, offset } });
        assert_eq!(fold(&site, &mut admission, offset).await, admitted);
    }
    assert_eq!(admission.repeats(), 1);
    let again = site.events(2).await.remove(0).record;
    assert_eq!(again.header("ce_knowntime"), Some("2026-03-02T00:00:00.000000Z"), "known from the replay on");
}

#[tokio::test]
async fn an_event_refused_for_consent_counts_when_it_is_sent_again() {
    let (site, mut admission) = (Site::new(), Admission::new(1));
    for (sent, admitted) in [(call("e1"), 0), (consent("e2"), 1), (call("e1"), 1), (call("e1"), 0)] {
        let next = site.log.end(Topic::Events, 0).await.unwrap();
        assert_eq!(collect(&site, &sent).await.status, Status::Accepted, "{sent}");
        assert_eq!(fold(&site, &mut admission, next).await, admitted, "{sent}");
    }
    assert_eq!(collect(&site, &consent("e2")).await.status, Status::Duplicate);
}
