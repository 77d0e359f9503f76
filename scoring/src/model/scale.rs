//! From a probability to points: calibration of the log-odds, and the scorecard's scale. Higher points are better.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Answer, Manifest, ModelError};

/// `base_score` points at `base_odds` of good to bad; `points_to_double_odds` more each time the odds double.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scale {
    pub base_score: f64,
    pub base_odds: f64,
    pub points_to_double_odds: f64,
}

/// A probability of 0 or 1 has no odds; nothing is surer than this.
pub(super) const SUREST: f64 = 1e-6;

/// An answer on the scorecard's scale.
#[derive(Debug, Clone, PartialEq)]
pub struct Assessment {
    /// Calibrated probability of default.
    pub probability: f64,
    pub score: i64,
    /// Points each input added to the score beside the training average, by feature; none where nobody asked.
    pub points: BTreeMap<String, f64>,
}

impl Scale {
    /// Points lost for each unit of log-odds of default.
    fn factor(&self) -> f64 {
        self.points_to_double_odds / std::f64::consts::LN_2
    }

    pub(super) fn score(&self, log_odds_of_default: f64) -> f64 {
        self.base_score - self.factor() * (log_odds_of_default + self.base_odds.ln())
    }
}

impl Assessment {
    /// Refuses an answer that is no probability or not finite.
    pub fn of(manifest: &Manifest, answer: &Answer) -> Result<Self, ModelError> {
        let failed = |reason: String| ModelError::Failed { reason };
        if !is_probability(answer.probability) {
            return Err(failed(format!("expected a probability, found {}", answer.probability)));
        }
        let contributions = answer.contributions.as_deref().unwrap_or_default();
        if answer.contributions.is_some() && contributions.len() != manifest.inputs.len() {
            let (wanted, found) = (manifest.inputs.len(), contributions.len());
            return Err(failed(format!("expected {wanted} contributions, found {found}")));
        }
        if !contributions.iter().all(|contribution| contribution.is_finite()) {
            return Err(failed("expected finite contributions".to_owned()));
        }
        let slope = manifest.calibration.a;
        let log_odds_of_default = slope * log_odds(answer.probability) + manifest.calibration.b;
        let points = manifest.inputs.iter().zip(contributions);
        let points = points.map(|(input, contribution)| {
            (input.feature.clone(), six_places(-manifest.scale.factor() * slope * contribution))
        });
        Ok(Self {
            probability: six_places(1.0 / (1.0 + (-log_odds_of_default).exp())),
            score: whole(manifest.scale.score(log_odds_of_default)),
            points: points.collect(),
        })
    }
}

pub(super) const fn sure(probability: f64) -> f64 {
    probability.clamp(SUREST, 1.0 - SUREST)
}

/// What a forest adds up in float32 may be 1.0000001: as sure as can be, and no mistake.
pub(crate) fn is_probability(value: f64) -> bool {
    (-SUREST..=1.0 + SUREST).contains(&value)
}

/// No surer than can be.
pub(super) fn log_odds(probability: f64) -> f64 {
    let probability = sure(probability);
    (probability / (1.0 - probability)).ln()
}

/// So that the last bit of a platform's `exp` does not show in a decision.
fn six_places(value: f64) -> f64 {
    // Adding zero turns a negative zero into a plain one.
    (value * 1e6).round() / 1e6 + 0.0
}

#[allow(clippy::cast_possible_truncation, reason = "log-odds are bounded by SUREST and scales are finite: points fit")]
fn whole(points: f64) -> i64 {
    points.round() as i64
}
