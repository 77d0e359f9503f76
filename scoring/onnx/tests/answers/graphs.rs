//! Graphs of other people, with the outputs that ONNX Runtime or the operator's definition gives (README.md names them).

use weir_onnx::score_json;

use crate::comparison::Folder;

/// These hold an operator that is refused, with the node named.
const REFUSED: [&str; 1] = ["test_strnormalizer_nostopwords_nochangecase"];

#[test]
fn every_graph_answers_as_expected_or_is_refused_by_name() {
    let folder = Folder::of_tests("graphs");
    let mut wrong = Vec::new();
    for name in folder.names() {
        match folder.difference(&name) {
            Ok(()) if !REFUSED.contains(&name.as_str()) => {}
            Err(reason) if REFUSED.contains(&name.as_str()) => {
                let named = reason.starts_with("model refused: node `") && !reason.contains('\n');
                assert!(named, "{name}: {reason}");
            }
            Ok(()) => wrong.push(format!("{name}: is no longer refused")),
            Err(reason) => wrong.push(format!("{name}: {reason}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_input_that_does_not_fit_is_named() {
    let model = Folder::of_tests("graphs").graph("german_mixed_logreg");
    for (json, part) in [
        (r#"{"inputs":[]}"#, "expected a tensor `duration_in_month`"),
        (
            r#"{"inputs":[{"name":"duration_in_month","dtype":"float32","shape":[2,1],"data":[1]}]}"#,
            "expected the data of shape [2, 1], found 1 values",
        ),
        (
            r#"{"inputs":[{"name":"duration_in_month","dtype":"complex64","shape":[1],"data":[1]}]}"#,
            "data type `complex64` is not supported",
        ),
    ] {
        let error = score_json(&model, json.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
}
