//! Admission over whole logs: whatever the batches, snapshots and restarts, the same comes out.

mod repeats;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use serde_json::value::RawValue;
use weir_messages::{CustomerId, EventId, EventTime, Position};

use super::*;
use crate::log::codec;
use crate::state::StateStore;

fn event(id: &str, subject: &str, event_type: EventType, at: i64, data: &str) -> Event {
    Event {
        id: EventId::new(id),
        source: "app".to_owned(),
        event_type,
        subject: CustomerId::new(subject),
        time: EventTime::from_micros(at),
        known_time: KnownTime::from_micros(at + 1),
        original_time: None,
        consent_id: None,
        trace: None,
        data: RawValue::from_string(data.to_owned()).unwrap(),
    }
}

fn click(id: &str, subject: &str, at: i64) -> Event {
    event(id, subject, EventType::BehaviourClick, at, r#"{"screen":"a","target":"b","dwell_ms":1}"#)
}

fn call(id: &str, subject: &str, at: i64, consent: Option<&str>) -> Event {
    let data = r#"{"contact":"tok_k1_0","direction":"incoming","duration_s":1,"message":false}"#;
    let call = event(id, subject, EventType::CarrierCall, at, data);
    Event { consent_id: consent.map(str::to_owned), ..call }
}

fn granted(id: &str, subject: &str, at: i64, consent: &str, class: &str, expires: Option<i64>) -> Event {
    let expires = expires.map_or("null".to_owned(), |at| at.to_string());
    let data = format!(r#"{{"consent":"{consent}","classes":["{class}"],"text_version":"1","expires":{expires}}}"#);
    event(id, subject, EventType::ConsentGranted, at, &data)
}

fn withdrawn(id: &str, subject: &str, at: i64, consent: &str) -> Event {
    event(id, subject, EventType::ConsentWithdrawn, at, &format!(r#"{{"consent":"{consent}"}}"#))
}

fn log(records: Vec<Record>) -> Vec<Sequenced<Record>> {
    let place = |(offset, record)| Sequenced::first(Position { partition: 0, offset }, record);
    (0..).zip(records).map(place).collect()
}

/// What came out, without the seals, which are never the same twice.
fn shown(out: &[Sequenced<Passed>]) -> Vec<String> {
    let one = |passed: &Sequenced<Passed>| match &passed.body {
        Passed::Event(Admitted { event, consents }) => {
            format!(
                "{} {} [{}]",
                passed.position.offset,
                event.id,
                consents.iter().cloned().collect::<Vec<_>>().join(",")
            )
        }
        Passed::DeadLetter(letter) => format!("{} {} {}", passed.position.offset, letter.class, letter.message),
    };
    out.iter().map(one).collect()
}

fn folded(admission: &mut Admission, records: &[Sequenced<Record>]) -> Vec<String> {
    let mut out = Vec::new();
    admission.process(records, &mut out).unwrap();
    shown(&out)
}

fn of_events(events: &[Event]) -> Vec<String> {
    folded(&mut Admission::new(1), &log(events.iter().map(Record::from).collect()))
}

#[test]
fn an_event_comes_once_whatever_its_content_and_place() {
    let mut other_source = click("e1", "c1", 5);
    other_source.source = "app2".to_owned();
    let mut admission = Admission::new(1);
    let events = [click("e1", "c1", 5), click("e1", "c2", 9), other_source, click("e1", "c1", 5)];
    let out = folded(&mut admission, &log(events.iter().map(Record::from).collect()));
    assert_eq!((out, admission.repeats()), (vec!["0 e1 []".to_owned(), "2 e1 []".to_owned()], 2));
}

#[test]
fn events_carry_the_consents_that_are_live_when_they_are_known() {
    let events = [
        click("e1", "c1", 10),
        granted("e2", "c1", 20, "n1", "device", None),
        granted("e3", "c1", 30, "n2", "carrier", Some(61)),
        click("e4", "c1", 59),
        click("e5", "c1", 60),
        click("e6", "c2", 60),
        withdrawn("e7", "c1", 70, "n1"),
    ];
    let expected = [
        "0 e1 []",
        "1 e2 [device]",
        "2 e3 [carrier,device]",
        "3 e4 [carrier,device]",
        "4 e5 [device]",
        "5 e6 []",
        "6 e7 []",
    ];
    assert_eq!(of_events(&events), expected);
}

#[test]
fn a_sensitive_event_needs_a_live_consent_of_its_class_and_may_come_again() {
    let missing = "consentid: expected a consent that covers `carrier`";
    let not_live = "consentid: expected a live consent that covers `carrier`";
    let events = [
        call("e1", "c1", 10, None),
        call("e1", "c1", 10, Some("n1")),
        granted("e2", "c1", 20, "n1", "device", None),
        call("e1", "c1", 30, Some("n1")),
        granted("e3", "c1", 40, "n1", "carrier", Some(100)),
        call("e1", "c2", 50, Some("n1")),
        call("e1", "c1", 60, Some("n1")),
        call("e1", "c1", 60, Some("n1")),
        call("e4", "c1", 99, Some("n1")),
        withdrawn("e5", "c1", 80, "n1"),
        call("e6", "c1", 90, Some("n1")),
    ];
    let expected = [
        format!("0 consent_missing {missing}"),
        format!("1 consent_not_live {not_live}"),
        "2 e2 [device]".to_owned(),
        format!("3 consent_not_live {not_live}"),
        "4 e3 [carrier]".to_owned(),
        format!("5 consent_not_live {not_live}"),
        "6 e1 [carrier]".to_owned(),
        format!("8 consent_not_live {not_live}"),
        "9 e5 []".to_owned(),
        format!("10 consent_not_live {not_live}"),
    ];
    assert_eq!(of_events(&events), expected);
}

fn without(name: &str) -> Record {
    let mut record = Record::from(&click("e1", "c1", 5));
    record.headers.retain(|header| header.name != name);
    record
}

fn replaced(name: &str, value: &str) -> Record {
    let mut record = without(name);
    record.push_header(name, value);
    record
}

#[test]
fn a_record_that_is_wrong_is_a_dead_letter_that_opens_to_the_whole_record() {
    let with_value = |value: &str| Record { value: value.as_bytes().to_vec(), ..Record::from(&click("e1", "c1", 5)) };
    let cases = [
        (without("ce_id"), "invalid_field", "ce_id"),
        (replaced("ce_id", ""), "invalid_field", "id"),
        (replaced("ce_type", "13800138000"), "unknown_type", "ce_type"),
        (replaced("ce_time", "13800138000 o'clock"), "invalid_field", "ce_time"),
        (replaced("ce_subject", "c2"), "misrouted", "key"),
        (with_value("{"), "invalid_field", "data"),
        (with_value(r#"["a","b",1]"#), "invalid_field", "data"),
        (with_value(r#"{"screen":"a","target":"b","dwell_ms":"13800138000"}"#), "invalid_field", "data.dwell_ms"),
        (with_value(&"[".repeat(100_000)), "invalid_field", "data"),
    ];
    for (record, class, field) in cases {
        let mut out = Vec::new();
        Admission::new(1).process(&log(vec![record.clone()]), &mut out).unwrap();
        let Passed::DeadLetter(letter) = &out[0].body else { panic!("{record:?} passed") };
        let about = (letter.origin.as_str(), letter.stage.as_str(), letter.class.as_str());
        assert_eq!(about, ("weir.events/0/0", "admission", class));
        assert!(letter.message.starts_with(&format!("{field}: ")) && !letter.message.contains("138"), "{letter:?}");
        assert_eq!(codec::decode(&letter.body.bytes), Ok(record));
    }
}

/// Saved state in memory, shared with the readers that were given out.
#[derive(Debug, Clone, Default)]
struct Saved(Arc<Mutex<BTreeMap<Vec<u8>, Vec<u8>>>>);

impl Saved {
    fn write(&self, changes: Vec<Change>) {
        let mut saved = self.0.lock().unwrap();
        for change in changes {
            match change.value {
                Some(value) => saved.insert(change.key, value),
                None => saved.remove(&change.key),
            };
        }
    }
}

impl StateReader for Saved {
    fn get(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Vec<u8>>>, StageError> {
        let saved = self.0.lock().unwrap();
        Ok(keys.iter().map(|key| saved.get(key).cloned()).collect())
    }

    fn scan(&self, prefix: &[u8]) -> Result<Vec<(Vec<u8>, Vec<u8>)>, StageError> {
        let saved = self.0.lock().unwrap();
        Ok(saved.iter().filter(|(key, _)| key.starts_with(prefix)).map(|(k, v)| (k.clone(), v.clone())).collect())
    }
}

/// What may stand at one offset: events with few ids and customers, so that they meet, and broken records.
fn records() -> impl Strategy<Value = Vec<Record>> {
    let one = (0..6_u8, 0..15_u8, 0..3_u8, 0..3_u8, 0..60_i64).prop_map(|(kind, id, customer, consent, at)| {
        let (id, subject, consent) = (format!("e{id}"), format!("c{customer}"), format!("n{consent}"));
        match kind {
            0 => Record::from(&click(&id, &subject, at)),
            1 | 2 => Record::from(&call(&id, &subject, at, Some(&consent))),
            3 => Record::from(&granted(&id, &subject, at, &consent, "carrier", (at % 2 == 0).then_some(at + 20))),
            4 => Record::from(&withdrawn(&id, &subject, at, &consent)),
            _ => Record { key: "elsewhere".to_owned(), ..Record::from(&click(&id, &subject, at)) },
        }
    });
    proptest::collection::vec(one, 0..80)
}

/// What the loop may do behind a batch.
#[derive(Debug, Clone, Copy)]
enum Then {
    GoOn,
    Save,
    /// Start again from what was saved last, and fold the rest again.
    Crash,
}

proptest! {
    #[test]
    fn batches_snapshots_and_crashes_change_nothing(
        records in records(),
        steps in proptest::collection::vec((1..12_usize, prop_oneof![Just(Then::GoOn), Just(Then::Save), Just(Then::Crash)]), 0..40),
    ) {
        let records = log(records);
        let expected = folded(&mut Admission::new(1), &records);
        let (saved, mut admission) = (Saved::default(), Admission::new(1));
        admission.restore(Box::new(saved.clone())).unwrap();
        // Where the fold and its output stand, and where both stood when the state was saved.
        let (mut next, mut out) = (0, Vec::new());
        let mut kept = (0, Vec::new());
        for (length, then) in steps {
            let end = (next + length).min(records.len());
            out.extend(folded(&mut admission, &records[next..end]));
            next = end;
            match then {
                Then::GoOn => {}
                Then::Save => {
                    saved.write(admission.snapshot());
                    kept = (next, out.clone());
                }
                Then::Crash => {
                    admission = Admission::new(1);
                    admission.restore(Box::new(saved.clone())).unwrap();
                    (next, out) = kept.clone();
                }
            }
        }
        out.extend(folded(&mut admission, &records[next..]));
        prop_assert_eq!(out, expected);
    }
}

#[test]
fn state_lives_in_the_state_store() {
    let folder = tempfile::tempdir().unwrap();
    let name = Admission::new(1).name();
    let names = [name.clone()];
    let records: Vec<Record> = (0..2)
        .flat_map(|_| {
            [
                Record::from(&granted("e1", "c1", 1, "n1", "carrier", None)),
                Record::from(&call("e2", "c1", 2, Some("n1"))),
            ]
        })
        .chain([Record::from(&call("e3", "c1", 3, Some("n1")))])
        .collect();
    let mut seen = Vec::new();
    for one in log(records) {
        let store = StateStore::open(folder.path(), &names).unwrap();
        assert_eq!(store.next_offset().unwrap(), one.position.offset);
        let mut admission = Admission::new(1);
        admission.restore(store.reader(&name).unwrap()).unwrap();
        let next = one.position.offset + 1;
        seen.extend(folded(&mut admission, &[one]));
        store.save(vec![(name.clone(), admission.snapshot())], next).unwrap();
    }
    assert_eq!(seen, ["0 e1 [carrier]", "1 e2 [carrier]", "4 e3 [carrier]"]);
}
