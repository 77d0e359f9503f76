//! The pure function from feature vectors to decisions: rules, model and bands, and the worst of what they say. Reads no
//! clock, keeps no state, and gives the same bytes for the same vector whatever stands beside it in the batch.

mod scoring;
#[cfg(test)]
pub(crate) mod tests;
mod verdict;

use std::sync::Arc;

use weir_expr::Columns;
use weir_messages::{Decision, FeatureVector, Outcome};

pub(crate) use self::scoring::{LATE, SCORE, Scoring, score};
use crate::columns::UnfitColumn;
use crate::content::Content;
use crate::model::{Model, Package, PackageError, Timed};
use crate::policy::{Answers, Policy, PolicyError};

#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error("model")]
    Model(#[from] PackageError),
    #[error("model `{model}`")]
    Input { model: String, source: UnfitColumn },
    #[error("policy")]
    Policy(#[from] PolicyError),
}

/// Names an engine, by the hashes of model and policy.
#[must_use]
pub fn engine_name(model: &str, policy: &str) -> String {
    format!("{model}-{policy}")
}

/// The hash of the model in an engine's name.
#[must_use]
pub fn model_of(engine: &str) -> &str {
    engine.split_once('-').map_or(engine, |(model, _)| model)
}

/// A proven model and a checked policy, held against the features there are.
#[derive(Debug)]
pub struct Engine {
    model: Arc<dyn Model>,
    policy: Arc<Policy>,
    name: Arc<str>,
}

impl Engine {
    /// `available` are the features that views give.
    pub fn load(model: &Content, policy: &Content, available: &Columns) -> Result<Self, EngineError> {
        Self::of(Arc::new(Package::of(model)?), Arc::new(Policy::load(policy, available)?), available)
    }

    /// Of a policy that was held against the same features.
    pub fn of(model: Arc<dyn Model>, policy: Arc<Policy>, available: &Columns) -> Result<Self, EngineError> {
        let name = engine_name(model.hash(), policy.hash()).into();
        let engine = Self { model, policy, name };
        engine.fits(available).map(|()| engine)
    }

    /// Whether there is every feature that the model reads.
    pub fn fits(&self, available: &Columns) -> Result<(), EngineError> {
        let manifest = self.model.manifest();
        let unfit = |source| EngineError::Input { model: manifest.name.clone(), source };
        manifest.columns().try_for_each(|column| column.fits(available).map_err(unfit))
    }

    /// The same under its model's deadline: for deciding, and not for running decisions again.
    #[must_use]
    pub fn timed(&self) -> Self {
        self.with(Timed::new(Arc::clone(&self.model)))
    }

    /// The same with a wrapper around its model.
    pub(crate) fn with(&self, model: Timed) -> Self {
        let model = Arc::new(model);
        Self { model, policy: Arc::clone(&self.policy), name: Arc::clone(&self.name) }
    }

    #[must_use]
    pub const fn name(&self) -> &Arc<str> {
        &self.name
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

    /// One decision a vector, in order. What the inputs contributed is asked only where the outcome is no approval.
    #[must_use]
    pub fn decide(&self, vectors: Vec<FeatureVector>) -> Vec<Decision> {
        let answers = self.policy.answer(&vectors);
        let mut scorings = score(&*self.model, vectors.iter(), false);
        let open = |at: &usize| match &scorings[*at] {
            Scoring::Done(assessed) => self.outcome(&answers[*at], assessed.score) != Outcome::Approve,
            Scoring::Unread(_) | Scoring::Failed(_) => false,
        };
        let open: Vec<usize> = (0..vectors.len()).filter(open).collect();
        let explained = score(&*self.model, open.iter().map(|at| &vectors[*at]), true);
        open.into_iter().zip(explained).for_each(|(at, explained)| scorings[at] = explained);
        self.verdicts(vectors, answers, scorings)
    }

    /// The decision that the recorded one's vector leads to here: equal to the byte when this engine made it. Of what no
    /// function of the vector says, the record does: that the model was late, the arm, the shadows, and, in records from
    /// before contributions were left out of approvals, that they were asked for.
    #[must_use]
    pub fn rerun(&self, recorded: &Decision) -> Decision {
        let vectors = vec![recorded.vector.clone()];
        let was_late = recorded.missing.get(SCORE).is_some_and(|reason| reason == LATE);
        let points = recorded.model.as_ref().is_some_and(|model| !model.contributions.is_empty());
        let scorings = match (was_late, points && recorded.outcome == Outcome::Approve) {
            (true, _) => Some(vec![Scoring::Failed(LATE)]),
            (false, true) => Some(score(&*self.model, vectors.iter(), true)),
            (false, false) => None,
        };
        let decisions = match scorings {
            Some(scorings) => {
                let answers = self.policy.answer(&vectors);
                self.verdicts(vectors, answers, scorings)
            }
            None => self.decide(vectors),
        };
        let decision = decisions.into_iter().next().expect("one vector gives one decision");
        Decision { experiment: recorded.experiment.clone(), shadows: recorded.shadows.clone(), ..decision }
    }

    fn verdicts(&self, vectors: Vec<FeatureVector>, answers: Vec<Answers>, scorings: Vec<Scoring>) -> Vec<Decision> {
        let each = vectors.into_iter().zip(answers).zip(scorings);
        each.map(|((vector, answers), scoring)| self.verdict(vector, answers, scoring)).collect()
    }
}
