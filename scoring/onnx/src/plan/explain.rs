//! What each column of the inputs contributed to one score, beside what the score is on average: of linear models the
//! weighted distance from the average of some rows, of ensembles the exact SHAP values under the covers of the file.

use super::formula::{Formula, Scratch};
use super::symbol::{Column, Model, Source};
use super::{Output, Plan, Table, Unfit};
use crate::trees::{Shap, Vote};

#[derive(Debug)]
pub(crate) struct Explanation {
    form: Form,
    /// What the contributions stand beside.
    base: f64,
    is_log_odds: bool,
    /// Of each column that the model reads, the column of the inputs that it was made of.
    owners: Vec<Option<usize>>,
}

#[derive(Debug)]
enum Form {
    Linear { weights: Vec<f64>, averages: Vec<f64> },
    Trees { shap: Box<Shap>, factor: f64 },
}

/// What an ensemble or a sum gives before it becomes a score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Margin {
    /// The target whose votes count, or the row of weights.
    pub target: usize,
    pub factor: f64,
    pub base: f64,
    /// Else it is the score itself.
    pub is_log_odds: bool,
}

impl Explanation {
    pub(crate) const fn base(&self) -> f64 {
        self.base
    }

    /// Whether what is explained are the log-odds of the score, or the score itself.
    pub(crate) const fn is_log_odds(&self) -> bool {
        self.is_log_odds
    }
}

impl Plan {
    /// Of one score of an output; `None` where there is no way to explain it. `background` are rows whose average stands
    /// for all where a model is linear.
    pub(crate) fn explanation(
        &self,
        output: usize,
        class: usize,
        background: &impl Table,
        scratch: &mut Scratch,
    ) -> Result<Option<Explanation>, Unfit> {
        let Some(Output::Scores(model, given)) = self.outputs.get(output) else { return Ok(None) };
        let Model { columns, formula } = &*self.models[*model];
        let Some(margin) = formula.margin(class).filter(|_| given.factors.iter().all(|factor| *factor == 1.0)) else {
            return Ok(None);
        };
        let owners = columns.iter().map(Column::owner).collect();
        let of = |form, base| Explanation { form, base, is_log_odds: margin.is_log_odds, owners };
        Ok(match formula.weights(margin) {
            Some((weights, intercept)) => {
                let averages = self.averages(background, scratch)?;
                let average: f64 = weights.iter().zip(&averages).map(|(weight, average)| weight * average).sum();
                let base = margin.base + intercept + average;
                (background.rows() > 0).then(|| of(Form::Linear { weights, averages }, base))
            }
            None => formula.shap(margin.target, columns.len()).map(|shap| {
                let base = margin.base + margin.factor * shap.average();
                of(Form::Trees { shap: Box::new(shap), factor: margin.factor }, base)
            }),
        })
    }

    fn averages(&self, table: &impl Table, scratch: &mut Scratch) -> Result<Vec<f64>, Unfit> {
        let mut sums = vec![0.0; self.encoder.width()];
        for row in 0..table.rows() {
            self.encoder.fill(table, row, &mut scratch.slots[..])?;
            sums.iter_mut().zip(&scratch.slots[..]).for_each(|(sum, value)| *sum += f64::from(*value));
        }
        #[allow(clippy::cast_precision_loss, reason = "rows are few")]
        let count = table.rows().max(1) as f64;
        Ok(sums.into_iter().map(|sum| sum / count).collect())
    }

    /// Adds what each column of the inputs contributed, by its place.
    pub(crate) fn contributions(
        &self,
        explanation: &Explanation,
        table: &impl Table,
        row: usize,
        scratch: &mut Scratch,
        mut add: impl FnMut(usize, f64),
    ) -> Result<(), Unfit> {
        self.encoder.fill(table, row, &mut scratch.slots[..])?;
        let Scratch { slots, sweep, contributions, .. } = scratch;
        contributions.clear();
        contributions.resize(self.encoder.width(), 0.0);
        match &explanation.form {
            Form::Trees { shap, factor } => {
                shap.add(slots, sweep, contributions);
                contributions.iter_mut().for_each(|contribution| *contribution *= factor);
            }
            Form::Linear { weights, averages } => {
                for (((contribution, weight), average), value) in
                    contributions.iter_mut().zip(weights).zip(averages).zip(slots.iter())
                {
                    *contribution = weight * (f64::from(*value) - average);
                }
            }
        }
        for (owner, contribution) in explanation.owners.iter().zip(contributions) {
            owner.iter().for_each(|column| add(*column, *contribution));
        }
        Ok(())
    }
}

impl Column {
    /// Of a constant nobody.
    const fn owner(&self) -> Option<usize> {
        match &self.source {
            Source::Number(column)
            | Source::Integer(column)
            | Source::Text(column)
            | Source::Category { text: column, .. }
            | Source::Looked { text: column, .. } => Some(*column),
            Source::Constant(_) => None,
        }
    }
}

impl Formula {
    /// Of the score of one class.
    fn margin(&self, class: usize) -> Option<Margin> {
        match self {
            Self::LinearClasses(linear) => linear.margin(class),
            Self::LinearSums(_) => None,
            Self::TreeClasses(trees, ..) => trees.margin(class),
            Self::TreeSums(trees, _) => trees.margin(class),
        }
    }

    /// Weights and intercept of a linear model's margin.
    fn weights(&self, margin: Margin) -> Option<(Vec<f64>, f64)> {
        let Self::LinearClasses(linear) = self else { return None };
        let (weights, intercept) = linear.linear.of_output(margin.target)?;
        let weights = weights.iter().map(|weight| margin.factor * f64::from(*weight)).collect();
        Some((weights, margin.factor * f64::from(intercept)))
    }

    fn shap(&self, target: usize, columns: usize) -> Option<Shap> {
        let votes = |votes: &[Vote<f32>]| {
            let own = votes.iter().filter(|vote| vote.target as usize == target);
            own.map(|vote| f64::from(vote.weight)).sum()
        };
        match self {
            Self::TreeClasses(trees, ..) => Shap::of(&trees.ensemble, columns, votes),
            Self::TreeSums(trees, _) => Shap::of(&trees.ensemble, columns, votes),
            Self::LinearClasses(_) | Self::LinearSums(_) => None,
        }
    }
}
