//! Contributions against those of the shap library (tests/shap/make.py), which takes its covers from the training library.

use std::path::Path;

use serde_json::Value;
use weir_onnx::{Cell, Scorer};

fn numbers(values: &Value) -> Vec<f64> {
    values.as_array().unwrap().iter().map(|value| value.as_f64().unwrap_or(f64::NAN)).collect()
}

#[test]
fn contributions_are_those_of_the_shap_library() {
    let folder = Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("tests/shap");
    for name in ["forest", "lightgbm", "xgboost"] {
        let scorer = Scorer::load(&std::fs::read(folder.join(format!("{name}.onnx"))).unwrap()).unwrap();
        let case = std::fs::read(folder.join(format!("{name}.json"))).unwrap();
        let case: Value = serde_json::from_slice(&case).unwrap();
        let output = scorer.outputs().iter().position(|output| output.name == "probabilities").unwrap();
        let order: Vec<usize> = (0..7).collect();
        let explainer = scorer.explainer(output, 1, &[], &order).unwrap().unwrap();
        let near = |ours: f64, theirs: f64| (ours - theirs).abs() <= 1e-6 * theirs.abs().max(1.0);
        let base = case["base"].as_f64().unwrap();
        assert!(near(explainer.base(), base), "{name}: {} is not {base}", explainer.base());
        let rows = case["rows"].as_array().unwrap().iter().zip(case["contributions"].as_array().unwrap());
        for (row, theirs) in rows {
            let row: Vec<Cell> = numbers(row).into_iter().map(|value| Cell::Number(value as f32)).collect();
            let ours = scorer.contributions(&explainer, &row, &order).unwrap();
            let theirs = numbers(theirs);
            let alike = ours.iter().zip(&theirs).all(|(ours, theirs)| near(*ours, *theirs));
            assert!(alike && ours.len() == theirs.len(), "{name}: {ours:?} is not {theirs:?}");

            let mut score = f64::NAN;
            scorer.scores(output, &[row], &order, |scores| score = f64::from(scores[1])).unwrap();
            let margin = if explainer.is_log_odds() { (score / (1.0 - score)).ln() } else { score };
            let sum = explainer.base() + ours.iter().sum::<f64>();
            assert!(near(sum, margin), "{name}: {sum} is not {margin}");
        }
    }
}
