//! Decisions, counted: by model, by arm of an experiment, and for each shadow beside whoever decided. Of any one
//! application nothing is kept but, where it is labelled, what was answered and what became of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use weir_messages::{Arm, Decision, EventTime, Outcome, Shadow, ShadowAnswer};
use weir_scoring::model::{Model, Package};
use weir_scoring::watch::{Reference, Slices};

use crate::discrimination::Scored;
use crate::watching::answered;

/// Points of one square when a shadow's scores lie beside those that decided.
pub(super) const SQUARE: i64 = 20;

#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) decisions: u64,
    pub(super) span: Option<(EventTime, EventTime)>,
    /// By the hash of the package.
    pub(super) models: BTreeMap<String, Asked>,
    pub(super) arms: BTreeMap<(String, Arm), ByOutcome>,
    /// By the hashes of who decided and of the shadow.
    pub(super) pairs: BTreeMap<(String, String), Pair>,
}

/// What one model was asked.
#[derive(Debug, Default)]
pub(super) struct Asked {
    pub(super) name: String,
    pub(super) version: Option<u32>,
    /// None where the package is not known.
    pub(super) reference: Option<Arc<Reference>>,
    pub(super) slices: Slices,
    pub(super) decided: ByOutcome,
    /// Asked as a shadow.
    pub(super) beside: u64,
    pub(super) unanswered: u64,
    /// Of the labelled.
    pub(super) scored: Vec<Scored>,
}

/// Decisions, and how many of the labelled went bad.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub(super) struct ByOutcome {
    pub(super) approve: u64,
    pub(super) review: u64,
    pub(super) decline: u64,
    pub(super) labelled: u64,
    pub(super) bad: u64,
}

impl ByOutcome {
    fn add(&mut self, outcome: Outcome, is_bad: Option<bool>) {
        match outcome {
            Outcome::Approve => self.approve += 1,
            Outcome::Review => self.review += 1,
            Outcome::Decline => self.decline += 1,
        }
        self.labelled += u64::from(is_bad.is_some());
        self.bad += u64::from(is_bad == Some(true));
    }

    pub(super) const fn all(&self) -> u64 {
        self.approve + self.review + self.decline
    }
}

/// Applications that both scored.
#[derive(Debug, Default)]
pub(super) struct Pair {
    pub(super) rows: u64,
    /// Sums of the shadow's points less those that decided, and of its absolute value.
    pub(super) difference: i64,
    pub(super) distance: i64,
    /// How many lie in each square of points: who decided, and the shadow.
    pub(super) squares: BTreeMap<(i64, i64), u64>,
}

impl Tally {
    /// `hash` is that of the model that decided, or should have.
    pub(super) fn add(&mut self, decision: &Decision, hash: &str, is_bad: Option<bool>) {
        self.decisions += 1;
        let (first, last) = self.span.unwrap_or((decision.at, decision.at));
        self.span = Some((first.min(decision.at), last.max(decision.at)));
        if let Some(experiment) = &decision.experiment {
            let arm = (experiment.name.clone(), experiment.arm);
            self.arms.entry(arm).or_default().add(decision.outcome, is_bad);
        }
        let asked = self.models.entry(hash.to_owned()).or_default();
        asked.decided.add(decision.outcome, is_bad);
        asked.add(decision, decision.model.as_ref().map(|model| model.probability), is_bad);
        for shadow in &decision.shadows {
            let asked = self.models.entry(shadow.hash.clone()).or_default();
            asked.beside += 1;
            asked.add(decision, answered(&shadow.answer), is_bad);
            self.pair(decision, hash, shadow);
        }
    }

    fn pair(&mut self, decision: &Decision, hash: &str, shadow: &Shadow) {
        let (Some(model), ShadowAnswer::Scored { score, .. }) = (&decision.model, &shadow.answer) else { return };
        let pair = self.pairs.entry((hash.to_owned(), shadow.hash.clone())).or_default();
        pair.rows += 1;
        pair.difference += score - model.score;
        pair.distance += (score - model.score).abs();
        *pair.squares.entry((model.score.div_euclid(SQUARE), score.div_euclid(SQUARE))).or_default() += 1;
    }
}

impl Asked {
    /// Takes what its package says, or what a record says of its name.
    pub(super) fn meet(&mut self, named: Option<(&str, u32)>, package: Option<Package>) {
        let manifest = package.as_ref().map(Model::manifest);
        let named = manifest.map(|manifest| (manifest.name.as_str(), manifest.version)).or(named);
        if let Some((name, version)) = named {
            (self.name, self.version) = (name.to_owned(), Some(version));
        }
        self.reference = package.map(|package| Arc::clone(package.reference()));
    }

    fn add(&mut self, decision: &Decision, probability: Option<f64>, is_bad: Option<bool>) {
        if let Some(reference) = &self.reference {
            self.slices.add(reference, &decision.vector, probability);
        }
        match probability {
            None => self.unanswered += 1,
            Some(probability) => self.scored.extend(is_bad.map(|is_bad| Scored { probability, is_bad })),
        }
    }
}
