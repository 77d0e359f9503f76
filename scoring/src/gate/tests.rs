//! The shipped package passes, and each way to be unfit is refused by name.

use std::time::Duration;

use serde_json::{Value, json};
use weir_messages::FeatureValue;

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

fn edge_rows() -> Vec<Value> {
    content().text(EDGES).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What is found where the package brings this line alone.
fn recorded(line: &Value) -> Report {
    examine(&content().with(EDGES, line.to_string().into_bytes()), None)
}

fn refused(line: &Value) -> String {
    let report = recorded(line);
    assert!(report.passed().is_none(), "{line} passes");
    report.reasons.join("; ")
}

#[test]
fn every_package_answers_its_edge_rows_as_onnx_runtime_did() {
    let models = shipped().parent().unwrap().to_owned();
    let trained = models.join("../scoring/src/model/tests/packages");
    let folders = [models, trained].map(|folder| std::fs::read_dir(folder).unwrap());
    let mut compared = 0;
    for folder in folders.into_iter().flatten().map(|entry| entry.unwrap().path()) {
        // One is refused before: nothing explains it.
        if !folder.join(EDGES).is_file() || folder.ends_with("without_covers") {
            continue;
        }
        let content = Content::read_model(&folder).unwrap();
        let recorded = held_against_recorded(&Package::of(&content).unwrap(), &content).unwrap();
        assert!(recorded.rows > 100 && recorded.failed == 0, "{}: {recorded:?}", folder.display());
        compared += 1;
    }
    assert_eq!(compared, 20);
}

#[test]
fn an_answer_at_an_edge_is_onnx_runtimes_or_the_package_is_refused() {
    let rows = edge_rows();
    let answered = rows.iter().find(|row| row["value"] == 1e12).unwrap();
    assert!(recorded(answered).promotable);
    let with = |probability: Value| {
        let mut row = answered.clone();
        row["probability"] = probability;
        row
    };
    let apart = refused(&with(json!(0.25)));
    assert!(
        apart.starts_with(
            "edges.jsonl: 1 of 1 rows fail: line 1, `applicant__term_months` = 1e12 in golden row 10: the"
        ),
        "{apart}"
    );
    assert!(apart.ends_with("0.25 by ONNX Runtime"), "{apart}");
    let none = refused(&with(Value::Null));
    assert!(none.ends_with("here, where ONNX Runtime has no answer"), "{none}");

    let missing = rows.iter().find(|row| row["probability"].is_null()).unwrap();
    let report = recorded(missing);
    assert!(report.promotable, "no application is asked with what is missing: {report:?}");
    assert_eq!(report.loaded.unwrap().recorded.unwrap().explained, 1);
    let mut said = missing.clone();
    said["probability"] = json!(0.5);
    let said = refused(&said);
    assert!(said.contains("expected a probability, found NaN, where ONNX Runtime says 0.5"), "{said}");
}

#[test]
fn a_number_that_views_can_give_and_nobody_answers_is_refused_unless_it_is_out_of_range() {
    let nan = Fragile::new(|row| numbers(row, |number| number < -1e9).then_some(f64::NAN));
    let golden = nan.package.golden_rows(&content()).unwrap();
    let line = json!({ "row": golden[0].0, "feature": "applicant__age", "value": -1e12, "probability": null });
    let found = recorded::compare(&nan, &golden, &line.to_string()).unwrap();
    let reason = found.reason().unwrap();
    assert!(
        reason.contains("ONNX Runtime has no answer either; mend the graph, or give the input a `minimum`"),
        "{reason}"
    );
    let bounded = Fragile { package: bounded("minimum = 18"), ..nan };
    let found = recorded::compare(&bounded, &golden, &line.to_string()).unwrap();
    assert_eq!((found.failed, found.explained), (0, 1));
    let others = bounded.edges(Vec::new()).failures;
    assert!(!others.is_empty() && others.iter().all(|one| !one.starts_with("`applicant__age`")), "{others:?}");
}

#[test]
fn a_line_of_edge_rows_that_fits_nothing_is_named() {
    let line = |row: u64, feature: &str, value: Value| json!({ "row": row, "feature": feature, "value": value, "probability": 0.5 });
    for (line, expected) in [
        (line(9_999, "applicant__age", json!(1)), "edges.jsonl: line 1: `row`: there is no golden row 9999"),
        (line(10, "applicant__shoes", json!(1)), "edges.jsonl: line 1: `feature`: `applicant__shoes` is no input"),
        (
            line(10, "applicant__age", json!("old")),
            "edges.jsonl: line 1: `value`: \"old\" does not fit `applicant__age`",
        ),
        (line(10, "applicant__housing", json!(1)), "edges.jsonl: line 1: `value`: 1 does not fit `applicant__housing`"),
        (json!({ "row": 10 }), "edges.jsonl: line 1: missing field `feature`"),
        (
            json!({ "row": 10, "feature": "applicant__age", "value": 1 }),
            "edges.jsonl: line 1: missing field `probability`",
        ),
        (
            json!({ "row": 10, "feature": "applicant__age", "value": 1, "probability": 1.5 }),
            "edges.jsonl: line 1: `probability`: expected 0 to 1",
        ),
        (json!([10, "applicant__age", 1, 0.5]), "edges.jsonl: line 1: expected a JSON object"),
        (line(10, "a\n\u{1b}[2J", json!(1)), "edges.jsonl: line 1: `feature`: `a\\n\\u{1b}[2J` is no input"),
    ] {
        let said = refused(&line);
        assert!(said.starts_with(expected), "{said}");
    }
}

#[test]
fn edge_rows_that_are_there_and_say_nothing_are_refused_and_a_reason_has_an_end() {
    let report = examine(&content().with(EDGES, b"\n".to_vec()), None);
    assert_eq!(report.reasons, ["edges.jsonl: expected at least one row, found none"]);
    let long = json!({ "row": 10, "feature": "x".repeat(100_000), "value": 1, "probability": 0.5 });
    assert!(refused(&long).chars().count() <= LONGEST_REASON + 1);
}

/// The shipped package with another line about the applicant's age.
fn bounded(line: &str) -> Package {
    let content = content();
    let age = "feature = \"applicant__age\"\n";
    let toml = content.text("model.toml").unwrap().replace(age, &format!("{age}{line}\n"));
    Package::of(&content.with("model.toml", toml.into_bytes())).unwrap()
}

#[test]
fn a_number_outside_its_bounds_is_explained_and_never_asked() {
    let package = bounded("minimum = 18\nmaximum = 75.5");
    let age = package.manifest().inputs.iter().position(|input| input.feature == "applicant__age").unwrap();
    for (value, taken) in [(17.999, false), (18.0, true), (75.5, true), (76.0, false)] {
        let vector = edges::changed(package.manifest(), package.usual(), age, FeatureValue::Number(value));
        let row = crate::model::read_row(package.manifest(), &vector);
        assert_eq!(row.is_ok(), taken, "{value}");
        assert!(taken || row.unwrap_err()[0].reason == "out_of_range");
    }
    let edges = edges::ask(&package, package.usual(), vec![(age, 10.0), (age, 20.0)]);
    let without = edges::ask(&package, package.usual(), Vec::new());
    assert_eq!((edges.failed, edges.at_thresholds, edges.explained - without.explained), (0, 6, 3));
}
