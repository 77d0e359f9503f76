//! A model under its deadline: an answer that came too late is none. The clock is monotonic and stands here, outside the
//! engine, which stays a pure function; that an answer was late is on the decision's record.
//!
//! The deadline is that of one row: rows asked together may take as many deadlines as they are. A slice of a batch that is
//! late is asked again row by row, so that one slow row takes no other with it. What late answers cost is bounded: when
//! those of single rows have taken [`MAX_LATE_DEADLINES`] deadlines in one batch, the rows that are left are late without being asked.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Answer, InputValue, Manifest, Model, Package, Unanswered};

/// Deadlines that late answers may take of one batch: the caller is the thread that folds.
const MAX_LATE_DEADLINES: u32 = 8;
/// Rows asked together at most. A batch begins with one, as nobody knows yet how slow the model is today.
const MAX_SLICE: usize = 256;

/// Time that has gone by since some moment. It never goes back.
pub trait Stopwatch: Send + Sync + Debug {
    fn elapsed(&self) -> Duration;
}

/// The system's monotonic clock.
#[derive(Debug)]
struct Monotonic(Instant);

impl Stopwatch for Monotonic {
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// A wrapper around a model that decides.
#[derive(Debug)]
pub struct Timed {
    model: Arc<dyn Model>,
    deadline: Duration,
    stopwatch: Arc<dyn Stopwatch>,
}

impl Timed {
    /// Under the deadline that its manifest names.
    #[must_use]
    pub fn new(model: Arc<dyn Model>) -> Self {
        Self::by(Arc::new(Monotonic(Instant::now())), model)
    }

    /// By another clock than the system's.
    #[must_use]
    pub fn by(stopwatch: Arc<dyn Stopwatch>, model: Arc<dyn Model>) -> Self {
        let deadline = model.manifest().deadline();
        Self { model, deadline, stopwatch }
    }

    /// What a slice took and answered; late where it took more than a deadline for each row.
    fn ask(&self, rows: &[Vec<InputValue>], contributions: bool) -> (Duration, Result<Vec<Answer>, Unanswered>) {
        let began = self.stopwatch.elapsed();
        let answers = self.model.answer(rows, contributions);
        let took = self.stopwatch.elapsed().saturating_sub(began);
        let deadline = self.deadline.saturating_mul(u32::try_from(rows.len()).unwrap_or(u32::MAX));
        (took, if took > deadline { Err(Unanswered::Late { took, deadline }) } else { answers })
    }

    /// Each row by itself, as long as `patience` is left for those that are late.
    fn ask_each(&self, rows: &[Vec<InputValue>], contributions: bool, patience: &mut Duration) -> Vec<RowAnswer> {
        let one = |row: &Vec<InputValue>| {
            if patience.is_zero() {
                return Err(Unanswered::Late { took: Duration::ZERO, deadline: self.deadline });
            }
            let (took, answer) = self.ask(std::slice::from_ref(row), contributions);
            if let Err(Unanswered::Late { .. }) = &answer {
                *patience = patience.saturating_sub(took);
            }
            one_of(answer)
        };
        rows.iter().map(one).collect()
    }
}

/// What a model says of one row.
type RowAnswer = Result<Answer, Unanswered>;

/// The only answer of a slice of one row.
fn one_of(answers: Result<Vec<Answer>, Unanswered>) -> RowAnswer {
    answers.and_then(|answers| super::counted(answers, 1)).map(|mut one| one.remove(0))
}

impl Model for Timed {
    fn manifest(&self) -> &Manifest {
        self.model.manifest()
    }

    fn hash(&self) -> &str {
        self.model.hash()
    }

    fn answer(&self, rows: &[Vec<InputValue>], contributions: bool) -> Result<Vec<Answer>, Unanswered> {
        self.ask(rows, contributions).1
    }

    fn answer_each(&self, rows: &[Vec<InputValue>], contributions: bool) -> Vec<RowAnswer> {
        let (mut patience, mut answers) =
            (self.deadline.saturating_mul(MAX_LATE_DEADLINES), Vec::with_capacity(rows.len()));
        let (mut rest, mut size) = (rows, 1);
        while !rest.is_empty() {
            let (slice, behind) = rest.split_at(size.min(rest.len()));
            if slice.len() == 1 || patience.is_zero() {
                answers.extend(self.ask_each(slice, contributions, &mut patience));
            } else {
                let (_, asked) = self.ask(slice, contributions);
                match asked.and_then(|asked| super::counted(asked, slice.len())) {
                    Ok(asked) => answers.extend(asked.into_iter().map(Ok)),
                    Err(_) => {
                        answers.extend(self.ask_each(slice, contributions, &mut patience));
                        size = 1;
                    }
                }
            }
            (rest, size) = (behind, (size * 2).min(MAX_SLICE));
        }
        answers
    }

    fn package(&self) -> Option<&Package> {
        self.model.package()
    }
}
