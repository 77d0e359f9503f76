//! The stages of several partitions, through records as they stand on the topics: whatever is repeated after a crash and
//! however batches fall, vectors are those of the one stage that sees everything in order.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};
use weir_features::{CustomerStage, EntityStage, FeatureStage, FeatureViews, FromCustomer, VectorStage};
use weir_messages::{
    Admitted, DecodeError, Derived, EventTime, FeatureVector, Part, Place, Position, Record, Sequenced, Shard, Stage,
    Topic,
};

use crate::recording::{Saved, admitted, process, shipped};

const CLASSES: [&str; 3] = ["device", "behaviour", "carrier"];
const SECOND: i64 = 1_000_000;
const PARTITIONS: u16 = 4;

/// Records of one topic, by partition.
#[derive(Debug, Clone, Default)]
struct Partitions([Vec<Record>; PARTITIONS as usize]);

impl Partitions {
    fn append(&mut self, record: Record) {
        let partition = Shard::of(&record.key).partition(PARTITIONS);
        self.0[usize::from(partition)].push(record);
    }

    fn read<T>(&self, partition: u16, from: usize) -> Vec<Sequenced<Derived<T>>>
    where
        Derived<T>: for<'a> TryFrom<&'a Record, Error = DecodeError>,
    {
        let records = self.0[usize::from(partition)].iter().enumerate().skip(from);
        let place = |offset: usize| Position { partition, offset: offset as u64 };
        records.map(|(at, record)| Sequenced::first(place(at), Derived::try_from(record).unwrap())).collect()
    }
}

/// Folds `records` in batches of `step` with a restart from saved state after each, and once the last batch again from
/// the state before it, as after a crash.
fn folded<S: Stage>(
    mut fresh: impl FnMut() -> S,
    records: &[Sequenced<S::Input>],
    step: usize,
) -> Vec<Sequenced<S::Output>> {
    let (mut saved, mut out) = (Saved::default(), Vec::new());
    for batch in records.chunks(step.max(1)) {
        for save in [false, true] {
            let mut stage = fresh();
            stage.restore(Box::new(saved.clone())).unwrap();
            stage.process(batch, &mut out).unwrap();
            if save {
                saved.apply(stage.snapshot());
            }
        }
    }
    out
}

fn topics(views: &Arc<FeatureViews>, events: &[Sequenced<Admitted>], steps: [usize; 2]) -> (Partitions, Partitions) {
    let (mut entities, mut features) = (Partitions::default(), Partitions::default());
    for one in folded(|| CustomerStage::new(Arc::clone(views)), events, steps[0]) {
        let (from, ordinal) = (Place::new(Topic::Events, one.position), one.ordinal);
        match one.body {
            FromCustomer::Entity(body) => entities.append(Record::from(&Derived { from, ordinal, body })),
            FromCustomer::Part(body) => features.append(Record::from(&Derived { from, ordinal, body })),
        }
    }
    for partition in 0..PARTITIONS {
        for one in folded(|| EntityStage::new(Arc::clone(views), 1), &entities.read(partition, 0), steps[1]) {
            let (from, ordinal) = (Place::new(Topic::EntityEvents, one.position), one.ordinal);
            features.append(Record::from(&Derived { from, ordinal, body: one.body }));
        }
    }
    (entities, features)
}

/// By application, each once.
fn vectors(features: &Partitions, step: usize) -> Vec<FeatureVector> {
    let of = |partition| folded(unhurried, &features.read(partition, 0), step);
    let mut vectors: Vec<FeatureVector> = (0..PARTITIONS).flat_map(of).map(|one| one.body).collect();
    vectors.sort_by(|a, b| a.application.cmp(&b.application));
    vectors.dedup();
    vectors
}

fn in_one(views: &Arc<FeatureViews>, events: &[Sequenced<Admitted>]) -> Vec<FeatureVector> {
    let mut vectors = process(&mut FeatureStage::new(Arc::clone(views)), events);
    vectors.sort_by(|a, b| a.application.cmp(&b.application));
    vectors
}

fn line(at: usize, (kind, customer, device, after, late): (u8, u8, u8, i64, i64), known: &mut i64) -> Value {
    *known += after * SECOND;
    let mut line = json!({"id": format!("e{at:03}"), "source": "app", "subject": format!("c{customer}"),
        "time": *known - late * SECOND, "known_time": *known});
    let (event_type, data) = match kind {
        0..=3 => (
            "device.login",
            json!({"device": format!("d{device}"), "ip": format!("i{}", device % 2),
            "ip_net": "n", "os": "x"}),
        ),
        4 => ("behaviour.click", json!({"screen": "s", "target": "t", "dwell_ms": after})),
        _ => (
            "application",
            json!({"application": format!("a{at:03}"), "partner": "p", "product": "x",
            "product_version": 1, "amount": "2500.00", "currency": "EUR", "term_months": 24, "age": 33, "region": "r"}),
        ),
    };
    line["type"] = event_type.into();
    line.as_object_mut().unwrap().extend(data.as_object().unwrap().clone());
    line
}

type Happened = (u8, u8, u8, i64, i64);

fn events(happened: &[Happened], classes: &[&str]) -> Vec<Sequenced<Admitted>> {
    let mut known = 1_700_000_000 * SECOND;
    let lines = happened.iter().enumerate().map(|(at, one)| line(at, *one, &mut known));
    lines.enumerate().map(|(at, line)| admitted(at, &line, classes)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn the_parts_make_the_vectors_of_the_one_stage(
        happened in prop::collection::vec((0..8_u8, 0..4_u8, 0..3_u8, 0..90_000_i64, 0..90_000_i64), 1..50),
        steps in prop::array::uniform3(1..20_usize),
    ) {
        let views = Arc::new(shipped());
        let events = events(&happened, &CLASSES);
        let (_, features) = topics(&views, &events, [steps[0], steps[1]]);
        let mut found = vectors(&features, steps[2]);
        for vector in &mut found {
            prop_assert!(vector.parts.values().all(|place| place.topic == Topic::EntityEvents));
            vector.parts.clear();
        }
        prop_assert_eq!(found, in_one(&views, &events));
    }
}

#[test]
fn a_vector_says_where_each_part_was_read() {
    let views = Arc::new(shipped());
    let happened = [(0, 0, 0, 10, 0), (0, 1, 0, 10, 0), (7, 0, 0, 10, 0)];
    let (entities, features) = topics(&views, &events(&happened, &CLASSES), [1, 1]);
    let vector = vectors(&features, 1).remove(0);
    assert_eq!(vector.parts.keys().collect::<Vec<_>>(), ["device", "ip"]);
    for (entity, place) in &vector.parts {
        let Position { partition, offset } = place.position;
        let record = &entities.0[usize::from(partition)][usize::try_from(offset).unwrap()];
        assert!(record.key.starts_with(&format!("{entity}:")) && record.header("kind") == Some("question"));
    }
    assert_eq!(vector.at, EventTime::from_micros((1_700_000_000 + 30) * SECOND));
    assert_eq!(vector.features["device_sharing__customers_1d"], weir_messages::FeatureValue::Integer(2));
}

#[test]
fn without_consent_or_an_entity_nobody_is_asked_in_vain() {
    let views = Arc::new(shipped());
    let happened = [(0, 1, 0, 10, 0), (7, 0, 0, 10, 0), (7, 1, 0, 10, 0)];
    let (_, features) = topics(&views, &events(&happened, &["behaviour"]), [9, 9]);
    let found = vectors(&features, 9);
    assert!(found[0].parts.is_empty(), "customer 0 was never seen on a device");
    assert_eq!(found[0].missing["ip_sharing__customers_1h"], "no_consent");
    assert_eq!(found[1].missing["ip_sharing__customers_1h"], "no_consent");
}

/// Here the entities are read when all customers are through.
fn unhurried() -> VectorStage {
    VectorStage::default().with_deadline(u32::MAX)
}

#[test]
fn an_application_waits_for_its_last_part_over_a_restart() {
    let views = Arc::new(shipped());
    let (_, features) = topics(&views, &events(&[(0, 0, 0, 10, 0), (7, 0, 0, 10, 0)], &CLASSES), [9, 9]);
    let partition = Shard::of("c0").partition(PARTITIONS);
    let mut parts: Vec<Sequenced<Derived<Part>>> = features.read(partition, 0);
    let mut before = std::collections::BTreeSet::new();
    parts.retain(|part| before.insert((part.body.from, part.body.ordinal)));
    assert_eq!(parts.len(), 3, "its own, its device's, its address's");
    let (mut stage, mut saved, mut out) = (VectorStage::default(), Saved::default(), Vec::new());
    for (at, part) in parts.iter().enumerate() {
        stage.process(std::slice::from_ref(part), &mut out).unwrap();
        assert_eq!(out.len(), usize::from(at + 1 == parts.len()), "after part {at} of {}", parts.len());
        saved.apply(stage.snapshot());
        stage = VectorStage::default();
        stage.restore(Box::new(saved.clone())).unwrap();
    }
    assert!(!saved.0.keys().any(|key| key.starts_with(b"w")), "what is whole is kept no longer");
}
