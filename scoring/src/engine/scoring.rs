//! What a model says of vectors: a score, or why there is none.

use std::collections::BTreeMap;

use weir_messages::FeatureVector;

use crate::model::{Answer, Assessment, Model, Unanswered, Unusable, read_row};

/// What the bands wanted and did not have when the model gave no score.
pub(crate) const SCORE: &str = "score";
/// The model gave no answer, or none that is a probability.
pub(super) const FAILED: &str = "model_failed";
/// The model's answer came after its deadline.
pub(crate) const LATE: &str = "model_late";

pub(crate) enum Scoring {
    Done(Assessment),
    /// Inputs that the vector did not give.
    Unread(Vec<Unusable>),
    /// Why the model has no say.
    Failed(&'static str),
}

impl Scoring {
    /// By feature, or by [`SCORE`].
    pub(crate) fn missing(&self) -> BTreeMap<String, String> {
        match self {
            Self::Done(_) => BTreeMap::new(),
            Self::Unread(unusable) => unusable.iter().map(|one| (one.feature.clone(), one.reason.clone())).collect(),
            Self::Failed(reason) => BTreeMap::from([(SCORE.to_owned(), (*reason).to_owned())]),
        }
    }
}

/// One for each vector, in order.
pub(crate) fn score<'a>(
    model: &dyn Model,
    vectors: impl Iterator<Item = &'a FeatureVector>,
    contributions: bool,
) -> Vec<Scoring> {
    let mut rows = Vec::new();
    let read = |vector| read_row(model.manifest(), vector).map(|row| rows.push(row));
    let read: Vec<Result<(), Vec<Unusable>>> = vectors.map(read).collect();
    let mut answers = model.answer_each(&rows, contributions).into_iter();
    let scoring = |row: Result<(), Vec<Unusable>>| match row {
        Ok(()) => assessed(model, answers.next().expect("each row has an answer")),
        Err(unusable) => Scoring::Unread(unusable),
    };
    read.into_iter().map(scoring).collect()
}

fn assessed(model: &dyn Model, answer: Result<Answer, Unanswered>) -> Scoring {
    let manifest = model.manifest();
    let assessed = answer.and_then(|answer| Ok(Assessment::of(manifest, &answer)?));
    match assessed.inspect_err(|error| tracing::error!(%error, model = manifest.name, "no score")) {
        Ok(assessed) => Scoring::Done(assessed),
        Err(Unanswered::Model(_)) => Scoring::Failed(FAILED),
        Err(Unanswered::Late { .. }) => Scoring::Failed(LATE),
    }
}
