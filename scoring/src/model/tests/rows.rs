//! Golden rows with labels, and rows on which training differs.

use serde_json::{Value, json};

use super::*;

/// The shipped package with each golden row changed, and lines put at the head of `model.toml` and of its `[output]`.
fn with(head: &str, output: &str, change: impl Fn(usize, &mut Value)) -> Result<Package, PackageError> {
    let content = Content::read_model(&shipped()).unwrap();
    let row = |(at, line): (usize, &str)| {
        let mut row: Value = serde_json::from_str(line).unwrap();
        change(at, &mut row);
        format!("{row}\n")
    };
    let golden: String = content.text("golden.jsonl").unwrap().lines().enumerate().map(row).collect();
    let [before, after] = [content.bytes("golden.jsonl").unwrap(), golden.as_bytes()].map(crate::content::sha256);
    let toml = content.text("model.toml").unwrap().replace(&before, &after);
    let toml = toml.replace("[output]\n", &format!("[output]\n{output}"));
    let toml = format!("{head}\n{toml}").into_bytes();
    Package::of(&content.with("golden.jsonl", golden.into_bytes()).with("model.toml", toml))
}

/// The class that ONNX Runtime's label is: the likelier.
fn label(row: &mut Value) {
    let is_bad = row["onnxruntime"]["probability"].as_f64().unwrap() > 0.5;
    row["onnxruntime"]["label"] = json!(i64::from(is_bad));
}

const LABEL: &str = "label = \"label\"\n";

#[test]
fn labels_come_out_as_onnx_runtime_gave_them_or_the_package_is_refused() {
    assert_eq!(with("", LABEL, |_, row| label(row)).unwrap().report().rows, 64);
    let wrong = with("", LABEL, |at, row| {
        label(row);
        if at == 3 {
            row["onnxruntime"]["label"] = json!(7);
        }
    });
    let error = wrong.unwrap_err().to_string();
    assert!(error.contains(": expected label 7, found "), "{error}");
}

#[test]
fn a_label_stands_in_rows_and_manifest_or_in_neither() {
    let error = with("", LABEL, |_, _| ()).unwrap_err().to_string();
    assert!(error.contains("expected label none, found "), "{error}");
    let error = with("", "", |_, row| label(row)).unwrap_err().to_string();
    assert!(error.ends_with("found none"), "{error}");
    let error = with("", "label = \"probabilities\"\n", |_, row| label(row)).unwrap_err().to_string();
    assert!(error.contains("`output.label`: expected one whole number or text a row"), "{error}");
    let error = with("", "label = \"class\"\n", |_, row| label(row)).unwrap_err().to_string();
    assert!(error.contains("expected an output `class`"), "{error}");
}

#[test]
fn rows_on_which_training_differs_are_listed_and_accepted_by_number_under_either_name() {
    let differs = |at: usize, row: &mut Value| {
        if at == 2 || at == 5 {
            row["trained"]["probability"] = json!(0.987);
        }
    };
    let error = with("", "", differs).unwrap_err().to_string();
    let (_, listed) = error.split_once("`accepted_differences = ").unwrap();
    let listed = listed.trim_end_matches('`');
    let numbers: Vec<u64> = serde_json::from_str(listed).unwrap();
    assert_eq!(numbers.len(), 2, "all of them are told at once: {error}");
    for name in ["accepted_differences", "accepted_rows"] {
        let package = with(&format!("{name} = {listed}"), "", differs).unwrap();
        assert_eq!(package.report().differing, numbers);
    }
    let first = format!("accepted_differences = [{}]", numbers[0]);
    let error = with(&first, "", differs).unwrap_err().to_string();
    assert!(error.ends_with(&format!("`accepted_differences = [{}]`", numbers[1])), "{error}");
}

#[test]
fn a_deadline_is_a_time_that_a_decision_can_wait() {
    for (line, deadline) in [("", 50), ("deadline_ms = 3", 3)] {
        assert_eq!(with(line, "", |_, _| ()).unwrap().manifest().deadline_ms, deadline);
    }
    for line in ["deadline_ms = 0", "deadline_ms = 60000"] {
        let error = with(line, "", |_, _| ()).unwrap_err().to_string();
        assert!(error.contains("deadline_ms: expected 1 to 10000, found "), "{error}");
    }
}
