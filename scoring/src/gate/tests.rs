//! The shipped package passes, and each way to be unfit is refused by name.

use std::time::Duration;

use super::*;
use crate::model::tests::shipped;
use crate::model::{Answer, InputValue, Manifest, ModelError, Unanswered};

/// Answers as the shipped model does, but where `what` says otherwise.
#[derive(Debug)]
struct Fragile {
    package: Package,
    what: fn(&[InputValue]) -> Option<f64>,
    slow: Duration,
}

impl Fragile {
    fn new(what: fn(&[InputValue]) -> Option<f64>) -> Self {
        Self { package: Package::load(&shipped()).unwrap(), what, slow: Duration::ZERO }
    }

    fn edges(&self, thresholds: Vec<(usize, f32)>) -> Edges {
        edges::ask(self, self.package.usual(), thresholds)
    }
}

impl Model for Fragile {
    fn manifest(&self) -> &Manifest {
        self.package.manifest()
    }

    fn hash(&self) -> &str {
        self.package.hash()
    }

    fn answer(&self, rows: &[Vec<InputValue>], contributions: bool) -> Result<Vec<Answer>, Unanswered> {
        std::thread::sleep(self.slow);
        let mut answers = self.package.answer(rows, contributions)?;
        for (row, answer) in rows.iter().zip(&mut answers) {
            answer.probability = (self.what)(row).unwrap_or(answer.probability);
            if answer.probability > 1.0 {
                return Err(ModelError::Failed { reason: "on purpose".to_owned() }.into());
            }
        }
        Ok(answers)
    }
}

fn content() -> Content {
    Content::read_model(&shipped()).unwrap()
}

fn numbers(row: &[InputValue], is: impl Fn(f32) -> bool) -> bool {
    row.iter().any(|value| matches!(value, InputValue::Number(number) if is(*number)))
}

#[test]
fn the_shipped_package_passes_with_every_input_at_its_edges() {
    let report = examine(&content(), None);
    assert!(report.promotable && report.reasons.is_empty(), "{report:?}");
    let loaded = report.loaded.as_ref().unwrap();
    assert!(loaded.edges.rows > 100 && loaded.edges.failed == 0 && loaded.golden.rows >= 20);
    // Of each number what is not finite or not there; of each text what is empty, unseen or not there.
    let inputs = Package::load(&shipped()).unwrap().manifest().inputs.clone();
    let is_number = |input: &&crate::model::Input| input.kind == crate::model::InputKind::Number;
    let numbers = inputs.iter().filter(is_number).count();
    assert_eq!(loaded.edges.explained, numbers * 4 + (inputs.len() - numbers) * 3);
    assert_eq!(report.passed().unwrap().hash, content().hash());
    let json = serde_json::to_value(&report).unwrap();
    assert!(
        json["promotable"] == true && json["latency"]["p99_us"].is_number() && json["golden"]["differing"].is_array()
    );
}

#[test]
fn a_package_that_does_not_load_passes_nothing() {
    let report = examine(&content().with("golden.jsonl", b"{}".to_vec()), None);
    assert!(!report.promotable && report.passed().is_none() && report.loaded.is_none());
    assert!(report.reasons[0].starts_with("golden.jsonl: expected SHA-256"), "{report:?}");
}

#[test]
fn a_feature_that_no_view_gives_is_refused_and_without_views_that_is_left_open() {
    let package = Package::load(&shipped()).unwrap();
    let columns = || package.manifest().columns().map(|column| (column.feature, column.kind));
    let all: Columns = columns().collect();
    assert!(examine(&content(), Some(&all)).passed().is_some());
    let without: Columns = columns().filter(|(name, _)| name != "applicant__housing").collect();
    let report = examine(&content(), Some(&without));
    assert_eq!(report.reasons, ["features: reads feature `applicant__housing`, which no view gives"]);
    assert!(report.passed().is_none());
    assert!(!examine(&content(), None).loaded.unwrap().held_against_views);
}

#[test]
fn an_edge_without_a_finite_answer_is_refused_and_named() {
    let nan = Fragile::new(|row| numbers(row, |number| number < -1e9).then_some(f64::NAN));
    let edges = nan.edges(Vec::new());
    let reason = edges.reason().unwrap();
    assert!(edges.failed > 0 && reason.contains("= -1e12: "), "{reason}");
    assert!(reason.contains("expected a probability, found NaN"), "{reason}");
    let fails = Fragile::new(|row| row.contains(&InputValue::Text("rent".to_owned())).then_some(2.0));
    assert!(fails.edges(Vec::new()).failures.iter().any(|one| one.ends_with("model failed: on purpose")));
}

#[test]
fn a_threshold_is_tried_with_its_neighbours() {
    let next = 12.5_f32.next_up();
    let nan = Fragile::new(|row| numbers(row, |number| number == 12.5_f32.next_up()).then_some(f64::NAN));
    let edges = nan.edges(vec![(1, 12.5), (1, f32::MAX)]);
    assert_eq!((edges.at_thresholds, edges.failed), (5, 1), "beyond the greatest number there is none");
    assert!(edges.failures[0].contains(&format!("{next:e}")), "{edges:?}");
}

#[test]
fn a_model_that_is_slower_than_its_deadline_is_refused() {
    let slow = Fragile { slow: Duration::from_millis(55), ..Fragile::new(|_| None) };
    let latency = latency::measure(&slow, slow.package.usual());
    let reason = latency.reason().unwrap();
    assert!(reason.contains("expected at most `deadline_ms` = 50"), "{reason}");
    assert!(latency::measure(&slow.package, slow.package.usual()).reason().is_none());
}
