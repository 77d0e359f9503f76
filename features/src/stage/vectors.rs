//! The stage that puts an application's vector together, at the customer's partition: its own part and one from each
//! entity that was asked, in whatever order they come.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use weir_messages::{
    ApplicationId, Change, Derived, EntityPart, FeatureVector, KnownTime, Part, Reached, Sequenced, Stage, StageError,
    StateReader,
};

use super::{STATE_FORM, reached_to_save, saved_reached};

const WAITING: &[u8] = b"w";

#[derive(Debug, Default)]
pub struct VectorStage {
    waiting: BTreeMap<ApplicationId, Waiting>,
    /// Applications whose parts changed since the last snapshot.
    touched: BTreeSet<ApplicationId>,
    reached: Reached,
    changed: bool,
}

/// What there is of an application so far.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Waiting {
    customer: Option<(FeatureVector, BTreeSet<String>)>,
    entities: Vec<EntityPart>,
}

impl Waiting {
    fn take(&mut self, part: Part) {
        match part {
            Part::Customer { vector, awaits } => self.customer = Some((vector, awaits)),
            Part::Entity(part) => self.entities.push(part),
        }
    }

    fn is_whole(&self) -> bool {
        let given: BTreeSet<&String> = self.entities.iter().map(|part| &part.entity).collect();
        self.customer.as_ref().is_some_and(|(_, awaits)| awaits.iter().all(|entity| given.contains(entity)))
    }

    /// `None` while the customer's own part is not there.
    fn vector(self) -> Option<FeatureVector> {
        let (mut vector, _) = self.customer?;
        for part in self.entities {
            vector.parts.insert(part.entity, part.read_at);
            vector.features.extend(part.features);
            vector.missing.extend(part.missing);
        }
        Some(vector)
    }
}

fn key(application: &ApplicationId) -> Vec<u8> {
    [WAITING, application.as_str().as_bytes()].concat()
}

impl VectorStage {
    /// The whole vector, once `part` was the last that was missing.
    fn completed(&mut self, part: Part) -> Option<FeatureVector> {
        let application = part.application().clone();
        let waiting = self.waiting.entry(application.clone()).or_default();
        waiting.take(part);
        let whole = waiting.is_whole();
        let vector = if whole { self.waiting.remove(&application)?.vector() } else { None };
        self.touched.insert(application);
        vector
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
                out.extend(self.completed(one.body.body).map(|vector| place.with(vector)));
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
        }
        changes
    }

    fn restore(&mut self, state: Box<dyn StateReader>) -> Result<(), StageError> {
        *self = Self { reached: saved_reached(&*state)?, ..Self::default() };
        for (key, value) in state.scan(WAITING)? {
            let name = String::from_utf8_lossy(&key[WAITING.len()..]).into_owned();
            let waiting = serde_json::from_slice(&value)
                .map_err(|error| StageError::Corrupt { key: name.clone(), reason: error.to_string() })?;
            self.waiting.insert(ApplicationId::new(name), waiting);
        }
        Ok(())
    }
}
