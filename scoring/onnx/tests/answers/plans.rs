//! Compiled graphs against the same graphs run by tract: to the bit, on every graph of the tests, whatever its rows hold.

use std::path::Path;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use weir_onnx::{Graph, GraphInput, Kind, Scorer, Tensor, Values};

use crate::comparison::Folder;

fn shipped() -> Vec<u8> {
    std::fs::read(
        Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("../../models/german_credit/model.onnx"),
    )
    .unwrap()
}

/// Texts that the file holds, and one that it does not.
fn texts(bytes: &[u8]) -> Vec<String> {
    let printable = |byte: &u8| (b' '..=b'~').contains(byte);
    let runs = bytes.split(|byte| !printable(byte)).filter(|run| run.len() > 2);
    runs.map(|run| String::from_utf8(run.to_vec()).unwrap()).chain(["nobody's".to_owned()]).collect()
}

fn number() -> impl Strategy<Value = f32> {
    prop_oneof![
        6 => -10.0..10.0_f32,
        2 => (-100_i16..10_000).prop_map(f32::from),
        1 => prop::sample::select(vec![f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 0.0, -0.0]),
    ]
}

fn tensor(input: &GraphInput, rows: usize, texts: &[String]) -> BoxedStrategy<Tensor> {
    let width = input.shape[1].unwrap();
    let volume = rows * width;
    let values = match input.kind {
        Kind::Float32 => prop::collection::vec(number(), volume).prop_map(Values::Float32).boxed(),
        Kind::Text => {
            prop::collection::vec(prop::sample::select(texts.to_vec()), volume).prop_map(Values::Text).boxed()
        }
        Kind::Int64 => prop::collection::vec(any::<i64>(), volume).prop_map(Values::Int64).boxed(),
        other @ (Kind::Float64 | Kind::Int32 | Kind::Int16 | Kind::Bool) => {
            panic!("a compiled graph does not take {other}")
        }
    };
    values.prop_map(move |values| Tensor::new(vec![rows, width], values).unwrap()).boxed()
}

/// NaN is NaN, and zero is not minus zero.
fn bits(tensor: &Tensor) -> (Vec<usize>, Vec<u64>, Vec<String>) {
    let (numbers, texts) = match tensor.values() {
        Values::Float32(values) => (
            values.iter().map(|value| if value.is_nan() { u64::MAX } else { u64::from(value.to_bits()) }).collect(),
            vec![],
        ),
        Values::Int64(values) => (values.iter().map(|value| value.cast_unsigned()).collect(), vec![]),
        Values::Text(values) => (vec![], values.clone()),
        other @ (Values::Float64(_) | Values::Int32(_) | Values::Int16(_) | Values::Bool(_)) => {
            panic!("a compiled graph does not give {}", other.kind())
        }
    };
    (tensor.shape().to_vec(), numbers, texts)
}

/// Whether it was compiled.
fn expect_alike(name: &str, bytes: &[u8]) -> bool {
    let Ok(scorer) = Scorer::load(bytes) else { return false };
    if !scorer.is_compiled() {
        return false;
    }
    let graph = Graph::load(bytes).unwrap();
    let texts = texts(bytes);
    let inputs = (0..70_usize)
        .prop_flat_map(|rows| graph.inputs().iter().map(|input| tensor(input, rows, &texts)).collect::<Vec<_>>());
    let mut runner = TestRunner::new(Config { cases: 24, failure_persistence: None, ..Config::default() });
    let alike = runner.run(&inputs, |inputs| {
        // Of a text that is none of its categories both make an error.
        let (ours, theirs) = (scorer.run(inputs.clone()).ok(), graph.run(inputs).ok());
        let of = |outputs: Option<Vec<Tensor>>| outputs.map(|outputs| outputs.iter().map(bits).collect::<Vec<_>>());
        prop_assert_eq!(of(ours), of(theirs));
        Ok(())
    });
    alike.unwrap_or_else(|error| panic!("{name}: {error}"));
    true
}

#[test]
fn a_compiled_graph_gives_the_bits_that_tract_gives() {
    let mut compiled = 0;
    for folder in ["graphs", "corpus/models"].map(Folder::of_tests) {
        compiled += folder.names().iter().filter(|name| expect_alike(name, &folder.graph(name))).count();
    }
    assert!(compiled > 250, "{compiled} graphs are compiled");
}

/// What lenders export stays on the short way.
#[test]
fn the_usual_pipelines_are_compiled() {
    let folder = Folder::of_tests("corpus/models");
    let usual = ["boosting", "forest", "hist_boosting", "lightgbm", "logistic", "logistic_zipmap", "xgboost"];
    for name in usual.map(|name| format!("pipeline_{name}")) {
        assert!(Scorer::load(&folder.graph(&name)).unwrap().is_compiled(), "{name}");
    }
}

#[test]
fn the_shipped_model_is_compiled() {
    assert!(expect_alike("the shipped model", &shipped()));
}
