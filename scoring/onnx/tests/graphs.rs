//! Graphs of other people, with the outputs that ONNX Runtime or the operator's definition gives (README.md names them).

#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use weir_onnx::score_json;

/// Every operator of these is known here.
const KNOWN: [&str; 16] = [
    "german_mixed_logreg",
    "taiwan_decision_tree",
    "test_abs",
    "test_add_bcast",
    "test_ai_onnx_ml_tree_ensemble_set_membership",
    "test_ai_onnx_ml_tree_ensemble_single_tree",
    "test_cast_STRING_to_FLOAT",
    "test_clip",
    "test_concat_2d_axis_1",
    "test_div",
    "test_gemm_all_attributes",
    "test_greater_equal",
    "test_isinf",
    "test_matmul_2d",
    "test_sigmoid",
    "test_softmax_axis_1",
];

/// These hold an operator that must be refused, with the node named.
const REFUSED: [&str; 3] = ["logreg_iris", "test_tile", "test_ai_onnx_ml_binarizer"];

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/graphs").join(name)
}

fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/german_credit/model.onnx")
}

fn near(ours: &Value, theirs: &Value) -> bool {
    match (ours.as_f64(), theirs.as_f64()) {
        (Some(ours), Some(theirs)) => (ours - theirs).abs() <= 1e-6 * theirs.abs().max(1.0),
        _ => ours == theirs,
    }
}

#[test]
fn graphs_of_known_operators_answer_as_expected() {
    for name in KNOWN {
        let model = fs::read(file(&format!("{name}.onnx"))).unwrap();
        let case = fs::read(file(&format!("{name}.json"))).unwrap();
        let expected: Value = serde_json::from_slice(&case).unwrap();
        let answer = score_json(&model, &case).unwrap_or_else(|error| panic!("{name}: {error}"));
        let answer: Value = serde_json::from_str(&answer).unwrap();
        let (ours, theirs) = (answer["outputs"].as_array().unwrap(), expected["outputs"].as_array().unwrap());
        assert_eq!(ours.len(), theirs.len(), "{name}");
        for (ours, theirs) in ours.iter().zip(theirs) {
            for field in ["name", "dtype", "shape"] {
                assert_eq!(ours[field], theirs[field], "{name}");
            }
            let (ours, theirs) = (ours["data"].as_array().unwrap(), theirs["data"].as_array().unwrap());
            assert_eq!(ours.len(), theirs.len(), "{name}");
            ours.iter()
                .zip(theirs)
                .for_each(|(ours, theirs)| assert!(near(ours, theirs), "{name}: {ours} is not {theirs}"));
        }
    }
}

#[test]
fn a_graph_of_an_unproven_operator_is_refused_with_its_node() {
    for name in REFUSED {
        let model = fs::read(file(&format!("{name}.onnx"))).unwrap();
        let error = score_json(&model, b"{\"inputs\":[]}").unwrap_err().to_string();
        assert!(error.starts_with("model refused: node `") && !error.contains('\n'), "{name}: {error}");
    }
}

#[test]
fn an_input_that_does_not_fit_is_named() {
    let model = fs::read(shipped()).unwrap();
    for (json, part) in [
        (r#"{"inputs":[]}"#, "expected a tensor `applicant__account_status`"),
        (
            r#"{"inputs":[{"name":"applicant__account_status","dtype":"string","shape":[2,1],"data":["a"]}]}"#,
            "expected the data of shape [2, 1], found 1 values",
        ),
        (
            r#"{"inputs":[{"name":"applicant__account_status","dtype":"complex64","shape":[1],"data":["a"]}]}"#,
            "data type `complex64` is not supported",
        ),
    ] {
        let error = score_json(&model, json.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
}
