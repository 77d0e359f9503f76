//! The live stage: any split into batches with restarts between gives equal vectors, and replay gives equal bytes.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};
use weir_features::{FeatureStage, FeatureViews};
use weir_messages::{Admitted, EventTime, FeatureValue, FeatureVector, Sequenced, Stage};

use crate::recording::{self, Saved, admitted, process, shipped};

const CLASSES: [&str; 3] = ["device", "behaviour", "carrier"];
const SECOND: i64 = 1_000_000;

#[derive(Debug, Clone)]
struct Happened {
    kind: usize,
    customer: u8,
    device: u8,
    /// Since the event before, and by how much it comes late; in seconds.
    after: i64,
    late: i64,
    value: u32,
}

fn happened() -> impl Strategy<Value = Happened> {
    let gap = prop_oneof![0..5_i64, 0..100_000_i64, Just(2_000_000)];
    let late = prop_oneof![Just(0_i64), 0..100_i64, 0..200_000_i64];
    (0..8_usize, 0..3_u8, 0..3_u8, gap, late, 0..9_000_u32).prop_map(|(kind, customer, device, after, late, value)| {
        Happened { kind, customer, device, after, late, value }
    })
}

fn lines(happened: &[Happened]) -> Vec<Value> {
    let mut known = 1_700_000_000 * SECOND;
    happened
        .iter()
        .enumerate()
        .map(|(at, one)| {
            known += one.after * SECOND;
            let (event_type, data) = data(at, one);
            let mut line = json!({
                "id": format!("e{at}"), "source": "app", "type": event_type, "subject": format!("c{}", one.customer),
                "time": known - one.late * SECOND, "known_time": known,
            });
            line.as_object_mut().unwrap().extend(data.as_object().unwrap().clone());
            line
        })
        .collect()
}

fn data(at: usize, one: &Happened) -> (&'static str, Value) {
    let (device, ip, value) = (format!("d{}", one.device), format!("i{}", one.value % 2), one.value);
    match one.kind {
        0 | 1 => (
            "device.login",
            json!({"device": device, "ip": ip, "ip_net": "n", "os": "android",
            "emulator": value % 3 == 0, "clock_skew_ms": i64::from(value) - 4_000}),
        ),
        2 => (
            "behaviour.form",
            json!({"form": "f", "device": device, "fill_ms": value, "fields": 3, "keystrokes": 9,
            "pastes": value % 2, "corrections": 1, "rhythm_ms": f64::from(value) / 7.0}),
        ),
        3 => ("behaviour.click", json!({"screen": device, "target": "t", "dwell_ms": value})),
        4 => (
            "carrier.call",
            json!({"contact": device, "direction": "outgoing", "duration_s": value, "message": value % 2 == 0}),
        ),
        5 => (
            "loan.repaid",
            json!({"loan": "l", "amount": format!("{value}.10"), "currency": "EUR", "days_past_due": value % 40}),
        ),
        _ => {
            let own = (value % 2 == 0).then_some(device);
            (
                "application",
                json!({"application": format!("a{at}"), "partner": "p", "product": "x", "product_version": 1,
                "amount": format!("{value}.50"), "currency": "EUR", "term_months": 12, "age": 30, "region": "r",
                "device": own, "purpose": "car (new)", "dependents": 2}),
            )
        }
    }
}

fn batch(lines: &[Value]) -> Vec<Sequenced<Admitted>> {
    lines.iter().enumerate().map(|(at, line)| admitted(at, line, &CLASSES)).collect()
}

fn at_once(views: &Arc<FeatureViews>, batch: &[Sequenced<Admitted>]) -> Vec<FeatureVector> {
    process(&mut FeatureStage::new(Arc::clone(views)), batch)
}

/// The entities of each application: its own columns, else what the customer was last seen with.
fn entities(lines: &[Value], vector: &FeatureVector) -> Value {
    let offset = usize::try_from(vector.read_at.offset).unwrap();
    let own = &lines[offset];
    let last = |column: &str| {
        let seen = lines[..=offset].iter().filter(|line| line["subject"] == own["subject"] && line[column].is_string());
        seen.max_by_key(|line| {
            (line["time"].as_i64(), line["known_time"].as_i64(), line["id"].as_str().map(str::to_owned))
        })
    };
    let mut entities =
        BTreeMap::from([("customer", own["subject"].clone()), ("application", own["application"].clone())]);
    for column in ["device", "ip"] {
        let named = if own[column].is_string() { Some(own) } else { last(column) };
        entities.extend(named.map(|line| (column, line[column].clone())));
    }
    json!(entities)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn any_split_with_restarts_between_gives_the_vectors_of_one_batch(
        happened in prop::collection::vec(happened(), 1..60),
        cuts in prop::collection::vec((0..60_usize, any::<bool>()), 0..8),
    ) {
        let views = Arc::new(shipped());
        let batch = batch(&lines(&happened));
        let (mut stage, mut saved, mut vectors, mut from) = (FeatureStage::new(Arc::clone(&views)), Saved::default(), Vec::new(), 0);
        let mut cuts: Vec<(usize, bool)> = cuts.into_iter().map(|(at, restart)| (at.min(batch.len()), restart)).collect();
        cuts.sort_unstable();
        for (cut, restart) in cuts {
            vectors.extend(process(&mut stage, &batch[from..cut]));
            from = cut;
            let known = batch[..cut].iter().map(|one| one.body.event.known_time).max();
            stage.advance(known.unwrap_or_default(), &mut Vec::new()).unwrap();
            if restart {
                saved.take(&mut stage);
                stage = FeatureStage::new(Arc::clone(&views));
                stage.restore(Box::new(saved.clone())).unwrap();
            }
        }
        vectors.extend(process(&mut stage, &batch[from..]));
        prop_assert_eq!(vectors, at_once(&views, &batch));
    }

    #[test]
    fn replay_gives_the_bytes_of_the_live_stage(happened in prop::collection::vec(happened(), 1..60)) {
        let views = Arc::new(shipped());
        let lines = lines(&happened);
        let vectors = at_once(&views, &batch(&lines));
        let requests: Vec<Value> = vectors.iter().map(|vector| recording::request_of(vector, entities(&lines, vector))).collect();
        let answers = recording::answers(&views, &lines, &requests);
        prop_assert_eq!(answers.len(), vectors.len());
        for (vector, answer) in vectors.iter().zip(answers) {
            let live = format!(
                r#"{{"id":"{}","features":{},"missing":{}}}"#,
                vector.application,
                serde_json::to_string(&vector.features).unwrap(),
                serde_json::to_string(&vector.missing).unwrap(),
            );
            prop_assert_eq!(live, answer);
        }
    }
}

fn login(id: &str, seconds: i64, customer: &str, device: &str) -> Value {
    json!({"id": id, "source": "app", "type": "device.login", "subject": customer, "time": seconds * SECOND,
        "device": device, "ip": "i", "ip_net": "n", "os": "x"})
}

fn application(id: &str, seconds: i64, customer: &str) -> Value {
    json!({"id": id, "source": "lending", "type": "application", "subject": customer, "time": seconds * SECOND,
        "application": format!("a-{id}"), "partner": "p", "product": "x", "product_version": 1, "amount": "2500.00",
        "currency": "EUR", "term_months": 24, "age": 33, "region": "EU-DE"})
}

#[test]
fn a_vectors_time_is_the_greatest_known_before_it_and_its_own() {
    let mut early = login("1", 50, "c", "d");
    early["known_time"] = json!(300 * SECOND);
    let lines = [application("0", 100, "c"), early, application("2", 200, "c"), application("3", 400, "c")];
    let vectors = at_once(&Arc::new(shipped()), &batch(&lines));
    let at: Vec<i64> = vectors.iter().map(|vector| vector.at.micros() / SECOND).collect();
    assert_eq!(at, [100, 300, 400]);
    assert_eq!(vectors[1].read_at.offset, 2);
    assert_eq!(vectors[1].features["applicant__age"], FeatureValue::Integer(33));
    assert_eq!(vectors[1].features["applicant__amount"], FeatureValue::Number(2500.0));
    assert_eq!(vectors[1].features["device_sharing__logins_1d"], FeatureValue::Integer(1));
    assert_eq!(vectors[1].missing["carrier_identity__answer_90d"], "no_rows");
}

#[test]
fn the_time_of_a_vector_survives_a_restart() {
    let views = Arc::new(shipped());
    let mut stage = FeatureStage::new(Arc::clone(&views));
    let mut saved = Saved::default();
    assert!(process(&mut stage, &[admitted(0, &login("1", 300, "c", "d"), &CLASSES)]).is_empty());
    assert!(saved.take(&mut stage) > 0);
    assert_eq!(saved.take(&mut stage), 0, "a snapshot holds only what is new");
    let mut stage = FeatureStage::new(views);
    stage.restore(Box::new(saved)).unwrap();
    let vectors = process(&mut stage, &[admitted(1, &application("2", 200, "c"), &CLASSES)]);
    assert_eq!(vectors[0].at, EventTime::from_micros(300 * SECOND));
}

#[test]
fn without_live_consent_a_view_is_null_and_says_so() {
    let lines = [login("1", 10, "c", "d"), application("2", 20, "c")];
    let batch: Vec<_> = lines.iter().enumerate().map(|(at, line)| admitted(at, line, &["behaviour"])).collect();
    let vector = at_once(&Arc::new(shipped()), &batch).remove(0);
    assert_eq!(vector.features["device_sharing__logins_1d"], FeatureValue::Null);
    assert_eq!(vector.missing["device_sharing__customers_per_login"], "no_consent");
    assert_eq!(vector.features["taps__taps_7d"], FeatureValue::Integer(0));
    assert_eq!(vector.features["applicant__age"], FeatureValue::Integer(33));
}

#[test]
fn a_customer_never_seen_on_a_device_has_an_unknown_one() {
    let lines = [login("1", 10, "somebody else", "d"), application("2", 20, "c")];
    let vector = at_once(&Arc::new(shipped()), &batch(&lines)).remove(0);
    assert_eq!(vector.features["ip_sharing__customers_1h"], FeatureValue::Null);
    assert_eq!(vector.missing["ip_sharing__customers_1h"], "unknown_entity");
}

#[test]
fn an_old_log_in_that_comes_late_does_not_bring_back_an_old_device() {
    let mut late = login("2", 5, "c", "old");
    late["known_time"] = json!(20 * SECOND);
    let lines = [login("0", 1, "x", "old"), login("1", 10, "c", "new"), late, application("3", 30, "c")];
    let vector = at_once(&Arc::new(shipped()), &batch(&lines)).remove(0);
    assert_eq!(vector.features["device_sharing__logins_1d"], FeatureValue::Integer(1));
}

#[test]
fn rows_that_no_window_reaches_any_more_leave_the_state() {
    let views = Arc::new(shipped());
    let (mut stage, mut saved) = (FeatureStage::new(views), Saved::default());
    process(&mut stage, &[admitted(0, &login("1", 0, "c", "d"), &CLASSES)]);
    saved.take(&mut stage);
    let rows = |saved: &Saved| saved.0.keys().filter(|key| key.ends_with(b"app")).count();
    assert_eq!(rows(&saved), 3, "one for each view that reads log-ins");
    let later = login("2", 60 * 24 * 3600, "c", "d");
    process(&mut stage, &[admitted(1, &later, &CLASSES), admitted(2, &login("3", 60 * 24 * 3600, "c", "d"), &CLASSES)]);
    saved.take(&mut stage);
    assert_eq!(rows(&saved), 6, "the old row is gone from each");
}

#[test]
fn a_stage_keeps_its_name_whatever_its_views_are() {
    let other =
        recording::views(&[("v.toml", include_str!("../../views/taps.toml"))], &weir_features::Sources::of_events(&[]));
    let (shipped, other) = (FeatureStage::new(Arc::new(shipped())), FeatureStage::new(Arc::new(other)));
    assert_eq!(shipped.name(), other.name(), "state is kept by view, under the numbers that are saved with it");
}

#[test]
fn state_that_does_not_decode_stops_the_fold_and_says_where() {
    let views = Arc::new(shipped());
    let (mut stage, mut saved) = (FeatureStage::new(Arc::clone(&views)), Saved::default());
    process(&mut stage, &[admitted(0, &login("1", 10, "c", "d"), &CLASSES)]);
    saved.take(&mut stage);
    let of_device: Vec<_> =
        saved.0.iter_mut().filter(|(key, _)| key.get(5..).is_some_and(|name| name.starts_with(b"device\0"))).collect();
    assert_eq!(of_device.len(), 1);
    for (_, value) in of_device {
        *value = b"[1,2]".to_vec();
    }
    let mut stage = FeatureStage::new(views);
    stage.restore(Box::new(saved)).unwrap();
    let error = stage.process(&[admitted(1, &application("2", 20, "c"), &CLASSES)], &mut Vec::new()).unwrap_err();
    assert!(error.to_string().contains("device_sharing"), "{error}");
}
