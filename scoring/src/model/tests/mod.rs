//! The shipped package, and packages and graphs that must be refused.

use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::*;
use crate::content::Content;

mod explained;
mod missing;
mod rows;

pub(crate) fn shipped() -> PathBuf {
    Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("../models/german_credit")
}

/// One of `packages`, which `packages/make.py` trains and writes.
fn trained(name: &str) -> Content {
    let packages = Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("src/model/tests/packages");
    Content::read_model(&packages.join(name)).unwrap()
}

fn golden_rows(package: &Package) -> Vec<Vec<InputValue>> {
    let content = Content::read_model(&shipped()).unwrap();
    let rows = golden::parse(content.text("golden.jsonl").unwrap()).unwrap();
    rows.iter().map(|row| row.values(package.manifest()).unwrap()).collect()
}

/// The shipped package under another version number: other bytes, the same answers.
pub(crate) fn with_version(version: u32) -> Content {
    let content = Content::read_model(&shipped()).unwrap();
    let toml = content.text("model.toml").unwrap().replace("version = 1", &format!("version = {version}"));
    content.with("model.toml", toml.into_bytes())
}

/// The shipped package with one file changed, and `model.toml` agreeing with the change where it must.
fn changed(file: &str, change: impl Fn(&str) -> String) -> Result<Package, PackageError> {
    let content = Content::read_model(&shipped()).unwrap();
    let changed = change(content.text(file).unwrap());
    let mut manifest = content.text("model.toml").unwrap().to_owned();
    if file == "model.toml" {
        manifest.clone_from(&changed);
    } else {
        let (before, after) =
            (crate::content::sha256(content.bytes(file).unwrap()), crate::content::sha256(changed.as_bytes()));
        manifest = manifest.replace(&before, &after);
    }
    let content = content.with(file, changed.into_bytes()).with("model.toml", manifest.into_bytes());
    Package::of(&content)
}

#[test]
fn the_shipped_package_answers_its_golden_rows_as_onnx_runtime_does() {
    let package = Package::load(&shipped()).unwrap();
    let report = package.report();
    assert!(report.rows >= 20 && report.furthest <= 1e-6, "{report:?}");
}

#[test]
fn a_row_alone_answers_as_it_does_among_others() {
    let package = Package::load(&shipped()).unwrap();
    let rows = golden_rows(&package);
    let together = package.answer(&rows, true).unwrap();
    for (row, answer) in rows.iter().zip(together) {
        assert_eq!(package.answer(std::slice::from_ref(row), true).unwrap(), [answer]);
    }
    assert_eq!(package.answer(&[], true).unwrap(), []);
}

#[test]
fn contributions_are_given_only_on_request() {
    let package = Package::load(&shipped()).unwrap();
    let rows = golden_rows(&package);
    let (asked, unasked) = (package.answer(&rows, true).unwrap(), package.answer(&rows, false).unwrap());
    for (asked, unasked) in asked.iter().zip(unasked) {
        assert_eq!(unasked, Answer { contributions: None, ..asked.clone() });
        assert!(Assessment::of(package.manifest(), &unasked).unwrap().points.is_empty());
    }
}

#[test]
fn points_sum_to_the_score() {
    let package = Package::load(&shipped()).unwrap();
    let manifest = package.manifest();
    let base = manifest.scale.score(manifest.output.base_log_odds);
    for answer in package.answer(&golden_rows(&package), true).unwrap() {
        let assessed = Assessment::of(manifest, &answer).unwrap();
        let sum = base + assessed.points.values().sum::<f64>();
        #[allow(clippy::cast_precision_loss, reason = "scores are small")]
        let score = assessed.score as f64;
        assert!((sum - score).abs() <= 0.51, "{sum} is not {score}");
    }
}

#[test]
fn an_answer_that_is_no_probability_is_refused() {
    let package = Package::load(&shipped()).unwrap();
    let contributions = Some(vec![0.0; package.manifest().inputs.len()]);
    for probability in [f64::NAN, f64::INFINITY, -0.1, 1.1] {
        let answer = Answer { probability, contributions: contributions.clone() };
        assert!(Assessment::of(package.manifest(), &answer).is_err(), "{probability}");
    }
    for probability in [0.0, 1.0] {
        let assessed =
            Assessment::of(package.manifest(), &Answer { probability, contributions: contributions.clone() });
        assert!(assessed.unwrap().probability.is_finite());
    }
    let nan = Answer { probability: 0.5, contributions: Some(vec![f64::NAN; package.manifest().inputs.len()]) };
    assert!(Assessment::of(package.manifest(), &nan).is_err());
}

#[test]
fn an_answer_that_is_not_finite_is_not_what_onnx_runtime_gave() {
    let package = Package::load(&shipped()).unwrap();
    let content = Content::read_model(&shipped()).unwrap();
    let row = golden::parse(content.text("golden.jsonl").unwrap()).unwrap().remove(0);
    let right = package.answer(&golden_rows(&package)[..1], true).unwrap().remove(0);
    assert!(row.compare(package.manifest(), &right, false).is_ok());
    for wrong in [f64::NAN, f64::INFINITY] {
        let probability = Answer { probability: wrong, ..right.clone() };
        assert!(row.compare(package.manifest(), &probability, false).is_err());
        let contributions = right.contributions.clone().unwrap();
        for at in 0..contributions.len() {
            let mut contributions = contributions.clone();
            contributions[at] = wrong;
            let answer = Answer { contributions: Some(contributions), ..right };
            assert!(row.compare(package.manifest(), &answer, false).is_err());
        }
    }
}

#[test]
fn a_golden_row_that_comes_out_otherwise_refuses_the_package() {
    let shift = |text: &str| {
        text.replacen("\"onnxruntime\": {\"probability\": 0.", "\"onnxruntime\": {\"probability\": 0.9", 1)
    };
    let error = changed("golden.jsonl", shift).unwrap_err();
    assert!(matches!(error, PackageError::Golden { .. }), "{error}");
    assert!(error.to_string().contains("away from ONNX Runtime"), "{error}");
}

#[test]
fn a_row_on_which_training_differs_must_be_accepted_by_number() {
    let shift =
        |text: &str| text.replacen("\"trained\": {\"probability\": 0.", "\"trained\": {\"probability\": 0.9", 1);
    let error = changed("golden.jsonl", shift).unwrap_err().to_string();
    assert!(error.contains("training library differs"), "{error}");
}

#[test]
fn a_row_that_training_explains_otherwise_must_be_accepted_by_number_too() {
    let folder = shipped().join("../german_credit_xgboost");
    let content = Content::read_model(&folder).unwrap();
    let mut rows = content.text("golden.jsonl").unwrap().lines();
    let mut first: serde_json::Value = serde_json::from_str(rows.next().unwrap()).unwrap();
    for (at, by) in [0.5, -0.5].into_iter().enumerate() {
        let contribution = &mut first["onnxruntime"]["contributions"][at];
        *contribution = (contribution.as_f64().unwrap() + by).into();
    }
    let golden = std::iter::once(first.to_string()).chain(rows.map(str::to_owned)).collect::<Vec<_>>().join("\n");
    let [before, after] = [content.bytes("golden.jsonl").unwrap(), golden.as_bytes()].map(crate::content::sha256);
    let manifest = content.text("model.toml").unwrap().replace(&before, &after);
    let content = content.with("golden.jsonl", golden.into_bytes());
    let with = |manifest: String| Package::of(&content.clone().with("model.toml", manifest.into_bytes()));
    let error = with(manifest.clone()).unwrap_err().to_string();
    assert!(error.contains("accepted_differences = [10]"), "{error}");
    let accepted = manifest.replace("[output]", "accepted_differences = [10]\n[output]");
    assert_eq!(with(accepted).unwrap().report().differing, [10]);
}

#[test]
fn too_few_golden_rows_prove_nothing() {
    let first = |text: &str| text.lines().take(3).collect::<Vec<_>>().join("\n");
    let error = changed("golden.jsonl", first).unwrap_err().to_string();
    assert!(error.contains("expected at least 20 golden rows, found 3"), "{error}");
}

#[test]
fn a_file_that_is_not_the_one_model_toml_names_is_refused() {
    let content = Content::read_model(&shipped()).unwrap();
    let mut bytes = content.bytes("model.onnx").unwrap().to_vec();
    *bytes.last_mut().unwrap() ^= 1;
    let error = Package::of(&content.with("model.onnx", bytes)).unwrap_err();
    assert!(matches!(error, PackageError::Hash { file: "model.onnx", .. }), "{error}");
}

#[test]
fn columns_that_the_graph_does_not_take_are_named() {
    let error = changed("model.toml", |text| text.replace("\"applicant__age\"", "\"applicant__years\"")).unwrap_err();
    assert!(error.to_string().contains("applicant__age"), "{error}");
    let error = changed("model.toml", |text| text.replace("class = 1", "class = 7")).unwrap_err();
    assert!(crate::one_line(&error).contains("expected a class 7, found 2 classes"), "{error}");
    let error = changed("model.toml", |text| text.replace("\"probabilities\"", "\"odds\"")).unwrap_err();
    assert!(error.to_string().contains("expected an output `odds`"), "{error}");
}

#[test]
fn an_unknown_field_of_model_toml_is_refused() {
    let error = changed("model.toml", |text| format!("threshold = 1\n{text}")).unwrap_err();
    assert!(error.to_string().contains("threshold"), "{error}");
}

#[test]
fn a_text_input_without_its_values_is_refused() {
    let error = changed("model.toml", |text| text.replacen("type = \"number\"", "type = \"text\"", 1)).unwrap_err();
    assert!(error.to_string().contains("input `applicant__term_months`: expected `values`"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn flipped_bytes_never_pass_for_the_model(flips in prop::collection::vec((0..12_000_usize, 1..=255_u8), 1..6)) {
        let content = Content::read_model(&shipped()).unwrap();
        let untouched = content.bytes("model.onnx").unwrap().to_vec();
        let mut bytes = untouched.clone();
        for (at, flip) in flips {
            let at = at % bytes.len();
            bytes[at] ^= flip;
        }
        let same = bytes == untouched;
        prop_assert_eq!(Package::of(&content.with("model.onnx", bytes)).is_ok(), same);
    }
}
