//! Models that take their time, on a clock that they move themselves.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use super::*;
use crate::model::{Answer, InputValue, Manifest, Stopwatch, Unanswered};

/// Stands still but for what a model takes.
#[derive(Debug, Default)]
struct Hand(AtomicU64);

impl Stopwatch for Hand {
    fn elapsed(&self) -> Duration {
        Duration::from_micros(self.0.load(Ordering::SeqCst))
    }
}

/// Answers as the shipped model does, and takes for each row what `takes` says.
#[derive(Debug)]
pub(crate) struct Slow {
    package: Package,
    hand: Arc<Hand>,
    takes: fn(&[InputValue]) -> Duration,
    pub(crate) rows: AtomicUsize,
}

impl Model for Slow {
    fn manifest(&self) -> &Manifest {
        self.package.manifest()
    }

    fn hash(&self) -> &str {
        self.package.hash()
    }

    fn answer(&self, rows: &[Vec<InputValue>], contributions: bool) -> Result<Vec<Answer>, Unanswered> {
        self.rows.fetch_add(rows.len(), Ordering::SeqCst);
        let took: Duration = rows.iter().map(|row| (self.takes)(row)).sum();
        self.hand.0.fetch_add(u64::try_from(took.as_micros()).unwrap(), Ordering::SeqCst);
        self.package.answer(rows, contributions)
    }
}

/// The shipped engine without a deadline, the same under the model's own of 50 ms, and the model.
pub(crate) fn slow(takes: fn(&[InputValue]) -> Duration) -> (Engine, Engine, Arc<Slow>) {
    let package = Package::load(&model::tests::shipped()).unwrap();
    let (hand, rows) = (Arc::new(Hand::default()), AtomicUsize::new(0));
    let model = Arc::new(Slow { package, hand: Arc::clone(&hand), takes, rows });
    let policy = Arc::new(Policy::load(&content().1, &features()).unwrap());
    let patient = Engine::of(Arc::clone(&model) as Arc<dyn Model>, policy, &features()).unwrap();
    let timed = patient.with(Timed::by(hand, Arc::clone(&model) as Arc<dyn Model>));
    (patient, timed, model)
}

pub(crate) const LATE: fn(&[InputValue]) -> Duration = |_| Duration::from_millis(60);

fn is_marked(row: &[InputValue]) -> bool {
    row.contains(&InputValue::Number(13.0))
}

fn marked() -> FeatureVector {
    let mut marked = best();
    marked.features.insert("applicant__amount", FeatureValue::Integer(13));
    marked
}

fn outcomes(decisions: &[Decision]) -> Vec<Outcome> {
    decisions.iter().map(|one| one.outcome).collect()
}

#[test]
fn a_late_answer_is_none_and_its_record_runs_again_without_a_clock() {
    let (patient, timed, _) = slow(LATE);
    let decision = patient.decide(vec![best()]).remove(0);
    assert_eq!(decision.outcome, Outcome::Approve, "without a deadline it may take its time");
    let late = timed.decide(vec![best()]).remove(0);
    let said = (late.outcome, late.missing["score"].as_str(), late.model.clone());
    assert_eq!(said, (Outcome::Review, "model_late", None));
    assert_eq!(patient.rerun(&late), late);
}

#[test]
fn a_row_that_is_late_takes_no_other_with_it() {
    let (_, timed, _) = slow(|row| if is_marked(row) { Duration::from_millis(200) } else { Duration::ZERO });
    let decisions = timed.decide(vec![best(), best(), marked(), best()]);
    assert_eq!(outcomes(&decisions), [Outcome::Approve, Outcome::Approve, Outcome::Review, Outcome::Approve]);
}

#[test]
fn rows_asked_together_may_take_a_deadline_each() {
    let (_, timed, model) = slow(|_| Duration::from_millis(40));
    let decisions = timed.decide(vec![best(); 500]);
    assert!(outcomes(&decisions).iter().all(|outcome| *outcome == Outcome::Approve));
    assert_eq!(model.rows.load(Ordering::SeqCst), 500, "none is asked twice");
}

#[test]
fn a_batch_loses_eight_deadlines_at_most_to_late_answers() {
    let (_, timed, model) = slow(LATE);
    let decisions = timed.decide(vec![best(); 2_048]);
    assert!(decisions.iter().all(|one| one.missing["score"] == "model_late" && one.outcome == Outcome::Review));
    let (rows, took) = (model.rows.load(Ordering::SeqCst), model.hand.elapsed());
    assert!(rows < 20 && took < Duration::from_secs(1), "{rows} rows in {took:?}");
}
