//! Graphs that lead nowhere, in circles, or out of the file.

use prost::Message;
use tract_onnx::pb::tensor_proto::{DataLocation, DataType};
use tract_onnx::pb::{ModelProto, StringStringEntryProto, TensorProto};
use weir_onnx::{Graph, Tensor, Values};

use crate::forge::*;

#[test]
fn nodes_in_a_circle_are_refused() {
    let circle = vec![node("Add", &["x", "b"], &["a"]), node("Abs", &["a"], &["b"]), node("Abs", &["b"], &["y"])];
    assert!(refusal(circle, vec![]).contains("node `a` (Add): it waits for itself"));
    assert!(refusal(vec![node("Add", &["x", "y"], &["y"])], vec![]).contains("it waits for itself"));
}

#[test]
fn what_nothing_gives_or_two_give_is_refused() {
    assert!(
        refusal(vec![node("Abs", &["z"], &["y"])], vec![]).contains("node `y` (Abs): nothing gives the tensor `z`")
    );
    assert!(refusal(vec![node("Abs", &["x"], &["z"])], vec![]).contains("nothing gives the output `y`"));
    let twice = vec![node("Abs", &["x"], &["y"]), node("Neg", &["x"], &["y"])];
    assert!(refusal(twice, vec![]).contains("node `y` (Neg): `y` is given twice"));
    let twice = vec![tensor_of_floats("w", &[1], 1), tensor_of_floats("w", &[1], 1)];
    assert!(refusal(vec![node("Add", &["x", "w"], &["y"])], twice).contains("initializer `w` comes twice"));
}

#[test]
fn data_in_another_file_is_refused_wherever_it_is_named() {
    let entry = StringStringEntryProto { key: "location".to_owned(), value: "/etc/passwd".to_owned() };
    let by_entry = TensorProto { external_data: vec![entry], ..tensor_of_floats("w", &[1], 1) };
    let by_place = TensorProto { data_location: Some(DataLocation::External as i32), ..tensor_of_floats("w", &[1], 1) };
    for outside in [by_entry, by_place] {
        let add = vec![node("Add", &["x", "w"], &["y"])];
        assert!(refusal(add, vec![outside.clone()]).contains("tensor `w`: its data lies in another file"));
        let mut constant = integer("value", 0);
        constant.r#type = tract_onnx::pb::attribute_proto::AttributeType::Tensor as i32;
        constant.t = Some(outside);
        let found = refusal(vec![node("Constant", &[], &["y"]).with(constant)], vec![]);
        assert!(found.contains("attribute `value`: its data lies in another file"), "{found}");
    }
}

#[test]
fn a_tensor_that_its_data_does_not_fill_is_refused() {
    for dims in [&[1_i64 << 40][..], &[1 << 40, 1 << 40], &[-1], &[3]] {
        let found = refusal(vec![node("Add", &["x", "w"], &["y"])], vec![tensor_of_floats("w", dims, 1)]);
        assert!(found.contains("tensor `w`: its "), "{found}");
    }
}

#[test]
fn graphs_within_the_graph_and_functions_are_refused() {
    let inner = graph(vec![node("Abs", &["x"], &["y"])], vec![]);
    let found = refusal(vec![node("Identity", &["x"], &["y"]).with(graph_attribute("body", inner))], vec![]);
    assert!(found.contains("attribute `body` holds a graph"), "{found}");
    for operator in ["If", "Loop"] {
        assert!(refusal(vec![node(operator, &["x"], &["y"])], vec![]).contains("it is not supported"));
    }
}

#[test]
fn graphs_nested_without_end_are_refused() {
    let mut inner = graph(vec![node("Abs", &["x"], &["y"])], vec![]);
    for _ in 0..500 {
        inner = graph(vec![node("If", &["x"], &["y"]).with(graph_attribute("then_branch", inner))], vec![]);
    }
    assert!(Graph::load(&file(inner)).unwrap_err().to_string().contains("nested deeper"));
}

#[test]
fn operators_that_draw_at_random_are_refused() {
    for operator in ["RandomNormalLike", "Bernoulli", "Multinomial"] {
        let found = refusal(vec![node(operator, &["x"], &["y"])], vec![]);
        assert!(found.contains("it draws at random"), "{found}");
    }
}

#[test]
fn an_operator_is_known_in_its_own_domain_only() {
    assert!(refusal(vec![node("Scaler", &["x"], &["y"])], vec![]).contains("in domain ``"));
    assert!(refusal(vec![ml("Abs", &["x"], &["y"])], vec![]).contains("(Abs): it is not supported"));
}

#[test]
fn shapes_that_cannot_be_are_refused() {
    let mut untold = graph(vec![node("Abs", &["x"], &["y"])], vec![]);
    untold.input[0].r#type = None;
    let error = Graph::load(&file(untold)).unwrap_err().to_string();
    assert!(error.contains("input `x` has no type"), "{error}");
    let scaler = ml("Scaler", &["x"], &["y"]).with(floats("offset", &[0.0; 4])).with(floats("scale", &[1.0; 4]));
    let found = refusal(vec![scaler], vec![]);
    assert!(found.contains("Scaler") && found.contains("expected 4 columns, found 3"), "{found}");
}

#[test]
fn where_every_dimension_is_open_the_call_decides() {
    let scaler = ml("Scaler", &["x"], &["y"]).with(floats("offset", &[1.0; 2])).with(floats("scale", &[2.0; 2]));
    let mut open = graph(vec![scaler], vec![]);
    open.input = vec![value("x", DataType::Float, &[None, None])];
    let graph = Graph::load(&file(open)).unwrap();
    let rows = |shape: &[usize], values: &[f32]| Tensor::new(shape.to_vec(), Values::Float32(values.to_vec())).unwrap();
    let answer = graph.run(vec![rows(&[2, 2], &[1.0, 2.0, 3.0, 4.0])]).unwrap();
    assert_eq!(answer, [rows(&[2, 2], &[0.0, 2.0, 4.0, 6.0])]);
    let error = graph.run(vec![rows(&[1, 3], &[1.0, 2.0, 3.0])]).unwrap_err().to_string();
    assert!(error.contains("expected 2 columns, found 3"), "{error}");
}

#[test]
fn a_version_of_the_future_is_refused() {
    let mut proto = ModelProto::decode(&*file(graph(vec![node("Abs", &["x"], &["y"])], vec![]))).unwrap();
    proto.opset_import[1].version = 6;
    let error = Graph::load(&proto.encode_to_vec()).unwrap_err().to_string();
    assert!(error.contains("`ai.onnx.ml` of version 6"), "{error}");
}

#[test]
fn a_tree_that_is_none_is_refused_by_node_and_id() {
    let tree = |true_ids: &[i64], targets: i64| {
        ml("TreeEnsembleRegressor", &["x"], &["y"])
            .with(integers("nodes_treeids", &[0, 0, 0]))
            .with(integers("nodes_nodeids", &[0, 1, 2]))
            .with(integers("nodes_featureids", &[2, 0, 0]))
            .with(texts("nodes_modes", &["BRANCH_LEQ", "LEAF", "LEAF"]))
            .with(floats("nodes_values", &[0.5, 0.0, 0.0]))
            .with(integers("nodes_truenodeids", true_ids))
            .with(integers("nodes_falsenodeids", &[2, 0, 0]))
            .with(integers("target_treeids", &[0, 0]))
            .with(integers("target_nodeids", &[1, 2]))
            .with(integers("target_ids", &[0, 0]))
            .with(floats("target_weights", &[1.0, 2.0]))
            .with(integer("n_targets", targets))
    };
    assert!(loaded(vec![tree(&[1, 0, 0], 1)], vec![]).is_ok());
    for (ids, part) in
        [([0, 0, 0], "is never reached"), ([7, 0, 0], "points at node 7"), ([-1, 0, 0], "points at node -1")]
    {
        let found = refusal(vec![tree(&ids, 1)], vec![]);
        assert!(found.contains("TreeEnsembleRegressor") && found.contains(part), "{found}");
    }
    for targets in [0, -1, 1 << 40] {
        let found = refusal(vec![tree(&[1, 0, 0], targets)], vec![]);
        assert!(found.contains("attribute `n_targets`"), "{found}");
    }
}

#[test]
fn a_long_chain_of_nodes_is_no_danger() {
    let name = |at: usize| {
        if at == 0 {
            "x".to_owned()
        } else if at == 5000 {
            "y".to_owned()
        } else {
            format!("t{at}")
        }
    };
    let nodes = (0..5000).map(|at| node("Abs", &[&name(at)], &[&name(at + 1)])).collect();
    assert!(loaded(nodes, vec![]).is_ok());
    let nodes = (0..10_001).map(|at| node("Abs", &["x"], &[&format!("t{at}")])).collect();
    assert!(refusal(nodes, vec![]).contains("expected at most 10000 nodes"));
}
