//! A package around the forest that holds our contributions against the shap library's (scoring/onnx/tests/shap). Its golden
//! rows are our own: these tests are of the way to the model, not of the model.

use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use weir_scoring::model::{InputValue, Scorer};

use crate::harness::root;

/// Numbers that the shipped views give: which ones does not matter here.
pub(crate) const FEATURES: [&str; 7] = [
    "applicant__term_months",
    "applicant__amount",
    "applicant__installment_rate",
    "applicant__residence_since",
    "applicant__age",
    "applicant__existing_credits",
    "applicant__dependents",
];

/// Writes the package into `folder` and gives the rows that the shap library explained.
pub(crate) fn package(folder: &Path) -> Vec<Value> {
    let graph = std::fs::read(root().join("scoring/onnx/tests/shap/forest.onnx")).unwrap();
    let case = std::fs::read(root().join("scoring/onnx/tests/shap/forest.json")).unwrap();
    let case: Value = serde_json::from_slice(&case).unwrap();
    let rows = case["rows"].as_array().unwrap().clone();
    let (golden, base) = golden(&graph, &rows);
    let manifest = manifest(&graph, &golden, base);
    std::fs::create_dir_all(folder).unwrap();
    for (file, bytes) in [("model.onnx", graph), ("golden.jsonl", golden), ("model.toml", manifest)] {
        std::fs::write(folder.join(file), bytes).unwrap();
    }
    rows
}

/// Twice the rows, which makes enough of them, and the log-odds that they are explained beside.
fn golden(graph: &[u8], rows: &[Value]) -> (Vec<u8>, f64) {
    let scorer = Scorer::load(graph).unwrap();
    let order: Vec<usize> = (0..FEATURES.len()).collect();
    let output = scorer.outputs().iter().position(|output| output.name == "probabilities").unwrap();
    let explainer = scorer.explainer(output, 1, &[], &order).unwrap().unwrap();
    let log_odds = |probability: f64| {
        let probability = probability.clamp(1e-6, 1.0 - 1e-6);
        (probability / (1.0 - probability)).ln()
    };
    let base = log_odds(explainer.base());
    let mut lines = String::new();
    for (at, row) in rows.iter().chain(rows).enumerate() {
        #[allow(clippy::cast_possible_truncation, reason = "the model takes float32")]
        let cell = |value: &Value| InputValue::Number(value.as_f64().unwrap() as f32);
        let cells: Vec<InputValue> = row.as_array().unwrap().iter().map(cell).collect();
        let mut probability = f64::NAN;
        scorer.scores(output, &[&cells], &order, |scores| probability = f64::from(scores[1])).unwrap();
        let contributions = scorer.contributions(&explainer, &cells, &order).unwrap();
        let stretch = (log_odds(probability) - base) / (probability - explainer.base());
        let contributions: Vec<f64> = contributions.iter().map(|contribution| contribution * stretch).collect();
        let input: Value =
            FEATURES.iter().zip(row.as_array().unwrap()).map(|(name, value)| (*name, value.clone())).collect();
        let trained = json!({ "probability": probability, "log_odds": log_odds(probability) });
        let ours = json!({ "probability": probability, "contributions": contributions });
        lines += &format!("{}\n", json!({ "row": at, "input": input, "trained": trained, "onnxruntime": ours }));
    }
    (lines.into_bytes(), base)
}

fn manifest(graph: &[u8], golden: &[u8], base: f64) -> Vec<u8> {
    let sha256 = |bytes: &[u8]| hex::encode(Sha256::digest(bytes));
    let mut text = format!(
        "name = \"forest\"\nversion = 1\nowner = \"test\"\ntraining_data = \"made up\"\nonnx_sha256 = \"{}\"\n\
         golden_sha256 = \"{}\"\n[output]\nprobability = \"probabilities\"\nclass = 1\nbase_log_odds = {base:?}\n\
         [calibration]\na = 1.0\nb = 0.0\n[scale]\nbase_score = 600.0\nbase_odds = 20.0\npoints_to_double_odds = 40.0\n",
        sha256(graph),
        sha256(golden),
    );
    for feature in FEATURES {
        text += &format!(
            "[[input]]\nfeature = \"{feature}\"\ntype = \"number\"\nreason = \"test\"\nwording = \"A test\"\n"
        );
    }
    text.into_bytes()
}
