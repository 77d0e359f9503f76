//! Small files that ask for much memory: refused before they get it.

use weir_onnx::{Graph, Tensor, Values};

use crate::forge::*;
use crate::memory_of_machine;

/// No test here comes near this, all of them together.
const MOST_MEMORY: u64 = 2 << 30;

/// The most that this process ever held, where the system says so.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or(0, |line| line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024)
}

fn assert_bounded() {
    let peak = peak();
    assert!(peak < MOST_MEMORY, "{peak} bytes were held");
}

#[test]
fn an_output_whose_size_a_value_says_is_bounded() {
    let huge = 1_i64 << 40;
    let many = [
        ("Expand", vec![node("Expand", &["x", "n"], &["y"])], tensor_of_integers("n", &[3], &[huge, 1, 3])),
        ("Tile", vec![node("Tile", &["x", "n"], &["y"])], tensor_of_integers("n", &[2], &[1, huge])),
        ("ConstantOfShape", vec![node("ConstantOfShape", &["n"], &["y"])], tensor_of_integers("n", &[1], &[huge])),
        ("Pad", vec![node("Pad", &["x", "n"], &["y"])], tensor_of_integers("n", &[4], &[0, 0, 0, huge])),
        (
            "OneHot",
            vec![
                node("Cast", &["x"], &["i"]).with(integer("to", 7)),
                node("Constant", &[], &["v"]).with(floats("value_floats", &[0.0, 1.0])),
                node("OneHot", &["i", "n", "v"], &["y"]),
            ],
            tensor_of_integers("n", &[], &[huge]),
        ),
        (
            "Range",
            vec![
                node("Constant", &[], &["a"]).with(integer("value_int", 0)),
                node("Constant", &[], &["b"]).with(integer("value_int", 1)),
                node("Range", &["a", "n", "b"], &["y"]),
            ],
            tensor_of_integers("n", &[], &[huge]),
        ),
    ];
    for (operator, nodes, size) in many {
        let found = refusal(nodes, vec![size]);
        assert!(found.contains(operator) || found.contains("values"), "{operator}: {found}");
    }
    assert_bounded();
}

#[test]
fn the_same_operators_are_answered_in_moderation() {
    let nodes = vec![node("Tile", &["x", "n"], &["y"])];
    let graph = loaded(nodes, vec![tensor_of_integers("n", &[2], &[1, 2])]).unwrap();
    let x = Tensor::new(vec![1, 3], Values::Float32(vec![1.0, 2.0, 3.0])).unwrap();
    let answer = graph.run(vec![x]).unwrap();
    assert_eq!(answer[0].values(), &Values::Float32(vec![1.0, 2.0, 3.0, 1.0, 2.0, 3.0]));
}

#[test]
fn products_of_all_with_all_are_bounded() {
    for operator in ["Add", "MatMul", "Mul"] {
        let (column, row) =
            (tensor_of_floats("a", &[100_000, 1], 100_000), tensor_of_floats("b", &[1, 100_000], 100_000));
        let nodes = vec![node(operator, &["a", "b"], &["c"]), node("ReduceSum", &["c"], &["y"])];
        let found = refusal(nodes, vec![column, row]);
        assert!(found.contains("values"), "{operator}: {found}");
    }
    let (data, places) =
        (tensor_of_floats("a", &[1, 100_000], 100_000), tensor_of_integers("b", &[100_000], &[0; 100_000]));
    assert!(refusal(vec![node("Gather", &["a", "b"], &["y"])], vec![data, places]).contains("values"));
    assert_bounded();
}

#[test]
fn a_chain_that_doubles_with_every_node_is_bounded() {
    for start in ["x", "w"] {
        let name = |at: usize| {
            if at == 0 {
                start.to_owned()
            } else if at == 60 {
                "y".to_owned()
            } else {
                format!("t{at}")
            }
        };
        let nodes = (0..60)
            .map(|at| node("Concat", &[&name(at), &name(at)], &[&name(at + 1)]).with(integer("axis", 1)))
            .collect();
        let found = refusal(nodes, vec![tensor_of_floats("w", &[1, 3], 3)]);
        assert!(found.contains("values"), "{found}");
    }
    assert_bounded();
}

#[test]
fn rows_that_would_take_too_much_memory_are_not_run() {
    let nodes = vec![node("MatMul", &["x", "w"], &["y"])];
    let graph = loaded(nodes, vec![tensor_of_floats("w", &[3, 100_000], 300_000)]).unwrap();
    let rows = 10_000;
    let x = Tensor::new(vec![rows, 3], Values::Float32(vec![0.0; rows * 3])).unwrap();
    let error = graph.run(vec![x]).unwrap_err().to_string();
    assert!(error.contains("values for 10000 rows"), "{error}");
    assert_bounded();
}

#[test]
fn a_file_of_empty_messages_is_refused_before_it_is_decoded() {
    // More than fit in the share of the memory that a decoded file may take.
    let messages = (memory_of_machine() / 8 / 320).max(4_000_000) + 1_000_000;
    // A field of the graph that is a node, an initializer, an attribute… of no bytes takes two bytes in the file.
    for field in [1_u8, 5, 11, 12, 13, 15] {
        let inner: Vec<u8> = [field << 3 | 2, 0].repeat(messages);
        let mut bytes = vec![7 << 3 | 2];
        let mut length = inner.len();
        while length >= 0x80 {
            bytes.push(u8::try_from(length & 0x7f).unwrap() | 0x80);
            length >>= 7;
        }
        bytes.push(u8::try_from(length).unwrap());
        bytes.extend(inner);
        let error = Graph::load(&bytes).unwrap_err().to_string();
        assert!(error.contains("decoded it would take more"), "{error}");
    }
    assert_bounded();
}

#[test]
fn a_text_that_every_row_would_hold_is_bounded() {
    let long = "x".repeat(5000);
    let encoder =
        ml("LabelEncoder", &["x"], &["y"]).with(floats("keys_floats", &[1.0])).with(texts("values_strings", &[&long]));
    assert!(refusal(vec![encoder], vec![]).contains("a text of 5000 bytes"));
}
