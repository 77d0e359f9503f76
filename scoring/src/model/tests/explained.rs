//! What each input contributed, of models that people deploy: as the training side says, or the package is refused.

use super::*;
use crate::model::additive::Additive;

#[test]
fn forests_boosting_and_sums_behind_steps_are_explained_as_the_training_side_does() {
    for name in ["gradient_boosting", "histogram", "catboost", "extra_trees", "grown_forest", "bins", "powers"] {
        is_explained(name);
    }
}

#[test]
fn models_behind_a_calibrator_are_explained_as_the_training_side_does() {
    for name in ["isotonic", "isotonic_forest", "isotonic_histogram", "isotonic_lightgbm", "sigmoid", "sigmoid_linear"]
    {
        is_explained(name);
    }
}

fn is_explained(name: &str) {
    let package = Package::of(&trained(name)).unwrap_or_else(|error| panic!("{name}: {}", crate::one_line(&error)));
    let report = package.report();
    assert!(report.rows >= 64 && report.furthest <= 1e-6 && report.differing.is_empty(), "{name}: {report:?}");
    // How fast this machine is today is not asked here.
    let reasons = crate::gate::examine(&trained(name), None).reasons;
    assert!(reasons.iter().all(|reason| reason.contains("`deadline_ms`")), "{name}: {reasons:?}");
}

#[test]
fn trees_without_covers_whose_inputs_do_not_add_up_are_refused() {
    let error = Package::of(&trained("without_covers")).unwrap_err();
    assert!(crate::one_line(&error).contains("nothing says what an input contributed"), "{}", crate::one_line(&error));
}

/// Log-odds of rows of two numbers.
fn asked(of: impl Fn(f64, f64) -> f64) -> impl Fn(&[Vec<InputValue>]) -> Result<Vec<f64>, ModelError> {
    move |rows| {
        let number = |value: &InputValue| if let InputValue::Number(number) = value { f64::from(*number) } else { 0.0 };
        Ok(rows.iter().map(|row| of(number(&row[0]), number(&row[1]))).collect())
    }
}

fn rows(numbers: &[(f32, f32)]) -> Vec<Vec<InputValue>> {
    numbers.iter().map(|(x, y)| vec![InputValue::Number(*x), InputValue::Number(*y)]).collect()
}

#[test]
fn a_sum_is_explained_beside_the_average_of_its_rows() {
    let ask = asked(|x, y| 0.5 + x * x - y);
    let of = Additive::of(&rows(&[(0.0, 0.0), (1.0, 2.0), (2.0, 1.0)]), &ask).unwrap().unwrap();
    let contributions = of.contributions(&rows(&[(3.0, 5.0)])[0], &ask).unwrap();
    assert!((contributions[0] - (9.0 - 5.0 / 3.0)).abs() < 1e-12 && (contributions[1] + 4.0).abs() < 1e-12);
}

#[test]
fn a_product_is_explained_by_nobody() {
    assert!(Additive::of(&rows(&[(1.0, 1.0), (2.0, 3.0), (0.5, 2.0)]), asked(|x, y| x * y)).unwrap().is_none());
}

#[test]
fn a_row_on_which_inputs_do_not_add_up_is_an_error_though_the_golden_rows_did() {
    let ask = asked(|x, y| x + y + if x > 4.0 && y > 4.0 { 1.0 } else { 0.0 });
    let of = Additive::of(&rows(&[(0.0, 0.0), (1.0, 2.0), (2.0, 1.0)]), &ask).unwrap().unwrap();
    let error = of.contributions(&rows(&[(5.0, 4.5)])[0], &ask).unwrap_err().to_string();
    assert!(error.contains("expected 10.5"), "{error}");
}

#[test]
fn a_probability_as_sure_as_can_be_is_explained_though_it_has_no_odds() {
    let ask = asked(|x, y| (x + y).clamp(-14.0, 14.0));
    let of = Additive::of(&rows(&[(0.0, 0.0), (1.0, 2.0), (2.0, 1.0)]), &ask).unwrap().unwrap();
    assert!(of.contributions(&rows(&[(1e12, -3.0)])[0], &ask).unwrap()[0] > 12.0);
}

#[test]
fn an_answer_that_is_no_number_adds_up_to_nothing() {
    assert!(Additive::of(&rows(&[(1.0, 1.0), (2.0, 3.0)]), asked(|_, _| f64::NAN)).unwrap().is_none());
}

#[test]
fn the_message_names_the_row_the_input_and_the_size_of_a_difference() {
    let content = trained("gradient_boosting");
    let golden = content.text("golden.jsonl").unwrap();
    let mut first: serde_json::Value = serde_json::from_str(golden.lines().next().unwrap()).unwrap();
    let contribution = &mut first["onnxruntime"]["contributions"][1];
    *contribution = (contribution.as_f64().unwrap() + 0.25).into();
    let changed: Vec<String> =
        std::iter::once(first.to_string()).chain(golden.lines().skip(1).map(str::to_owned)).collect();
    let changed = changed.join("\n");
    let [before, after] = [golden.as_bytes(), changed.as_bytes()].map(crate::content::sha256);
    let toml = content.text("model.toml").unwrap().replace(&before, &after).into_bytes();
    let error = Package::of(&content.with("golden.jsonl", changed.into_bytes()).with("model.toml", toml)).unwrap_err();
    let error = crate::one_line(&error);
    assert!(error.contains("in 1 of ") && error.contains("row 10: the contribution of `applicant__"), "{error}");
    assert!(error.contains("accepted_differences = [10]"), "{error}");
}
