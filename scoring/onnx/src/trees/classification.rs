//! Labels and scores of an ensemble as `TreeEnsembleClassifier` gives them, with all that ONNX Runtime does for two classes.

use tract_onnx::prelude::TractResult;
use tract_onnx::tract_hir::internal::ensure;

use super::{Ensemble, Score, Vote};
use crate::operators::classes::Winner;
use crate::operators::post_transform::{PostTransform, SecondClass};
use crate::operators::real::Real;
use crate::plan::Margin;

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Classification<T> {
    pub ensemble: Ensemble<T>,
    base_values: Vec<T>,
    transform: PostTransform,
    /// Of two classes only one ever gets a weight: the other's score follows from it.
    one_sided: bool,
    all_positive: bool,
}

/// The class of a row, and one score for each class.
impl<T: Real> Classification<T> {
    /// `weight_targets` and `weights` as the file lists them, those of nodes that are no leaf included.
    pub(crate) fn new(
        ensemble: Ensemble<T>,
        base_values: Vec<T>,
        transform: PostTransform,
        weight_targets: &[i64],
        weights: &[T],
    ) -> TractResult<Self> {
        let (classes, found) = (ensemble.targets, base_values.len());
        ensure!(classes >= 2, "expected at least 2 class labels, found {classes}");
        let fits = found == 0 || found == classes || (classes == 2 && found == 1);
        ensure!(fits, "attribute `base_values`: expected 0 or {classes} entries, found {found}");
        let one_sided = classes == 2 && weight_targets.iter().all(|target| Some(target) == weight_targets.first());
        let all_positive = !weights.iter().any(|weight| *weight < T::ZERO);
        if classes > 2 {
            ensure!(ensemble.leaves.iter().all(|leaf| leaf.count > 0), "a leaf votes for no class");
        } else if found < 2 && !every_leaf_votes_for_the_second(&ensemble) {
            // ONNX Runtime then leaves the second score as it finds it in memory.
            ensure!(
                transform != PostTransform::Probit,
                "attribute `post_transform`: PROBIT of one class in two is not supported"
            );
            ensure!(
                found == 0 || one_sided,
                "attribute `base_values`: one entry for two classes is not supported here"
            );
        }
        Ok(Self { ensemble, base_values, transform, one_sided, all_positive })
    }

    /// The class that wins, with the scores appended to `out`.
    pub(crate) fn row(&self, row: &[T], out: &mut Vec<T>) -> Winner {
        let mut scores = vec![Score::NONE; self.ensemble.targets];
        for root in &self.ensemble.roots {
            for vote in self.ensemble.votes_of(*root, row) {
                self.add(&mut scores, vote);
            }
        }
        self.finish(&mut scores, out)
    }

    #[allow(clippy::unused_self, reason = "how votes add up is the classification's to say")]
    pub(crate) fn add(&self, scores: &mut [Score<T>], vote: &Vote<T>) {
        let score = &mut scores[vote.target as usize];
        *score = Score { value: score.value + vote.weight, voted: true };
    }

    /// Of the score of one of two classes, where votes become it in a way that can be followed.
    pub(crate) fn margin(&self, class: usize) -> Option<Margin> {
        let is_log_odds = match self.transform {
            PostTransform::Logistic => true,
            PostTransform::None => false,
            PostTransform::Softmax | PostTransform::SoftmaxZero | PostTransform::Probit => return None,
        };
        let first_votes = self.ensemble.votes.iter().any(|vote| vote.target == 0);
        let base = match self.base_values[..] {
            [] => 0.0,
            [base] => base.to_f64(),
            _ => return None,
        };
        if self.ensemble.targets != 2 || class > 1 {
            None
        } else if self.one_sided && first_votes {
            // The one sum is the second class's, and the first one's follows.
            let of = |factor, base| Margin { target: 0, factor, base, is_log_odds };
            match class {
                1 => Some(of(1.0, base)),
                _ if is_log_odds || !self.all_positive => Some(of(-1.0, -base)),
                _ => Some(of(-1.0, 1.0 - base)),
            }
        } else if self.base_values.is_empty() && !self.one_sided {
            Some(Margin { target: class, factor: 1.0, base: 0.0, is_log_odds })
        } else {
            None
        }
    }

    /// When all votes are added.
    pub(crate) fn finish(&self, scores: &mut [Score<T>], out: &mut Vec<T>) -> Winner {
        if let [first, second] = *scores { self.of_two(first, second, out) } else { self.of_many(scores, out) }
    }

    fn of_many(&self, scores: &mut [Score<T>], out: &mut Vec<T>) -> Winner {
        for (score, base) in scores.iter_mut().zip(&self.base_values) {
            *score = Score { value: if score.voted { score.value + *base } else { *base }, voted: true };
        }
        let mut best: Option<(usize, T)> = None;
        for (at, score) in scores.iter().enumerate().filter(|(_, score)| score.voted) {
            if best.is_none_or(|(_, highest)| score.value > highest) {
                best = Some((at, score.value));
            }
        }
        let first = out.len();
        out.extend(scores.iter().map(|score| score.given()));
        self.transform.apply(&mut out[first..]);
        Winner::Class(best.map_or(0, |(at, _)| at))
    }

    fn of_two(&self, mut first: Score<T>, mut second: Score<T>, out: &mut Vec<T>) -> Winner {
        match self.base_values[..] {
            // The second score is the first one's sum, as ONNX Runtime has it.
            [_, base] if second.voted => {
                second.value = base + first.value;
                first.value = -second.value;
            }
            [zero, one] => {
                second.value = second.value + one;
                first.value = first.value + zero;
            }
            [one] => first.value = first.value + one,
            _ => {}
        }
        let decisive = if second.voted { second.value } else { first.given() };
        let (winner, how) = self.decide(decisive);
        let at = out.len();
        if second.voted || self.base_values.len() == 2 {
            out.extend([first.given(), second.given()]);
            self.transform.apply(&mut out[at..]);
        } else {
            out.extend(self.transform.of_one(first.given(), how));
        }
        winner
    }

    fn decide(&self, decisive: T) -> (Winner, SecondClass) {
        if !self.one_sided {
            // Here ONNX Runtime answers with the numbers 0 and 1, whatever the labels are.
            return (Winner::Number(usize::from(decisive > T::ZERO)), SecondClass::Opposite);
        }
        if self.all_positive {
            let wins = decisive.to_f64() > 0.5;
            return (Winner::Class(usize::from(wins)), SecondClass::Complement);
        }
        (Winner::Class(usize::from(decisive > T::ZERO)), SecondClass::Opposite)
    }

    pub(crate) fn widened(&self) -> Classification<f64> {
        Classification {
            ensemble: self.ensemble.widened(),
            base_values: self.base_values.iter().map(|base| base.to_f64()).collect(),
            transform: self.transform,
            one_sided: self.one_sided,
            all_positive: self.all_positive,
        }
    }
}

fn every_leaf_votes_for_the_second<T: Real>(ensemble: &Ensemble<T>) -> bool {
    ensemble.leaves.iter().all(|leaf| ensemble.votes_at(*leaf).iter().any(|vote| vote.target == 1))
}
