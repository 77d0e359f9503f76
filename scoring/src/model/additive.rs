//! A model whose log-odds are a sum over its inputs, such as a linear one behind steps for each column (bins, powers, scaled
//! to a range, a level dropped): what one input adds is what changes when it alone changes, whatever the others are.

use super::scale::SUREST;
use super::{InputValue, ModelError};

/// How far the sum may be from the log-odds, besides what float32 loses.
const TOLERANCE: f64 = 1e-4;

#[derive(Debug)]
pub(super) struct Additive {
    /// The row whose inputs are changed one at a time, and its log-odds.
    usual: Vec<InputValue>,
    at_usual: f64,
    /// What each input adds to `at_usual`, on the average of the rows it was made of.
    averages: Vec<f64>,
}

impl Additive {
    /// `None` where the inputs do not add up on one of `rows`. `ask` gives the log-odds of each row.
    pub(super) fn of(
        rows: &[Vec<InputValue>],
        ask: impl Fn(&[Vec<InputValue>]) -> Result<Vec<f64>, ModelError>,
    ) -> Result<Option<Self>, ModelError> {
        let all = ask(rows)?;
        // Where a probability is near a half, its float32 tells most of the log-odds.
        let middle = all.iter().enumerate().min_by(|(_, one), (_, other)| one.abs().total_cmp(&other.abs()));
        let Some((usual, at_usual)) = middle.map(|(at, log_odds)| (rows[at].clone(), *log_odds)) else {
            return Ok(None);
        };
        let width = usual.len();
        let unmeasured = Self { usual, at_usual, averages: vec![0.0; width] };
        let added = rows.iter().map(|row| unmeasured.added(row, &ask)).collect::<Result<Vec<_>, _>>()?;
        if !added.iter().zip(&all).all(|(added, log_odds)| unmeasured.adds_up(added, *log_odds)) {
            return Ok(None);
        }
        #[allow(clippy::cast_precision_loss, reason = "rows of one file")]
        let average = |input: usize| added.iter().map(|added| added[input]).sum::<f64>() / added.len() as f64;
        Ok(Some(Self { averages: (0..width).map(average).collect(), ..unmeasured }))
    }

    /// Beside the averages. A row on which the inputs do not add up is an error: it is explained by nobody.
    pub(super) fn contributions(
        &self,
        row: &[InputValue],
        ask: impl Fn(&[Vec<InputValue>]) -> Result<Vec<f64>, ModelError>,
    ) -> Result<Vec<f64>, ModelError> {
        let added = self.added(row, &ask)?;
        let log_odds = ask(&[row.to_vec()])?.first().copied().unwrap_or(f64::NAN);
        if !self.adds_up(&added, log_odds) {
            let sum = self.at_usual + added.iter().sum::<f64>();
            let reason = format!("what its inputs add sums to log-odds of {sum}, expected {log_odds}");
            return Err(ModelError::Failed { reason });
        }
        Ok(added.iter().zip(&self.averages).map(|(added, average)| added - average).collect())
    }

    /// What each input of `row` adds to the usual row when it takes the place of the usual one.
    fn added(
        &self,
        row: &[InputValue],
        ask: &impl Fn(&[Vec<InputValue>]) -> Result<Vec<f64>, ModelError>,
    ) -> Result<Vec<f64>, ModelError> {
        let changed = row.iter().enumerate().map(|(at, value)| {
            let mut changed = self.usual.clone();
            changed[at].clone_from(value);
            changed
        });
        Ok(ask(&changed.collect::<Vec<_>>())?.into_iter().map(|log_odds| log_odds - self.at_usual).collect())
    }

    fn adds_up(&self, added: &[f64], log_odds: f64) -> bool {
        let sum = self.at_usual + added.iter().sum::<f64>();
        let lost = added.iter().map(|added| lost(self.at_usual + added)).sum::<f64>() + lost(log_odds);
        (sum - log_odds).abs() <= TOLERANCE * log_odds.abs().max(1.0) + lost
    }
}

/// What a float32 keeps of a probability near one leaves so much of its log-odds open; of one that is as sure as can be, all.
fn lost(log_odds: f64) -> f64 {
    let surest = super::scale::log_odds(1.0 - SUREST);
    if log_odds.abs() >= surest * (1.0 - TOLERANCE) {
        return f64::INFINITY;
    }
    f64::from(f32::EPSILON) / 2.0 * (1.0 + log_odds.exp())
}
