//! The corpus: graphs of every operator and of the usual exporters (tests/corpus/README.md), with what ONNX Runtime answered
//! and, for what was trained, what the training library said.

use crate::comparison::Folder;

/// Exports that are refused, each by the part of it that is.
const REFUSED: [(&str, &str); 2] = [
    ("sk_feature_hasher", "(MurmurHash3): operator domain `com.microsoft` is not supported"),
    ("sk_neighbour_imputer", "functions of the file's own are not supported"),
];

/// Exports that say other than what was trained, in ONNX Runtime too: the converter leaves the last step out (the sigmoid, the
/// exponential, the average of a forest), or does not export how missing values are treated.
const LOST_IN_CONVERSION: [&str; 9] = [
    "lgb_forest",
    "lgb_ova",
    "lgb_zero_as_missing",
    "sk_hist_boosting_gamma",
    "sk_hist_boosting_poisson",
    "sk_random_forest_missing",
    "xgb_logistic",
    "xgb_ranker",
    "xgb_three_softmax",
];

#[test]
fn every_graph_of_the_corpus_answers_as_onnx_runtime_does() {
    let folder = Folder::of_tests("corpus/models");
    let names = folder.names();
    let mut differ = Vec::new();
    for name in &names {
        let found = folder.difference(name);
        match REFUSED.iter().find(|(refused, _)| refused == name) {
            None => differ.extend(found.err().map(|reason| format!("{name}: {reason}"))),
            Some((_, part)) => assert!(found.as_ref().is_err_and(|reason| reason.contains(part)), "{name}: {found:?}"),
        }
    }
    assert!(differ.is_empty(), "{} of {} differ:\n{}", differ.len(), names.len(), differ.join("\n"));
}

#[test]
fn what_was_trained_comes_out_as_the_training_library_says() {
    let folder = Folder::of_tests("corpus/models");
    let mut compared = 0;
    for name in folder.names().iter().filter(|name| REFUSED.iter().all(|(refused, _)| refused != name)) {
        let Some(distance) = folder.distance_from_training(name) else { continue };
        compared += 1;
        let lost = LOST_IN_CONVERSION.contains(&name.as_str());
        assert_eq!(distance > 1e-5, lost, "{name}: {distance} from what the training library says");
    }
    assert!(compared > 150, "{compared} models were compared");
}
