//! Inputs that may be missing: what nobody has is asked as NaN, what somebody withholds is not asked.

use serde_json::Value;
use weir_messages::{FeatureValue, FeatureVector, Name, Named, Position};

use super::*;

/// Boosted trees that were trained with missing ages and amounts (`packages/make.py`).
fn content() -> Content {
    trained("missing")
}

/// The package with another text of one file.
fn with(file: &str, text: String) -> Result<Package, PackageError> {
    let content = content();
    let [before, after] = [content.bytes(file).unwrap(), text.as_bytes()].map(crate::content::sha256);
    let toml =
        if file == "model.toml" { text.clone() } else { content.text("model.toml").unwrap().replace(&before, &after) };
    Package::of(&content.with(file, text.into_bytes()).with("model.toml", toml.into_bytes()))
}

/// The first golden row as a vector, but for an age that is missing for `reason`.
fn without_age(package: &Package, reason: Option<&str>) -> FeatureVector {
    let rows = golden::parse(content().text("golden.jsonl").unwrap()).unwrap();
    let input = rows.iter().map(|row| &row.input).find(|input| input.values().all(|value| !value.is_null())).unwrap();
    let mut features: Named<FeatureValue> = input
        .iter()
        .map(|(name, value)| (name.as_str(), serde_json::from_value::<FeatureValue>(value.clone()).unwrap()))
        .collect();
    features.insert("applicant__age", FeatureValue::Null);
    assert_eq!(features.len(), package.manifest().inputs.len());
    FeatureVector {
        application: "a".into(),
        customer: "c".into(),
        at: Default::default(),
        known_time: Default::default(),
        read_at: Position { partition: 0, offset: 0 },
        parts: Default::default(),
        features,
        missing: reason.map(|reason| ("applicant__age", Name::from(reason))).into_iter().collect(),
        trace: None,
    }
}

#[test]
fn golden_rows_with_missing_values_come_out_as_onnx_runtime_and_shap_gave_them() {
    let package = Package::of(&content()).unwrap();
    assert!(package.report().rows >= 64 && package.report().furthest <= 1e-6, "{:?}", package.report());
}

#[test]
fn what_nobody_has_is_asked_as_nan_and_moves_the_answer() {
    let package = Package::of(&content()).unwrap();
    for reason in ["no_rows", "unknown_entity", "not_computable"] {
        let row = read_row(package.manifest(), &without_age(&package, Some(reason))).unwrap();
        let age = package.manifest().inputs.iter().position(|input| input.feature == "applicant__age").unwrap();
        assert!(matches!(row[age], InputValue::Number(number) if number.is_nan()), "{reason}");
        let answer = package.answer(&[row], true).unwrap().remove(0);
        assert!(Assessment::of(package.manifest(), &answer).is_ok(), "{reason}");
    }
}

#[test]
fn what_somebody_withholds_or_what_did_not_come_is_named() {
    let package = Package::of(&content()).unwrap();
    for reason in [Some("no_consent"), Some("part_missing"), None] {
        let unusable = read_row(package.manifest(), &without_age(&package, reason)).unwrap_err();
        let expected =
            Unusable { feature: "applicant__age".to_owned(), reason: reason.unwrap_or("no_value").to_owned() };
        assert_eq!(unusable, [expected]);
    }
}

#[test]
fn an_input_that_may_be_missing_without_a_golden_row_of_it_is_refused() {
    let content = content();
    let rows = content.text("golden.jsonl").unwrap().lines();
    let shown = |row: &&str| !serde_json::from_str::<Value>(row).unwrap()["input"]["applicant__amount"].is_null();
    let error = with("golden.jsonl", rows.filter(shown).collect::<Vec<_>>().join("\n")).unwrap_err().to_string();
    assert!(error.contains("`applicant__amount` may be missing, and no row shows"), "{error}");
}

#[test]
fn a_null_among_golden_rows_is_refused_where_the_input_may_not_be_missing() {
    let toml = content().text("model.toml").unwrap().replacen("missing = \"allowed\"\n", "", 1);
    let error = with("model.toml", toml).unwrap_err().to_string();
    assert!(error.contains("applicant__amount"), "{error}");
}

#[test]
fn a_text_may_not_be_missing() {
    let toml = content().text("model.toml").unwrap().replacen(
        "type = \"text\"\n",
        "type = \"text\"\nmissing = \"allowed\"\n",
        1,
    );
    let error = with("model.toml", toml).unwrap_err().to_string();
    assert!(error.contains("only a number may be missing"), "{error}");
}

#[test]
fn the_gate_asks_for_the_missing_value_too() {
    let report = crate::gate::examine(&content(), None);
    assert!(report.passed().is_some(), "{report:?}");
}
