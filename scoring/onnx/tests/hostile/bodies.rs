//! Graphs within the graph, which `Scan` alone may run: whatever of them cannot be is refused, and their steps are bounded.

use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{AttributeProto, GraphProto, NodeProto, TensorProto};

use crate::forge::*;

/// One state `s` of three columns to which each row `r` is added; both sums come out.
fn body(nodes: Vec<NodeProto>) -> GraphProto {
    GraphProto {
        node: nodes,
        input: vec![value("s", DataType::Float, &[Some(3)]), value("r", DataType::Float, &[Some(3)])],
        output: vec![value("t", DataType::Float, &[]), value("each", DataType::Float, &[])],
        ..Default::default()
    }
}

fn sums() -> Vec<NodeProto> {
    vec![node("Add", &["s", "r"], &["t"]), node("Identity", &["t"], &["each"])]
}

fn scan(body: GraphProto, attributes: impl IntoIterator<Item = AttributeProto>) -> NodeProto {
    let scan = node("Scan", &["start", "x"], &["last", "y"]).with(graph_attribute("body", body));
    attributes.into_iter().fold(scan, |scan, attribute| scan.with(attribute))
}

fn start() -> Vec<TensorProto> {
    vec![tensor_of_floats("start", &[3], 3)]
}

fn one_sliced() -> AttributeProto {
    integer("num_scan_inputs", 1)
}

#[test]
fn a_sound_body_is_taken() {
    assert!(loaded(vec![scan(body(sums()), [one_sliced()])], start()).is_ok());
}

#[test]
fn a_body_that_cannot_be_is_refused_by_what_is_wrong_with_it() {
    let turned = |name: &str, value: i64| scan(body(sums()), [one_sliced(), integers(name, &[value])]);
    let inner = scan(body(sums()), [one_sliced()]);
    let wide = node("Concat", &["s", "r"], &["t"]).with(integer("axis", 0));
    let cases = [
        (scan(body(vec![inner]), [one_sliced()]), "attribute `body` holds a graph, which is not supported"),
        (scan(body(vec![node("Loop", &["s"], &["t", "each"])]), [one_sliced()]), "its body: node `t` (Loop)"),
        (
            scan(body(vec![node("Add", &["s", "w"], &["t"]), sums().remove(1)]), [one_sliced()]),
            "it sees its own inputs and tensors alone, and none of the graph around it: node `t` (Add): nothing gives the tensor `w`",
        ),
        (scan(body(vec![wide, sums().remove(1)]), [one_sliced()]), "state 0 changes its type or its shape"),
        (scan(body(sums()), []), "attribute `num_scan_inputs`: expected 1 to 2, found 0"),
        (
            scan(body(sums()), [integer("num_scan_inputs", -1)]),
            "attribute `num_scan_inputs`: expected 1 to 2, found -1",
        ),
        (scan(body(sums()), [integer("num_scan_inputs", 3)]), "attribute `num_scan_inputs`: expected 1 to 2, found 3"),
        (turned("scan_input_axes", 2), "expected an axis of 2, found 2"),
        (turned("scan_output_axes", -3), "expected an axis of 2, found -3"),
        (turned("scan_input_directions", 2), "attribute `scan_input_directions`: expected 0 or 1, found 2"),
        (node("Scan", &["start", "x"], &["last", "y"]).with(one_sliced()), "attribute `body` is missing"),
    ];
    for (scan, expected) in cases {
        let found = refusal(vec![scan], start());
        assert!(found.contains("Scan") && found.contains(expected), "{expected}: {found}");
    }
}

#[test]
fn a_second_graph_of_a_node_is_refused() {
    let twice = scan(body(sums()), [one_sliced(), graph_attribute("body", body(sums()))]);
    assert!(refusal(vec![twice], start()).contains("attribute `body` comes twice"));
    let named = scan(body(sums()), [one_sliced(), graph_attribute("other", body(sums()))]);
    assert!(refusal(vec![named], start()).contains("attribute `other` holds a graph"));
}

#[test]
fn inputs_of_different_lengths_are_refused() {
    let mut pairs = body(vec![node("Add", &["s", "r"], &["t"]), node("Identity", &["t"], &["each"])]);
    pairs.output.remove(0);
    let scan =
        node("Scan", &["a", "b"], &["y"]).with(graph_attribute("body", pairs)).with(integer("num_scan_inputs", 2));
    let found = refusal(vec![scan], vec![tensor_of_floats("a", &[4, 3], 12), tensor_of_floats("b", &[5, 3], 15)]);
    assert!(found.contains("its sliced inputs have different lengths"), "{found}");
}

#[test]
fn steps_that_would_take_an_hour_are_not_begun() {
    let squares = vec![
        node("Unsqueeze", &["s", "axis"], &["column"]),
        node("Expand", &["column", "size"], &["many"]),
        node("ReduceSum", &["many"], &["sum"]),
        node("Add", &["s", "r"], &["t"]),
        node("Add", &["t", "sum"], &["each"]),
    ];
    let mut body = body(squares);
    body.initializer = vec![tensor_of_integers("axis", &[1], &[1]), tensor_of_integers("size", &[2], &[3, 1_000_000])];
    let scan = node("Scan", &["start", "w"], &["last", "y"]).with(graph_attribute("body", body)).with(one_sliced());
    let found = refusal(vec![scan], vec![start().remove(0), tensor_of_floats("w", &[10_000, 3], 30_000)]);
    assert!(found.contains("its 10000 steps for 1 rows would take as long as"), "{found}");
}

#[test]
fn a_million_steps_that_compute_next_to_nothing_are_not_begun() {
    let mut body = body(sums());
    for end in body.input.iter_mut() {
        *end = value(&end.name, DataType::Float, &[]);
    }
    let many = node("ConstantOfShape", &["size"], &["many"]);
    let scan = node("Scan", &["one", "many"], &["last", "y"]).with(graph_attribute("body", body)).with(one_sliced());
    let size = tensor_of_integers("size", &[1], &[1_000_000]);
    let found = refusal(vec![many, scan], vec![size, tensor_of_floats("one", &[], 1)]);
    assert!(found.contains("its 1000000 steps for 1 rows would take as long as"), "{found}");
}

#[test]
fn a_body_that_holds_a_tensor_by_the_name_of_an_input_is_refused() {
    let mut twice = body(sums());
    twice.initializer = vec![tensor_of_floats("s", &[3], 3)];
    let found = refusal(vec![scan(twice, [one_sliced()])], start());
    assert!(found.contains("its body holds a tensor by the name of an input: `s`"), "{found}");
}

#[test]
fn nodes_of_a_body_are_counted() {
    let chain = |at: usize| node("Add", &[&format!("t{at}"), "r"], &[&format!("t{}", at + 1)]);
    let mut nodes = vec![node("Identity", &["s"], &["t0"])];
    nodes.extend((0..10_001).map(chain));
    nodes.extend([node("Identity", &["t10001"], &["t"]), node("Identity", &["t10001"], &["each"])]);
    let found = refusal(vec![scan(body(nodes), [one_sliced()])], start());
    assert!(found.contains("expected at most 10000 nodes"), "{found}");
}
