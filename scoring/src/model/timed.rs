//! A model under its deadline: an answer that came too late is none. The clock is monotonic and stands here, outside the
//! engine, which stays a pure function; that an answer was late is on the decision's record.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Answer, InputValue, Manifest, Model, Unanswered};
use crate::watch::Reference;

/// A wrapper around a model that decides.
#[derive(Debug)]
pub struct Timed {
    model: Arc<dyn Model>,
    deadline: Duration,
}

impl Timed {
    /// Under the deadline that its manifest names.
    #[must_use]
    pub fn new(model: Arc<dyn Model>) -> Self {
        let deadline = model.manifest().deadline();
        Self { model, deadline }
    }
}

impl Model for Timed {
    fn manifest(&self) -> &Manifest {
        self.model.manifest()
    }

    fn hash(&self) -> &str {
        self.model.hash()
    }

    fn reference(&self) -> Option<&Arc<Reference>> {
        self.model.reference()
    }

    /// The deadline is that of one row, however many are asked of: who is told that many were late asks again one by one.
    fn answer(&self, rows: &[Vec<InputValue>], contributions: bool) -> Result<Vec<Answer>, Unanswered> {
        let began = Instant::now();
        let answers = self.model.answer(rows, contributions)?;
        let (took, deadline) = (began.elapsed(), self.deadline);
        if took > deadline { Err(Unanswered::Late { took, deadline }) } else { Ok(answers) }
    }
}
