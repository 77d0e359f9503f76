//! Model files that somebody damaged or made to do harm: refused with one line, never a panic.

use std::path::Path;

use weir_onnx::{Graph, ModelError};

use crate::memory_of_machine;

fn shipped_graph() -> Vec<u8> {
    std::fs::read(
        Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("../../models/german_credit/model.onnx"),
    )
    .unwrap()
}

/// The shipped graph with every `from` replaced by `to`, which is as long: protobuf counts bytes.
fn replaced(from: &str, to: &str) -> Result<Graph, ModelError> {
    assert_eq!(from.len(), to.len());
    let mut bytes = shipped_graph();
    let places: Vec<usize> = (0..bytes.len()).filter(|&at| bytes[at..].starts_with(from.as_bytes())).collect();
    assert!(!places.is_empty());
    for at in places {
        bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
    }
    Graph::load(&bytes)
}

#[test]
fn an_operator_we_lack_is_refused_by_node_and_name() {
    let error = replaced("LinearRegressor", "SVMSupportVecto").unwrap_err().to_string();
    assert_eq!(error, "model refused: node `Contributions` (SVMSupportVecto): it is not supported");
}

#[test]
fn an_operator_that_could_take_all_memory_is_refused() {
    let error = replaced("Scaler", "Expand").unwrap_err().to_string();
    assert!(error.contains("it is not supported"), "{error}");
}

#[test]
fn an_operator_of_a_foreign_domain_is_refused() {
    let error = replaced("ai.onnx.ml", "com.evil.x").unwrap_err().to_string();
    assert!(error.contains("operator domain `com.evil.x`"), "{error}");
}

#[test]
fn an_attribute_that_is_not_honoured_is_refused_with_its_node() {
    let error = replaced("zeros", "ztros").unwrap_err().to_string();
    assert!(error.contains("OneHotEncoder") && error.contains("attribute `ztros` is not supported"), "{error}");
    let error = replaced("LOGISTIC", "PROBITTT").unwrap_err().to_string();
    assert!(error.contains("LinearClassifier") && error.contains("PROBITTT"), "{error}");
}

#[test]
fn what_is_no_model_is_refused_on_one_line() {
    for bytes in [&b""[..], b"not a model", &[0xff; 4096]] {
        let error = Graph::load(bytes).unwrap_err().to_string();
        assert!(error.starts_with("model refused: ") && !error.contains('\n'), "{error}");
    }
}

#[test]
fn a_file_that_no_memory_has_room_for_is_not_even_read() {
    let error = Graph::load(&vec![0; (memory_of_machine() / 16).max(300 << 20)]).unwrap_err().to_string();
    assert!(error.contains("expected at most") && error.contains("by the memory of this machine"), "{error}");
}

#[test]
fn a_file_cut_short_anywhere_never_panics() {
    let bytes = shipped_graph();
    for end in (0..bytes.len()).step_by(97) {
        drop(Graph::load(&bytes[..end]));
    }
}
