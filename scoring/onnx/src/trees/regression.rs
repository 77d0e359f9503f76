//! Sums of an ensemble as `TreeEnsembleRegressor` and `TreeEnsemble` give them.

use tract_onnx::prelude::TractResult;
use tract_onnx::tract_hir::internal::{bail, ensure};

use super::{Ensemble, Score, Vote};
use crate::operators::post_transform::PostTransform;
use crate::operators::real::Real;
use crate::plan::Margin;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Aggregate {
    Average,
    Sum,
    Min,
    Max,
}

impl Aggregate {
    pub(crate) fn named(name: &str) -> TractResult<Self> {
        match name {
            "AVERAGE" => Ok(Self::Average),
            "SUM" => Ok(Self::Sum),
            "MIN" => Ok(Self::Min),
            "MAX" => Ok(Self::Max),
            other => bail!("attribute `aggregate_function`: `{other}` is not supported"),
        }
    }

    pub(crate) fn numbered(number: i64) -> TractResult<Self> {
        match number {
            0 => Ok(Self::Average),
            1 => Ok(Self::Sum),
            2 => Ok(Self::Min),
            3 => Ok(Self::Max),
            other => bail!("attribute `aggregate_function`: {other} is not supported"),
        }
    }

    fn add<T: Real>(self, score: &mut Score<T>, weight: T) {
        let value = match self {
            Self::Average | Self::Sum => score.value + weight,
            Self::Min | Self::Max if !score.voted => weight,
            Self::Min => {
                if weight < score.value {
                    weight
                } else {
                    score.value
                }
            }
            Self::Max => {
                if weight > score.value {
                    weight
                } else {
                    score.value
                }
            }
        };
        *score = Score { value, voted: true };
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Regression<T> {
    pub ensemble: Ensemble<T>,
    aggregate: Aggregate,
    /// None, or one for each target.
    base_values: Vec<T>,
    transform: PostTransform,
}

impl<T: Real> Regression<T> {
    pub(crate) fn new(
        ensemble: Ensemble<T>,
        aggregate: Aggregate,
        base_values: Vec<T>,
        transform: PostTransform,
    ) -> TractResult<Self> {
        let (expected, found) = (ensemble.targets, base_values.len());
        ensure!(
            found == 0 || found == expected,
            "attribute `base_values`: expected 0 or {expected} entries, found {found}"
        );
        Ok(Self { ensemble, aggregate, base_values, transform })
    }

    /// What one row gives for each target, appended to `out`.
    pub(crate) fn row(&self, row: &[T], out: &mut Vec<T>) {
        let mut scores = vec![Score::NONE; self.ensemble.targets];
        for root in &self.ensemble.roots {
            for vote in self.ensemble.votes_of(*root, row) {
                self.add(&mut scores, vote);
            }
        }
        self.finish(&mut scores, out);
    }

    /// Whether votes are simply added up, at most to be divided at the end.
    pub(crate) fn adds(&self) -> bool {
        matches!(self.aggregate, Aggregate::Sum | Aggregate::Average)
    }

    pub(crate) fn add(&self, scores: &mut [Score<T>], vote: &Vote<T>) {
        self.aggregate.add(&mut scores[vote.target as usize], vote.weight);
    }

    /// Of the only score.
    pub(crate) fn margin(&self, class: usize) -> Option<Margin> {
        let base = self.base_values.first().map_or(0.0, |base| base.to_f64());
        #[allow(clippy::cast_precision_loss, reason = "trees are few")]
        let factor = match self.aggregate {
            Aggregate::Sum => 1.0,
            Aggregate::Average => 1.0 / self.ensemble.roots.len() as f64,
            Aggregate::Min | Aggregate::Max => return None,
        };
        let is_plain = self.ensemble.targets == 1 && class == 0 && self.transform != PostTransform::Probit;
        is_plain.then_some(Margin { target: 0, factor, base, is_log_odds: false })
    }

    /// When all votes are added.
    pub(crate) fn finish(&self, scores: &mut [Score<T>], out: &mut Vec<T>) {
        #[allow(clippy::cast_precision_loss, reason = "the runtime divides by a float too")]
        let trees = T::from_f64(self.ensemble.roots.len() as f64);
        for (score, target) in scores.iter_mut().zip(0..) {
            if self.aggregate == Aggregate::Average {
                score.value = score.value / trees;
            }
            if let Some(base) = self.base_values.get::<usize>(target) {
                score.value = score.value + *base;
            }
        }
        // With one target the base value stands even where nobody voted, and of the transforms only the probit is honoured.
        if let [score] = *scores {
            out.push(if self.transform == PostTransform::Probit { probit(score.value) } else { score.value });
            return;
        }
        let first = out.len();
        out.extend(scores.iter().map(|score| score.given()));
        self.transform.apply(&mut out[first..]);
    }

    pub(crate) fn widened(&self) -> Regression<f64> {
        Regression {
            ensemble: self.ensemble.widened(),
            aggregate: self.aggregate,
            base_values: self.base_values.iter().map(|base| base.to_f64()).collect(),
            transform: self.transform,
        }
    }
}

fn probit<T: Real>(value: T) -> T {
    let mut one = [value];
    PostTransform::Probit.apply(&mut one);
    one[0]
}
