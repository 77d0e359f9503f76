//! The pure function from feature vectors to decisions: rules, model and bands, and the worst of what they say. Reads no
//! clock, keeps no state, and gives the same bytes for the same vector whatever stands beside it in the batch.

mod decider;
#[cfg(test)]
mod tests;
mod verdict;

pub use decider::Decider;

use weir_expr::Columns;
use weir_messages::{Decision, FeatureVector};

use self::verdict::Scoring;
use crate::columns::UnfitColumn;
use crate::content::Content;
use crate::model::{Answer, Assessment, InputValue, Model, ModelError, Package, PackageError, Unusable, read_row};
use crate::policy::{Policy, PolicyError};

#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error("model")]
    Model(#[from] PackageError),
    #[error("model `{model}`")]
    Input { model: String, source: UnfitColumn },
    #[error("policy")]
    Policy(#[from] PolicyError),
}

/// A proven model and a checked policy, held against the features there are.
#[derive(Debug)]
pub struct Engine {
    model: Box<dyn Model>,
    policy: Policy,
}

impl Engine {
    /// `available` are the features that views give.
    pub fn load(model: &Content, policy: &Content, available: &Columns) -> Result<Self, EngineError> {
        Self::of(Box::new(Package::of(model)?), Policy::load(policy, available)?, available)
    }

    fn of(model: Box<dyn Model>, policy: Policy, available: &Columns) -> Result<Self, EngineError> {
        for column in model.manifest().columns() {
            let unfit = |source| EngineError::Input { model: model.manifest().name.clone(), source };
            column.fits(available).map_err(unfit)?;
        }
        Ok(Self { model, policy })
    }

    /// SHA-256 of the model package and of the policy's files, in hex.
    #[must_use]
    pub fn hashes(&self) -> (&str, &str) {
        (self.model.hash(), self.policy.hash())
    }

    /// The model itself, for who asks it without a decision.
    #[must_use]
    pub fn asked(&self) -> &dyn Model {
        &*self.model
    }

    /// Name and version.
    #[must_use]
    pub fn model(&self) -> (&str, u32) {
        let manifest = self.model.manifest();
        (&manifest.name, manifest.version)
    }

    /// Name and version.
    #[must_use]
    pub fn policy(&self) -> (&str, u32) {
        self.policy.version()
    }

    /// One decision a vector, in order.
    #[must_use]
    pub fn decide(&self, vectors: Vec<FeatureVector>) -> Vec<Decision> {
        let answers = self.policy.answer(&vectors);
        let scorings = self.score(&vectors);
        let each = vectors.into_iter().zip(answers).zip(scorings);
        each.map(|((vector, answers), scoring)| self.verdict(vector, answers, scoring)).collect()
    }

    /// The decision that the recorded one's vector leads to here: equal to the byte when this engine made it.
    #[must_use]
    pub fn rerun(&self, recorded: &Decision) -> Decision {
        let mut decisions = self.decide(vec![recorded.vector.clone()]);
        decisions.pop().expect("one vector gives one decision")
    }

    fn score(&self, vectors: &[FeatureVector]) -> Vec<Scoring> {
        let mut rows = Vec::with_capacity(vectors.len());
        let read = |vector| read_row(self.model.manifest(), vector).map(|row| rows.push(row));
        let read: Vec<Result<(), Vec<Unusable>>> = vectors.iter().map(read).collect();
        let mut assessed = self.assess(&rows).into_iter();
        let scoring = |row: Result<(), Vec<Unusable>>| match row {
            Ok(()) => assessed.next().flatten().map_or(Scoring::Failed, Scoring::Done),
            Err(unusable) => Scoring::Unread(unusable),
        };
        read.into_iter().map(scoring).collect()
    }

    /// A row that the model fails on takes no other row with it.
    fn assess(&self, rows: &[Vec<InputValue>]) -> Vec<Option<Assessment>> {
        let answered = |answers: Result<Vec<Answer>, ModelError>, rows: usize| match answers {
            Ok(answers) if answers.len() == rows => Ok(answers),
            Ok(answers) => {
                let reason = format!("expected {rows} answers, found {}", answers.len());
                Err(ModelError::Failed { reason })
            }
            Err(error) => Err(error),
        };
        let assess = |answer: Result<Answer, ModelError>| {
            let assessed = answer.and_then(|answer| Assessment::of(self.model.manifest(), &answer));
            assessed.inspect_err(|error| tracing::error!(%error, model = self.model.manifest().name, "no score")).ok()
        };
        if let Ok(answers) = answered(self.model.answer(rows, true), rows.len()) {
            return answers.into_iter().map(|answer| assess(Ok(answer))).collect();
        }
        let alone = |row| answered(self.model.answer(std::slice::from_ref(row), true), 1).map(|mut one| one.remove(0));
        rows.iter().map(|row| assess(alone(row))).collect()
    }
}
