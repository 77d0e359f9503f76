//! Records from topics through the live stages: no panic whatever they say, vectors and parts that read back, and the
//! same vectors whatever the batches and restarts.

use std::collections::BTreeMap;
use std::sync::Arc;

use weir_features::{CustomerStage, EntityStage, FeatureStage, FeatureViews, FromCustomer, VectorStage};
use weir_messages::{
    Admitted, Change, Derived, Event, FeatureVector, ForEntity, KnownTime, Part, Position, Record, Sequenced, Stage,
    StageError, StateReader, decode_json, events,
};

use crate::blocks::records;

pub(crate) fn try_out(views: &Arc<FeatureViews>, bytes: &[u8]) {
    let (mut admitted, mut touches, mut parts, mut state) = (Vec::new(), Vec::new(), Vec::new(), Kept::default());
    for (place, record) in records(bytes) {
        match place.as_str() {
            "weir.events" => admitted.extend(admit(&record)),
            "weir.entity-events" => touches.extend(Derived::<ForEntity>::try_from(&record)),
            "weir.features" => parts.extend(Derived::<Part>::try_from(&record)),
            "state" => drop(state.0.insert(record.key.into_bytes(), record.value)),
            _ => {}
        }
    }
    let (admitted, touches, parts) = (placed(admitted), placed(touches), placed(parts));
    if !state.0.is_empty() {
        damaged(views, &state, &admitted, &touches, &parts);
        return;
    }
    let vectors = folded(FeatureStage::new(Arc::clone(views)), &admitted);
    vectors.iter().for_each(|vector| reads_back(&vector.body));
    let mut restarted = || FeatureStage::new(Arc::clone(views));
    assert_same(&vectors, &one_by_one(&mut restarted, &admitted));
    for one in folded(CustomerStage::new(Arc::clone(views)), &admitted) {
        if let FromCustomer::Part(Part::Customer { vector, .. }) = &one.body {
            reads_back(vector);
        }
    }
    let answers = folded(EntityStage::new(Arc::clone(views), 1), &touches);
    for answer in &answers {
        let json = serde_json::to_vec(&answer.body).unwrap();
        assert_eq!(decode_json::<Part>(&json).unwrap(), answer.body);
    }
    assert_same(&answers, &one_by_one(&mut || EntityStage::new(Arc::clone(views), 1), &touches));
    let vectors = folded(VectorStage::default(), &parts);
    assert_same(&vectors, &one_by_one(&mut VectorStage::default, &parts));
}

/// As the first stage lets it through, under every consent.
fn admit(record: &Record) -> Option<Admitted> {
    let event = Event::try_from(record).ok()?;
    events::check(event.event_type, event.data.get()).ok()?;
    let consents = ["device", "behaviour", "carrier"].map(str::to_owned).into();
    event.data.get().starts_with('{').then(|| Admitted { event, consents: Arc::new(consents) })
}

fn placed<T>(bodies: Vec<T>) -> Vec<Sequenced<T>> {
    let place = |(offset, body)| Sequenced::first(Position { partition: 0, offset }, body);
    (0..).zip(bodies).map(place).collect()
}

fn folded<S: Stage>(mut stage: S, batch: &[Sequenced<S::Input>]) -> Vec<Sequenced<S::Output>> {
    let mut out = Vec::new();
    stage.process(batch, &mut out).unwrap();
    stage.advance(KnownTime::default(), &mut out).unwrap();
    out
}

/// A restart before each.
fn one_by_one<S: Stage>(new: &mut impl FnMut() -> S, batch: &[Sequenced<S::Input>]) -> Vec<Sequenced<S::Output>> {
    let (mut out, mut kept) = (Vec::new(), Kept::default());
    for one in batch {
        let mut stage = new();
        stage.restore(Box::new(kept.clone())).unwrap();
        stage.process(std::slice::from_ref(one), &mut out).unwrap();
        kept.apply(stage.snapshot());
    }
    out
}

fn assert_same<T: std::fmt::Debug>(together: &[Sequenced<T>], alone: &[Sequenced<T>]) {
    assert_eq!(format!("{alone:?}"), format!("{together:?}"), "batches or restarts change what comes out");
}

fn reads_back(vector: &FeatureVector) {
    let json = serde_json::to_vec(vector).unwrap();
    assert_eq!(decode_json::<FeatureVector>(&json).unwrap(), *vector);
}

/// State that somebody damaged stops a stage, and does not end the process.
fn damaged(
    views: &Arc<FeatureViews>,
    state: &Kept,
    admitted: &[Sequenced<Admitted>],
    touches: &[Sequenced<Derived<ForEntity>>],
    parts: &[Sequenced<Derived<Part>>],
) {
    attempt(FeatureStage::new(Arc::clone(views)), state, admitted).ok();
    attempt(EntityStage::new(Arc::clone(views), 1), state, touches).ok();
    attempt(VectorStage::default(), state, parts).ok();
}

fn attempt<S: Stage>(mut stage: S, state: &Kept, batch: &[Sequenced<S::Input>]) -> Result<(), StageError> {
    stage.restore(Box::new(state.clone()))?;
    let mut out = Vec::new();
    stage.process(batch, &mut out)?;
    stage.advance(KnownTime::default(), &mut out)?;
    stage.snapshot();
    Ok(())
}

/// What is saved of a stage.
#[derive(Debug, Clone, Default)]
struct Kept(BTreeMap<Vec<u8>, Vec<u8>>);

impl Kept {
    fn apply(&mut self, changes: Vec<Change>) {
        for Change { key, value } in changes {
            match value {
                Some(value) => drop(self.0.insert(key, value)),
                None => drop(self.0.remove(&key)),
            }
        }
    }
}

impl StateReader for Kept {
    fn get(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Vec<u8>>>, StageError> {
        Ok(keys.iter().map(|key| self.0.get(key).cloned()).collect())
    }

    fn scan(&self, prefix: &[u8]) -> Result<Vec<(Vec<u8>, Vec<u8>)>, StageError> {
        let found = self.0.range(prefix.to_vec()..).take_while(|(key, _)| key.starts_with(prefix));
        Ok(found.map(|(key, value)| (key.clone(), value.clone())).collect())
    }
}
