//! What rules, model and band say of one vector, brought to one decision. Each finding would alone lead to its outcome;
//! the worst outcome stands, and its findings are the reasons.

use weir_messages::{Decision, FeatureVector, ModelUse, Offer, Outcome, Reason};

use super::{Engine, Scoring};
use crate::model::Assessment;
use crate::policy::{Answers, BAND_CODE, Band, Verdict};

/// So many inputs are named as reasons for a score, as 12 CFR 1002.9(b)(2) suggests at most.
const MOST_REASONS: usize = 4;
impl Engine {
    /// The worst that rules and band lead to.
    pub(super) fn outcome(&self, answers: &Answers, score: i64) -> Outcome {
        let missing = if answers.missing.is_empty() { Outcome::Approve } else { Outcome::Review };
        let hits = answers.hits.iter().map(|(outcome, _)| *outcome);
        hits.fold(self.policy.band(score).outcome().max(missing), Outcome::max)
    }

    pub(super) fn verdict(&self, vector: FeatureVector, answers: Answers, scoring: Scoring) -> Decision {
        let Answers { rules, hits: mut findings, mut missing } = answers;
        missing.extend(scoring.missing());
        findings.extend(missing.iter().map(|(name, absence)| (Outcome::Review, self.policy.missing(name, absence))));
        let assessed = match scoring {
            Scoring::Done(assessed) => Some(assessed),
            Scoring::Unread(_) | Scoring::Failed(_) => None,
        };
        let band = assessed.as_ref().map(|assessed| self.policy.band(assessed.score));
        if let (Some(assessed), Some(band)) = (&assessed, band) {
            findings.extend(self.reasons(assessed, band).into_iter().map(|reason| (band.outcome(), reason)));
        }
        let outcome = findings.iter().map(|(outcome, _)| *outcome).max().unwrap_or(Outcome::Review);
        let reasons = findings.into_iter().filter(|(leads_to, _)| *leads_to == outcome).map(|(_, reason)| reason);
        Decision {
            application: vector.application.clone(),
            customer: vector.customer.clone(),
            at: vector.at,
            outcome,
            reasons: reasons.collect(),
            offer: band.and_then(|band| offer(outcome, band)),
            experiment: None,
            model: assessed.map(|assessed| self.model_use(assessed)),
            shadows: Vec::new(),
            policy: self.policy.record(rules),
            missing,
            vector,
        }
    }

    /// The inputs that lowered the score most; the band itself when it approves, or when nothing lowered the score.
    fn reasons(&self, assessed: &Assessment, band: &Band) -> Vec<Reason> {
        let whole = Reason {
            code: BAND_CODE.to_owned(),
            text: format!("{} ({})", band.text, band.name),
            kind: "score".to_owned(),
        };
        if band.outcome() == Outcome::Approve {
            return vec![whole];
        }
        let inputs = self.model.manifest().inputs.iter();
        let mut lowered: Vec<_> = inputs
            .map(|input| (input, assessed.points.get(&input.feature).copied().unwrap_or_default()))
            .filter(|(_, points)| *points < 0.0)
            .collect();
        lowered.sort_by(|(_, a), (_, b)| a.total_cmp(b));
        let reasons = lowered.into_iter().take(MOST_REASONS).map(|(input, _)| Reason {
            code: input.reason.clone(),
            text: input.wording.clone(),
            kind: "score".to_owned(),
        });
        let reasons: Vec<Reason> = reasons.collect();
        if reasons.is_empty() { vec![whole] } else { reasons }
    }

    fn model_use(&self, assessed: Assessment) -> ModelUse {
        let manifest = self.model.manifest();
        ModelUse {
            name: manifest.name.clone(),
            version: manifest.version,
            hash: self.model.hash().to_owned(),
            probability: assessed.probability,
            score: assessed.score,
            contributions: assessed.points,
        }
    }
}

fn offer(outcome: Outcome, band: &Band) -> Option<Offer> {
    match &band.verdict {
        Verdict::Approve(offer) if outcome == Outcome::Approve => Some(offer.clone()),
        Verdict::Approve(_) | Verdict::Review | Verdict::Decline => None,
    }
}
