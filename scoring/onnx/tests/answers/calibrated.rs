//! A calibrator behind a model: explained where it is monotone and takes one score of one model, and only there.

use std::path::{Path, PathBuf};

use prost::Message;
use serde_json::Value;
use tract_onnx::pb::{ModelProto, NodeProto, TensorProto};
use weir_onnx::{Cell, Explainer, Scorer};

fn package() -> PathBuf {
    Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("../src/model/tests/packages/isotonic")
}

fn model() -> ModelProto {
    ModelProto::decode(&std::fs::read(package().join("model.onnx")).unwrap()[..]).unwrap()
}

/// The golden rows, in the order of the graph's inputs.
#[allow(clippy::cast_possible_truncation, reason = "models are float32")]
fn rows(scorer: &Scorer) -> Vec<Vec<Cell>> {
    let golden = std::fs::read_to_string(package().join("golden.jsonl")).unwrap();
    let cell = |value: &Value| match value.as_str() {
        Some(text) => Cell::Text(text.to_owned()),
        None => Cell::Number(value.as_f64().unwrap() as f32),
    };
    let row = |line: &str| {
        let golden: Value = serde_json::from_str(line).unwrap();
        scorer.inputs().iter().map(|input| cell(&golden["input"][&input.name])).collect()
    };
    golden.lines().map(row).collect()
}

fn explainer(model: &ModelProto) -> Option<Explainer> {
    let scorer = Scorer::load(&model.encode_to_vec()).unwrap();
    assert!(!scorer.is_compiled());
    let order: Vec<usize> = (0..scorer.inputs().len()).collect();
    scorer.explainer(0, 1, &rows(&scorer), &order).unwrap()
}

fn held<'a>(model: &'a mut ModelProto, name: &str) -> &'a mut TensorProto {
    model.graph.as_mut().unwrap().initializer.iter_mut().find(|tensor| tensor.name == name).unwrap()
}

fn floats(tensor: &TensorProto) -> Vec<f32> {
    tensor.raw_data.chunks_exact(4).map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap())).collect()
}

fn set(tensor: &mut TensorProto, values: &[f32]) {
    tensor.raw_data = values.iter().flat_map(|value| value.to_le_bytes()).collect();
}

fn node(operator: &str, inputs: &[&str], output: &str) -> NodeProto {
    let input = inputs.iter().map(|&input| input.to_owned()).collect();
    NodeProto { op_type: operator.to_owned(), input, output: vec![output.to_owned()], ..Default::default() }
}

/// Puts a node before the last one, and has the calibrator read what it gives.
fn between(model: &mut ModelProto, reader: &str, made: NodeProto) {
    let graph = model.graph.as_mut().unwrap();
    let (read, given) = (made.input[0].clone(), made.output[0].clone());
    let at = graph.node.iter().position(|node| node.output[0] == reader).unwrap();
    graph.node[at].input.iter_mut().filter(|input| **input == read).for_each(|input| input.clone_from(&given));
    graph.node.insert(at, made);
}

#[test]
fn what_a_monotone_calibrator_makes_is_explained_by_what_it_is_made_of() {
    let explained = explainer(&model()).unwrap();
    let calibrator = explained.calibrator().unwrap();
    let [least, most] = calibrator.ends;
    assert!(!explained.is_log_odds() && least.0 < explained.base() && explained.base() < most.0, "{calibrator:?}");
    assert!(least.1 < calibrator.at_base && calibrator.at_base < most.1, "{calibrator:?}");
}

#[test]
fn a_calibrator_that_falls_everywhere_is_monotone_too() {
    let mut falling = model();
    let slopes: Vec<f32> = floats(held(&mut falling, "slope")).iter().map(|slope| -slope).collect();
    set(held(&mut falling, "slope"), &slopes);
    let [least, most] = explainer(&falling).unwrap().calibrator().unwrap().ends;
    assert!(least.1 > most.1);
}

#[test]
fn a_calibrator_that_turns_anywhere_explains_nothing() {
    let slopes = floats(held(&mut model(), "slope"));
    let climbing: Vec<usize> = (0..slopes.len()).filter(|at| slopes[*at] > 1e-3).collect();
    assert!(climbing.len() > 3);
    for at in climbing {
        let (mut turned, mut slopes) = (model(), slopes.clone());
        slopes[at] = -slopes[at];
        set(held(&mut turned, "slope"), &slopes);
        assert!(explainer(&turned).is_none(), "slope {at}");
    }
}

#[test]
fn a_choice_behind_a_model_explains_nothing_as_it_may_turn_in_a_gap() {
    for operator in ["Floor", "Ceil", "Round", "Sign"] {
        let mut stepped = model();
        between(&mut stepped, "beyond", node(operator, &["margin"], "whole"));
        assert!(explainer(&stepped).is_none(), "{operator}");
    }
}

#[test]
fn what_is_made_of_two_scores_or_of_an_input_besides_is_explained_by_nobody() {
    let mut both = model();
    // The sum over the classes in the place of one of them.
    let reader =
        both.graph.as_ref().unwrap().node.iter().find(|node| node.op_type == "Gather" && node.input[0] == "said");
    let reader = reader.unwrap().output[0].clone();
    between(&mut both, &reader, node("Mul", &["said", "said"], "squares"));
    between(&mut both, &reader, node("CumSum", &["squares", "of_default"], "sums"));
    let shape = held(&mut both, "of_default");
    shape.dims = vec![1];
    assert!(explainer(&both).is_none());

    let mut besides = model();
    let mut inputs = besides.graph.as_ref().unwrap().input.iter().map(|input| input.name.clone());
    let number = inputs.find(|name| name.ends_with("__age")).unwrap();
    between(&mut besides, "beyond", node("Add", &["margin", &number], "older"));
    assert!(explainer(&besides).is_none());
}
