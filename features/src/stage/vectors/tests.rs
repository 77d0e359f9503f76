//! Parts that come late or never: what goes on without them, what is dropped, and that a replay gives the same.

use std::sync::{Arc, Mutex};

use weir_messages::{CustomerId, EventTime, Named, Place, Position, StateEntry, Topic};

use super::*;

const SECOND: i64 = 1_000_000;
const FEATURE: &str = "device_trust__logins_1d";

fn from(topic: Topic, offset: u64) -> Place {
    Place::new(topic, Position { partition: 0, offset })
}

/// An application's own part, known at `seconds`, which awaits `entities`.
fn own(application: &str, seconds: i64, entities: &[&str]) -> Part {
    let vector = FeatureVector {
        application: ApplicationId::new(application),
        customer: CustomerId::new("c1"),
        at: EventTime::from_micros(seconds * SECOND),
        known_time: KnownTime::from_micros(seconds * SECOND),
        read_at: Position { partition: 0, offset: 0 },
        parts: BTreeMap::new(),
        features: [("taps__taps_1h", FeatureValue::Integer(3))].into_iter().collect(),
        missing: Named::default(),
        trace: None,
    };
    let awaits: BTreeSet<String> = entities.iter().map(|entity| (*entity).to_owned()).collect();
    let outputs = awaits.iter().map(|entity| (entity.clone(), vec![FEATURE.into()])).collect();
    Part::Customer { vector, awaits, outputs }
}

/// What its device says of an application that became known at `seconds`.
fn device(application: &str, seconds: i64) -> Part {
    Part::Entity(EntityPart {
        application: ApplicationId::new(application),
        customer: CustomerId::new("c1"),
        known_time: Some(KnownTime::from_micros(seconds * SECOND)),
        entity: "device".to_owned(),
        read_at: from(Topic::EntityEvents, 7),
        features: [(FEATURE, FeatureValue::Integer(1))].into_iter().collect(),
        missing: Named::default(),
    })
}

/// On the topic in this order; own parts come from the events, the others from the entities.
fn topic(parts: Vec<Part>) -> Vec<Sequenced<Derived<Part>>> {
    let place = |(offset, body): (u64, Part)| {
        let topic = match body {
            Part::Customer { .. } => Topic::Events,
            Part::Entity(_) => Topic::EntityEvents,
        };
        let derived = Derived { from: from(topic, offset), ordinal: 0, body };
        Sequenced::first(Position { partition: 0, offset }, derived)
    };
    (0..).zip(parts).map(place).collect()
}

/// Offset, application, and what is missing of it.
fn shown(out: &[Sequenced<FeatureVector>]) -> Vec<String> {
    let one = |one: &Sequenced<FeatureVector>| {
        let missing: Vec<String> = one.body.missing.iter().map(|(name, why)| format!("{name} {why}")).collect();
        format!("{} {} {}", one.position.offset, one.body.application, missing.join(",")).trim_end().to_owned()
    };
    out.iter().map(one).collect()
}

fn late() -> Vec<Sequenced<Derived<Part>>> {
    topic(vec![
        own("a1", 0, &["device"]),
        own("a2", 60, &["device"]),
        own("a3", 9_000, &[]),
        device("a2", 60),
        own("a4", 9_001, &["device"]),
        device("a4", 9_001),
        device("a1", 0),
        own("a5", 9_002, &["device"]),
        own("a6", 20_000, &["device"]),
        device("a6", 20_000),
        own("a7", 20_001, &["device"]),
    ])
}

#[test]
fn a_part_that_never_comes_is_named_at_the_deadline() {
    let (mut stage, mut out) = (VectorStage::default(), Vec::new());
    stage.process(&late(), &mut out).unwrap();
    // At offset 2 no entity has answered for so long; at 5 a1 is overdue, but that record completes a4; at 6 its part comes.
    let expected = ["2 a3", "3 a2", "5 a4", "6 a1", "9 a6", "10 a5 device_trust__logins_1d part_missing"];
    assert_eq!(shown(&out), expected);
    assert!(out.iter().all(|one| one.body.features.get("taps__taps_1h") == Some(&FeatureValue::Integer(3))));
}

#[derive(Debug, Clone, Default)]
struct Saved(Arc<Mutex<BTreeMap<Vec<u8>, Vec<u8>>>>);

impl Saved {
    fn apply(&self, changes: Vec<Change>) {
        let mut saved = self.0.lock().unwrap();
        for Change { key, value } in changes {
            match value {
                Some(value) => saved.insert(key, value),
                None => saved.remove(&key),
            };
        }
    }

    fn waiting(&self) -> usize {
        self.0.lock().unwrap().keys().filter(|key| key.starts_with(WAITING)).count()
    }
}

impl StateReader for Saved {
    fn get(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Vec<u8>>>, StageError> {
        let saved = self.0.lock().unwrap();
        Ok(keys.iter().map(|key| saved.get(key).cloned()).collect())
    }

    fn scan(&self, prefix: &[u8]) -> Result<Vec<StateEntry>, StageError> {
        let saved = self.0.lock().unwrap();
        Ok(saved.iter().filter(|(key, _)| key.starts_with(prefix)).map(|(k, v)| (k.clone(), v.clone())).collect())
    }
}

#[test]
fn an_overdue_vector_is_the_same_over_restarts_and_batches() {
    let mut expected = Vec::new();
    VectorStage::default().process(&late(), &mut expected).unwrap();
    let (saved, mut out) = (Saved::default(), Vec::new());
    for part in late() {
        let mut stage = VectorStage::default();
        stage.restore(Box::new(saved.clone())).unwrap();
        stage.process(&[part], &mut out).unwrap();
        saved.apply(stage.snapshot());
    }
    assert_eq!(out, expected);
}

#[test]
fn a_part_that_comes_after_the_deadline_is_dropped_and_forgotten() {
    let (saved, mut stage, mut out) = (Saved::default(), VectorStage::default().with_deadline(60), Vec::new());
    let parts = vec![
        own("a1", 0, &["device"]),
        own("a2", 61, &["device"]),
        device("a2", 61),
        own("a3", 62, &["device"]),
        device("a1", 0),
        own("a4", 200, &["device"]),
        device("a4", 200),
        own("a5", 201, &["ip"]),
    ];
    stage.process(&topic(parts), &mut out).unwrap();
    saved.apply(stage.snapshot());
    let expected = ["2 a2", "3 a1 device_trust__logins_1d part_missing", "6 a4"];
    assert_eq!(shown(&out)[..3], expected);
    assert_eq!((&*shown(&out)[3], saved.waiting()), ("7 a3 device_trust__logins_1d part_missing", 1));
    assert_eq!(stage.waiting(), (1, Some(KnownTime::from_micros(201 * SECOND))));
}

#[test]
fn a_part_that_comes_before_its_applications_own_is_kept_however_old_the_time_of_the_partition() {
    // Nothing was ever asked here, or nothing for longer than a part may take.
    for before in [vec![], vec![own("a0", 0, &["device"]), device("a0", 0)]] {
        let (mut stage, mut out) = (VectorStage::default().with_deadline(60), Vec::new());
        let parts = vec![
            device("a1", 9_000),
            own("a2", 9_000, &["device", "ip"]),
            device("a2", 9_000),
            own("a1", 9_000, &["device"]),
        ];
        let last = before.len() + 3;
        stage.process(&topic([before, parts].concat()), &mut out).unwrap();
        assert_eq!(shown(&out).last(), Some(&format!("{last} a1")));
    }
}

#[test]
fn nobody_is_overdue_while_the_entities_stand_still() {
    let (mut stage, mut out) = (VectorStage::default().with_deadline(60), Vec::new());
    let asked: Vec<Part> = (0..9).map(|n| own(&format!("a{n}"), n * 1_000, &["device"])).collect();
    stage.process(&topic(asked), &mut out).unwrap();
    assert_eq!((out.len(), stage.waiting().0), (0, 9));
}

#[test]
fn an_application_saved_by_an_earlier_release_still_ends() {
    let Part::Customer { vector, awaits, .. } = own("a1", 0, &["device"]) else { unreachable!("it is an own part") };
    let saved = Saved::default();
    let json = serde_json::json!({ "customer": [vector, awaits], "entities": [] }).to_string().into_bytes();
    saved.apply(vec![Change { key: key(&vector.application), value: Some(json) }]);
    let (mut stage, mut out) = (VectorStage::default(), Vec::new());
    stage.restore(Box::new(saved)).unwrap();
    let parts = vec![own("a2", 3_601, &["device"]), device("a2", 3_601), own("a3", 3_602, &["device"])];
    stage.process(&topic(parts), &mut out).unwrap();
    assert_eq!(shown(&out), ["1 a2", "2 a1 device part_missing"]);
}

#[test]
fn a_part_of_an_earlier_release_says_no_time_and_waits_from_the_newest_application_on() {
    let Part::Entity(part) = device("a2", 70) else { unreachable!("it is an entity's part") };
    let (mut stage, mut out) = (VectorStage::default().with_deadline(60), Vec::new());
    let parts = vec![
        own("a1", 0, &["device"]),
        own("a3", 65, &["ip"]),
        Part::Entity(EntityPart { known_time: None, ..part }),
        device("a1", 0),
        own("a2", 70, &["device"]),
    ];
    stage.process(&topic(parts), &mut out).unwrap();
    assert_eq!(shown(&out), ["3 a1", "4 a2"]);
}
