//! The corpus: graphs of every operator and of the usual exporters (tests/corpus/README.md), with what ONNX Runtime answered
//! and, for what was trained, what the training library said.

#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "a test ends where it cannot go on")]

mod comparison;

use comparison::Folder;

#[test]
fn every_graph_of_the_corpus_answers_as_onnx_runtime_does() {
    let folder = Folder::of_tests("corpus/models");
    let names = folder.names();
    let differ = names.iter().filter_map(|name| Some(format!("{name}: {}", folder.difference(name).err()?)));
    let differ: Vec<String> = differ.collect();
    assert!(differ.is_empty(), "{} of {} differ:\n{}", differ.len(), names.len(), differ.join("\n"));
}
