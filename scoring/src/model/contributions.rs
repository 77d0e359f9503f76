//! What each input of a row added to its log-odds of default, and who says so: the graph, the model's own form, or the graph
//! asked again with one input changed at a time.

use weir_onnx::{Calibrator, Explainer, Scorer};

use super::additive::Additive;
use super::scale::{log_odds, sure};
use super::{Answer, InputValue, ModelError};

/// Where they come from.
#[derive(Debug)]
pub(super) enum Contributions {
    /// An output of the graph.
    Output(usize),
    /// The model itself: a linear one, or trees with covers.
    Explained(Explainer),
    /// Any other model whose inputs add up.
    Additive(Additive),
}

/// One column of one output of a graph: the probability of default.
#[derive(Debug)]
pub(super) struct Probability {
    pub(super) output: usize,
    pub(super) class: usize,
    /// For each column of the graph's inputs, its place among the manifest's.
    pub(super) order: Vec<usize>,
}

impl Probability {
    pub(super) fn of(&self, scorer: &Scorer, rows: &[Vec<InputValue>]) -> Result<Vec<f64>, ModelError> {
        let mut probabilities = Vec::with_capacity(rows.len());
        let mut classes = usize::MAX;
        scorer.scores(self.output, rows, &self.order, |scores| {
            classes = scores.len();
            probabilities.push(scores.get(self.class).map_or(f64::NAN, |score| f64::from(*score)));
        })?;
        if self.class < classes {
            return Ok(probabilities);
        }
        let reason = format!("expected a class {}, found {classes} classes", self.class);
        Err(ModelError::Failed { reason })
    }

    fn log_odds(&self, scorer: &Scorer, rows: &[Vec<InputValue>]) -> Result<Vec<f64>, ModelError> {
        let probabilities = self.of(scorer, rows)?;
        Ok(probabilities.into_iter().map(log_odds).collect())
    }
}

impl Contributions {
    /// Of a graph that has no output of them. `None` where nothing says what an input contributed.
    pub(super) fn by_model(
        scorer: &Scorer,
        probability: &Probability,
        golden: &[Vec<InputValue>],
    ) -> Result<Option<Self>, ModelError> {
        let Probability { output, class, order } = probability;
        if let Some(explainer) = scorer.explainer(*output, *class, golden, order)? {
            return Ok(Some(Self::Explained(explainer)));
        }
        let additive = Additive::of(golden, |rows| probability.log_odds(scorer, rows))?;
        Ok(additive.map(Self::Additive))
    }

    /// Puts in what each input of each row contributed to its log-odds.
    pub(super) fn explain(
        &self,
        scorer: &Scorer,
        probability: &Probability,
        rows: &[Vec<InputValue>],
        answers: &mut [Answer],
    ) -> Result<(), ModelError> {
        match self {
            Self::Output(output) => {
                let mut answers = answers.iter_mut();
                scorer.scores(*output, rows, &probability.order, |contributions| {
                    if let Some(answer) = answers.next() {
                        answer.contributions = Some(contributions.iter().copied().map(f64::from).collect());
                    }
                })
            }
            Self::Explained(explainer) => rows.iter().zip(answers).try_for_each(|(row, answer)| {
                let mut contributions = scorer.contributions(explainer, row, &probability.order)?;
                if let Some(calibrator) = explainer.calibrator() {
                    bend(&mut contributions, calibrator, answer.probability);
                } else if !explainer.is_log_odds() {
                    let stretch = log_odds_per_probability(explainer.base(), answer.probability);
                    contributions.iter_mut().for_each(|contribution| *contribution *= stretch);
                }
                answer.contributions = Some(contributions);
                Ok(())
            }),
            Self::Additive(additive) => rows.iter().zip(answers).try_for_each(|(row, answer)| {
                answer.contributions = Some(additive.contributions(row, |rows| probability.log_odds(scorer, rows))?);
                Ok(())
            }),
        }
    }

    /// Whether they were computed from probabilities of float32, and so to a few millionths.
    pub(super) fn are_rough(&self) -> bool {
        match self {
            Self::Output(_) => false,
            Self::Explained(explainer) => explainer.calibrator().is_some() || !explainer.is_log_odds(),
            Self::Additive(_) => true,
        }
    }
}

/// By how much the log-odds rise with the probability on the way from one to the other: contributions to a probability, which
/// a forest gives, become contributions to log-odds that sum as well.
fn log_odds_per_probability(from: f64, to: f64) -> f64 {
    let slope = 1.0 / (sure(from) * (1.0 - sure(from)));
    if (to - from).abs() < 1e-9 { slope } else { (log_odds(to) - log_odds(from)) / (to - from) }
}

/// Contributions to what a model says become contributions to the log-odds that a calibrator makes of it: by its slope from end to
/// end; what it bends besides goes to those that pull the same way, and where none does it is taken from the others. So none
/// changes its sign, and a jump near the base makes none of them large.
fn bend(contributions: &mut [f64], calibrator: Calibrator, probability: f64) {
    let [(least, at_least), (most, at_most)] = calibrator.ends;
    let slope = (log_odds(at_most) - log_odds(at_least)) / (most - least);
    contributions.iter_mut().for_each(|one| *one *= slope);
    let bent = log_odds(probability) - log_odds(calibrator.at_base) - contributions.iter().sum::<f64>();
    let pulls = |one: &f64| *one != 0.0 && (*one > 0.0) == (bent > 0.0);
    let along: f64 = contributions.iter().copied().filter(pulls).sum();
    let against: f64 = contributions.iter().copied().filter(|one| !pulls(one)).sum();
    let (with, factor) = if along == 0.0 { (false, 1.0 + bent / against) } else { (true, 1.0 + bent / along) };
    if factor.is_finite() {
        contributions.iter_mut().filter(|one| pulls(one) == with).for_each(|one| *one *= factor);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretched_contributions_to_a_probability_sum_to_log_odds() {
        for (base, contributions) in [(0.5, [0.2, -0.05]), (0.1, [0.0, 0.0]), (0.9, [-0.5, 0.599]), (0.3, [0.7, 0.0])] {
            let probability = base + contributions.iter().sum::<f64>();
            let stretch = log_odds_per_probability(base, probability);
            let sum: f64 = contributions.iter().map(|contribution| stretch * contribution).sum();
            let expected = log_odds(probability) - log_odds(base);
            assert!(stretch > 0.0 && (sum - expected).abs() < 1e-4, "{sum} is not {expected}");
        }
    }

    /// A step from 0.2 to 0.4 where 0.1 is explained.
    const STEP: Calibrator = Calibrator { at_base: 0.2, ends: [(-1.0, 0.2), (1.0, 0.4)] };

    #[test]
    fn bent_contributions_sum_to_log_odds() {
        for (told, given) in [(0.4, [0.3, -0.1]), (0.2, [0.3, -0.5]), (0.4, [0.9, 0.1]), (0.2, [0.0, 0.0])] {
            let mut contributions = given;
            bend(&mut contributions, STEP, told);
            let sum: f64 = contributions.iter().sum();
            assert!((sum - (log_odds(told) - log_odds(0.2))).abs() < 1e-12, "{given:?}: {contributions:?}");
        }
    }

    #[test]
    fn bent_contributions_keep_their_sign() {
        for (told, given) in
            [(0.4, [0.3, -0.1]), (0.2, [0.3, -0.5]), (0.4, [0.9, 0.1]), (0.2, [-0.4, -0.2]), (0.15, [-0.9, 0.1])]
        {
            let mut contributions = given;
            bend(&mut contributions, STEP, told);
            let kept = contributions.iter().zip(given).all(|(one, given)| *one * given >= 0.0);
            assert!(kept, "{given:?}: {contributions:?}");
        }
    }

    #[test]
    fn a_jump_near_the_base_makes_no_contribution_large() {
        let mut contributions = [2.0, -1.999];
        bend(&mut contributions, STEP, 0.4);
        assert!(
            contributions[0] > contributions[1] && contributions.iter().all(|one| one.abs() < 2.0),
            "{contributions:?}"
        );
    }

    #[test]
    fn a_sigmoid_stretches_contributions_and_no_more() {
        let told = |margin: f64| 1.0 / (1.0 + (1.0 - 1.7 * margin).exp());
        let calibrator = Calibrator { at_base: told(0.25), ends: [(-2.0, told(-2.0)), (3.0, told(3.0))] };
        let mut contributions = [0.5, -0.25, 1.0];
        bend(&mut contributions, calibrator, told(1.5));
        let expected = [0.5 * 1.7, -0.25 * 1.7, 1.7];
        assert!(
            contributions.iter().zip(expected).all(|(one, other)| (one - other).abs() < 1e-12),
            "{contributions:?}"
        );
    }
}
