//! Where a graph goes on from the scores of one model alone, as with a calibrator behind it: the plan of the model, and the
//! rest of the graph, which takes its scores.

use std::collections::HashSet;

use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::tensor_shape_proto::{Dimension, dimension};
use tract_onnx::pb::{GraphProto, ModelProto, TensorShapeProto, TypeProto, ValueInfoProto, type_proto};

use super::symbol::Symbol;
use super::{Plan, Symbols};

/// The plan has one output; the rest of the graph has one input and one output. `None` where the output is made of anything but
/// the scores of one model.
pub(crate) fn cut(proto: &ModelProto, known: &Symbols, output: &ValueInfoProto) -> Option<(Plan, ModelProto)> {
    let graph = proto.graph.as_ref()?;
    let (mut nodes, mut read, mut scores) = (HashSet::new(), HashSet::new(), HashSet::new());
    let mut open = vec![output.name.as_str()];
    while let Some(name) = open.pop() {
        match known.get(name) {
            Some(Symbol::Scores(_)) => drop(scores.insert(name)),
            _ if graph.initializer.iter().any(|tensor| tensor.name == name) => drop(read.insert(name)),
            Some(Symbol::Label(_) | Symbol::Columns(_) | Symbol::Constant(_)) | None => {
                let node = graph.node.iter().position(|node| node.output.iter().any(|output| output == name))?;
                if nodes.insert(node) {
                    open.extend(graph.node[node].input.iter().filter(|name| !name.is_empty()).map(String::as_str));
                }
            }
        }
    }
    let scores = Some(scores).filter(|scores| scores.len() == 1)?.into_iter().next()?;
    let plan = Plan::over(vec![known.get(scores)?.clone()])?;
    let rest = GraphProto {
        node: (0..).zip(&graph.node).filter(|(at, _)| nodes.contains(at)).map(|(_, node)| node.clone()).collect(),
        initializer: graph.initializer.iter().filter(|one| read.contains(one.name.as_str())).cloned().collect(),
        input: vec![rows_of(scores, plan.width(0)?)?],
        output: vec![output.clone()],
        ..Default::default()
    };
    let opset_import = proto.opset_import.clone();
    Some((plan, ModelProto { ir_version: proto.ir_version, opset_import, graph: Some(rest), ..Default::default() }))
}

/// Any number of rows of so many columns of float32.
fn rows_of(name: &str, width: usize) -> Option<ValueInfoProto> {
    let width = Dimension { value: Some(dimension::Value::DimValue(i64::try_from(width).ok()?)), ..Default::default() };
    let shape = Some(TensorShapeProto { dim: vec![Dimension::default(), width] });
    let tensor = type_proto::Tensor { elem_type: DataType::Float as i32, shape };
    let kind = TypeProto { value: Some(type_proto::Value::TensorType(tensor)), ..Default::default() };
    Some(ValueInfoProto { name: name.to_owned(), r#type: Some(kind), ..Default::default() })
}
