//! The stage that puts an application's vector together, at the customer's partition: its own part and one from each
//! entity that was asked, in whatever order they come. A part that does not come in time is left out and named.
//!
//! Time is known time: that of the newest application of the partition, and no more than that of the newest one which
//! some entity answered. So a replay gives the same, and while the entities are behind, or stand still, nobody is overdue
//! for that. A record completes one vector at most: its own, or else the one that is overdue for longest.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use weir_messages::{
    ApplicationId, Change, Derived, EntityPart, FeatureValue, FeatureVector, KnownTime, Name, Part, Reached, Sequenced,
    Stage, StageError, StateReader,
};

use super::{STATE_FORM, reached_to_save, saved_reached};

const WAITING: &[u8] = b"w";
const TIME: &[u8] = b"t";
/// Reason of a feature whose entity did not answer in time.
const PART_MISSING: &str = "part_missing";
/// How long a vector waits for its parts unless it is told otherwise, in seconds of known time.
pub const DEFAULT_PART_WAIT_SECONDS: u32 = 3_600;

#[derive(Debug)]
pub struct VectorStage {
    /// In microseconds.
    deadline: i64,
    waiting: BTreeMap<ApplicationId, Waiting>,
    /// The same, in the order in which they began to wait.
    by_age: BTreeSet<(KnownTime, ApplicationId)>,
    time: Time,
    /// Applications whose parts changed since the last snapshot.
    touched: BTreeSet<ApplicationId>,
    reached: Reached,
    changed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Time {
    /// Of the newest application.
    asked: KnownTime,
    /// Of the newest application that an entity answered.
    answered: KnownTime,
}

impl Time {
    const START: Self = Self { asked: KnownTime::MIN, answered: KnownTime::MIN };

    fn now(self) -> KnownTime {
        self.asked.min(self.answered)
    }

    fn learn(&mut self, part: &Part) {
        match part {
            Part::Customer { vector, .. } => self.asked = self.asked.max(vector.known_time),
            Part::Entity(part) => {
                self.answered = part.known_time.map_or(self.answered, |known| self.answered.max(known))
            }
        }
    }
}

/// What there is of an application so far.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Waiting {
    customer: Option<(FeatureVector, BTreeSet<String>)>,
    entities: Vec<EntityPart>,
    /// Features of the vector that each entity gives.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    outputs: BTreeMap<String, Vec<Name>>,
    /// When the application became known, as each of its parts says. The time of the partition at which a part came would
    /// not do: where nobody applied for long it is old, and the next application would make the part overdue at once.
    #[serde(default)]
    since: Option<KnownTime>,
}

impl Waiting {
    fn take(&mut self, part: Part) {
        match part {
            Part::Customer { vector, awaits, outputs } => {
                self.since = Some(vector.known_time);
                self.outputs = outputs;
                self.customer = Some((vector, awaits));
            }
            Part::Entity(part) => {
                self.since = self.since.or(part.known_time);
                self.entities.push(part);
            }
        }
    }

    /// Entities whose parts are not there; `None` while nobody knows who is awaited.
    fn lacks(&self) -> Option<BTreeSet<String>> {
        let (_, awaits) = self.customer.as_ref()?;
        let given: BTreeSet<&String> = self.entities.iter().map(|part| &part.entity).collect();
        Some(awaits.iter().filter(|entity| !given.contains(entity)).cloned().collect())
    }

    /// With what is there. What the entities that did not answer would have given is null, and named.
    fn vector(self) -> Option<FeatureVector> {
        let lacks = self.lacks()?;
        let (mut vector, _) = self.customer?;
        for part in self.entities {
            vector.parts.insert(part.entity, part.read_at);
            vector.features.extend(part.features);
            vector.missing.extend(part.missing);
        }
        for entity in lacks {
            // A part of an earlier release does not say what its entities give.
            let features = self.outputs.get(&entity).cloned().unwrap_or_else(|| vec![entity.as_str().into()]);
            vector.features.extend(features.iter().map(|feature| (feature.clone(), FeatureValue::Null)));
            vector.missing.extend(features.into_iter().map(|feature| (feature, PART_MISSING.into())));
        }
        Some(vector)
    }
}

impl Default for VectorStage {
    fn default() -> Self {
        Self {
            deadline: i64::from(DEFAULT_PART_WAIT_SECONDS) * 1_000_000,
            waiting: BTreeMap::new(),
            by_age: BTreeSet::new(),
            time: Time::START,
            touched: BTreeSet::new(),
            reached: Reached::default(),
            changed: false,
        }
    }
}

fn key(application: &ApplicationId) -> Vec<u8> {
    [WAITING, application.as_str().as_bytes()].concat()
}

impl VectorStage {
    /// Vectors wait so long for their parts instead of the default.
    #[must_use]
    pub fn with_deadline(self, seconds: u32) -> Self {
        Self { deadline: i64::from(seconds) * 1_000_000, ..self }
    }

    /// How many applications wait for a part, and since when the oldest does.
    #[must_use]
    pub fn waiting(&self) -> (usize, Option<KnownTime>) {
        (self.waiting.len(), self.by_age.first().map(|(since, _)| *since))
    }

    /// The whole vector, once `part` was the last that was missing.
    fn completed(&mut self, part: Part) -> Option<FeatureVector> {
        let application = part.application().clone();
        let mut waiting = self.remove(&application).unwrap_or_default();
        self.time.learn(&part);
        waiting.take(part);
        if waiting.lacks().is_some_and(|lacks| lacks.is_empty()) {
            return waiting.vector();
        }
        self.insert(application, waiting);
        None
    }

    /// The vector that is overdue for longest. Parts of an application whose own part never came, or whose vector went on
    /// without them, are dropped.
    fn overdue(&mut self) -> Option<FeatureVector> {
        loop {
            let (since, application) = self.by_age.first()?;
            if self.time.now().micros().saturating_sub(since.micros()) <= self.deadline {
                return None;
            }
            let application = application.clone();
            let vector = self.remove(&application).and_then(Waiting::vector);
            if vector.is_some() {
                tracing::warn!(%application, "a part of its vector did not come in time");
                return vector;
            }
        }
    }

    fn remove(&mut self, application: &ApplicationId) -> Option<Waiting> {
        let waiting = self.waiting.remove(application)?;
        self.by_age.remove(&(waiting.since?, application.clone()));
        self.touched.insert(application.clone());
        Some(waiting)
    }

    fn insert(&mut self, application: ApplicationId, mut waiting: Waiting) {
        // A part of an earlier release does not say when.
        let since = *waiting.since.get_or_insert(self.time.asked);
        self.by_age.insert((since, application.clone()));
        self.touched.insert(application.clone());
        self.waiting.insert(application, waiting);
    }
}

impl Stage for VectorStage {
    type Input = Derived<Part>;
    type Output = FeatureVector;

    fn name(&self) -> String {
        format!("vectors.{STATE_FORM}")
    }

    fn process(
        &mut self,
        batch: &[Sequenced<Derived<Part>>],
        out: &mut Vec<Sequenced<FeatureVector>>,
    ) -> Result<(), StageError> {
        self.consume(batch.to_vec(), out)
    }

    fn consume(
        &mut self,
        batch: Vec<Sequenced<Derived<Part>>>,
        out: &mut Vec<Sequenced<FeatureVector>>,
    ) -> Result<(), StageError> {
        for one in batch {
            if self.reached.moves_on(&one.body) {
                self.changed = true;
                let place = one.with(());
                let vector = self.completed(one.body.body).or_else(|| self.overdue());
                out.extend(vector.map(|vector| place.with(vector)));
            }
        }
        Ok(())
    }

    fn advance(&mut self, _: KnownTime, _: &mut Vec<Sequenced<FeatureVector>>) -> Result<(), StageError> {
        Ok(())
    }

    fn snapshot(&mut self) -> Vec<Change> {
        let saved = |application: &ApplicationId| {
            let waiting = self.waiting.get(application);
            let value = waiting.map(|waiting| serde_json::to_vec(waiting).expect("string keys and finite numbers"));
            Change { key: key(application), value }
        };
        let mut changes: Vec<Change> = self.touched.iter().map(saved).collect();
        self.touched.clear();
        if std::mem::take(&mut self.changed) {
            changes.push(reached_to_save(&self.reached));
            let time = serde_json::to_vec(&self.time).expect("times serialise");
            changes.push(Change { key: TIME.to_vec(), value: Some(time) });
        }
        changes
    }

    fn restore(&mut self, state: Box<dyn StateReader>) -> Result<(), StageError> {
        let (reached, time) = (saved_reached(&*state)?, saved_time(&*state)?);
        *self = Self { deadline: self.deadline, reached, time, ..Self::default() };
        for (key, value) in state.scan(WAITING)? {
            let name = String::from_utf8_lossy(&key[WAITING.len()..]).into_owned();
            let mut waiting: Waiting = serde_json::from_slice(&value)
                .map_err(|error| StageError::Corrupt { key: name.clone(), reason: error.to_string() })?;
            // An earlier release did not say since when.
            waiting.since = waiting.since.or(waiting.customer.as_ref().map(|(vector, _)| vector.known_time));
            self.insert(ApplicationId::new(name), waiting);
        }
        self.touched.clear();
        Ok(())
    }
}

fn saved_time(state: &dyn StateReader) -> Result<Time, StageError> {
    let Some(json) = state.get(&[TIME.to_vec()])?.pop().flatten() else { return Ok(Time::START) };
    serde_json::from_slice(&json)
        .map_err(|error| StageError::Corrupt { key: "t".to_owned(), reason: error.to_string() })
}
