//! The corpus: graphs of every operator and of the usual exporters (tests/corpus/README.md), with what ONNX Runtime answered
//! and, for what was trained, what the training library said.

#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "a test ends where it cannot go on")]

mod comparison;

use comparison::Folder;

/// Exports that are refused, each by the part of it that is.
const REFUSED: [(&str, &str); 4] = [
    ("sk_feature_hasher", "(MurmurHash3): operator domain `com.microsoft` is not supported"),
    ("sk_neighbour_imputer", "functions of the file's own are not supported"),
    ("sk_neighbours", "(Scan): it is not supported"),
    ("sk_neighbours_regressor", "(Scan): it is not supported"),
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
