//! Models: a package folder proven on its golden rows, and the port through which a decision asks for a probability.
//! What a probability leads to is the policy's business.

mod additive;
mod contributions;
mod golden;
mod manifest;
mod package;
mod row;
mod scale;
#[cfg(test)]
pub(crate) mod tests;
mod timed;

pub use golden::{Golden, GoldenReport};
pub(crate) use manifest::first_line;
pub use manifest::{Calibration, Input, InputKind, Manifest, Missing, Output};
pub use package::{Package, PackageError};
pub(crate) use row::NOTHING_THERE;
pub use row::{Unusable, read_row};
pub(crate) use scale::is_probability;
pub use scale::{Assessment, Scale};
pub use timed::{Stopwatch, Timed};
pub use weir_onnx::{
    Cell as InputValue, GraphInput, GraphOutput, InputColumn, Kind, ModelError, ScoreError, Scorer, Tensor, Values,
    score_json,
};

use std::fmt::Debug;
use std::time::Duration;

/// What a graph answered for one row.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Probability of default, before calibration.
    pub probability: f64,
    /// What each input added to the log-odds of default beside the training average, in the order of the inputs; `None`
    /// where nobody asked.
    pub contributions: Option<Vec<f64>>,
}

/// Why a model gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unanswered {
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error("model late: it took {took:?}, at most {deadline:?} allowed")]
    Late { took: Duration, deadline: Duration },
}

/// A model that may score. It never panics, and the same row gives the same answer.
pub trait Model: Send + Sync + Debug {
    /// What it is called, what it reads and how its answers are scaled.
    fn manifest(&self) -> &Manifest;

    /// SHA-256 of the package, in hex.
    fn hash(&self) -> &str;

    /// One answer a row, in order; a row holds one value for each input of the manifest. What the inputs contributed costs
    /// more than the probability does, and is found only on request.
    fn answer(&self, rows: &[Vec<InputValue>], contributions: bool) -> Result<Vec<Answer>, Unanswered>;

    /// What each row is answered, or why it is not: a row that the model fails on takes no other with it.
    fn answer_each(&self, rows: &[Vec<InputValue>], contributions: bool) -> Vec<Result<Answer, Unanswered>> {
        match self.answer(rows, contributions).and_then(|answers| counted(answers, rows.len())) {
            Ok(answers) => answers.into_iter().map(Ok).collect(),
            Err(_) if rows.len() > 1 => {
                rows.iter().flat_map(|row| self.answer_each(std::slice::from_ref(row), contributions)).collect()
            }
            Err(error) => rows.iter().map(|_| Err(error.clone())).collect(),
        }
    }

    /// What answers behind all wrappers, for who asks it in tensors.
    fn package(&self) -> Option<&Package> {
        None
    }
}

/// A model answers each row, or none.
fn counted(answers: Vec<Answer>, rows: usize) -> Result<Vec<Answer>, Unanswered> {
    if answers.len() == rows {
        return Ok(answers);
    }
    let reason = format!("expected {rows} answers, found {}", answers.len());
    Err(ModelError::Failed { reason }.into())
}
