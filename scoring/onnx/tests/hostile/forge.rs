//! Files made by hand, node by node.

use prost::Message;
use tract_onnx::pb::attribute_proto::AttributeType;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::tensor_shape_proto::{Dimension, dimension};
use tract_onnx::pb::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto, TensorShapeProto, TypeProto,
    ValueInfoProto, type_proto,
};
use weir_onnx::{Graph, ModelError};

pub(crate) fn node(operator: &str, inputs: &[&str], outputs: &[&str]) -> NodeProto {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    NodeProto { op_type: operator.to_owned(), input: owned(inputs), output: owned(outputs), ..Default::default() }
}

pub(crate) fn ml(operator: &str, inputs: &[&str], outputs: &[&str]) -> NodeProto {
    NodeProto { domain: "ai.onnx.ml".to_owned(), ..node(operator, inputs, outputs) }
}

pub(crate) trait With {
    fn with(self, attribute: AttributeProto) -> Self;
}

impl With for NodeProto {
    fn with(mut self, attribute: AttributeProto) -> Self {
        self.attribute.push(attribute);
        self
    }
}

fn attribute(name: &str, kind: AttributeType) -> AttributeProto {
    AttributeProto { name: name.to_owned(), r#type: kind as i32, ..Default::default() }
}

pub(crate) fn integer(name: &str, value: i64) -> AttributeProto {
    AttributeProto { i: value, ..attribute(name, AttributeType::Int) }
}

pub(crate) fn integers(name: &str, values: &[i64]) -> AttributeProto {
    AttributeProto { ints: values.to_vec(), ..attribute(name, AttributeType::Ints) }
}

pub(crate) fn floats(name: &str, values: &[f32]) -> AttributeProto {
    AttributeProto { floats: values.to_vec(), ..attribute(name, AttributeType::Floats) }
}

pub(crate) fn texts(name: &str, values: &[&str]) -> AttributeProto {
    let strings = values.iter().map(|text| text.as_bytes().to_vec()).collect();
    AttributeProto { strings, ..attribute(name, AttributeType::Strings) }
}

pub(crate) fn graph_attribute(name: &str, graph: GraphProto) -> AttributeProto {
    AttributeProto { g: Some(graph), ..attribute(name, AttributeType::Graph) }
}

pub(crate) fn tensor_of_integers(name: &str, dims: &[i64], values: &[i64]) -> TensorProto {
    TensorProto {
        name: name.to_owned(),
        dims: dims.to_vec(),
        data_type: DataType::Int64 as i32,
        int64_data: values.to_vec(),
        ..Default::default()
    }
}

pub(crate) fn tensor_of_floats(name: &str, dims: &[i64], count: usize) -> TensorProto {
    TensorProto {
        name: name.to_owned(),
        dims: dims.to_vec(),
        data_type: DataType::Float as i32,
        float_data: vec![1.0; count],
        ..Default::default()
    }
}

/// `None` leaves a dimension open.
pub(crate) fn value(name: &str, kind: DataType, dims: &[Option<i64>]) -> ValueInfoProto {
    let dim = dims.iter().map(|dim| Dimension { value: dim.map(dimension::Value::DimValue), ..Default::default() });
    let shape = Some(TensorShapeProto { dim: dim.collect() });
    let value = type_proto::Value::TensorType(type_proto::Tensor { elem_type: kind as i32, shape });
    let kind = TypeProto { value: Some(value), ..Default::default() };
    ValueInfoProto { name: name.to_owned(), r#type: Some(kind), ..Default::default() }
}

/// One input `x` of rows of three columns, one output `y`.
pub(crate) fn graph(nodes: Vec<NodeProto>, initializers: Vec<TensorProto>) -> GraphProto {
    GraphProto {
        node: nodes,
        initializer: initializers,
        input: vec![value("x", DataType::Float, &[None, Some(3)])],
        output: vec![value("y", DataType::Float, &[])],
        ..Default::default()
    }
}

pub(crate) fn file(graph: GraphProto) -> Vec<u8> {
    let import = |domain: &str, version| OperatorSetIdProto { domain: domain.to_owned(), version };
    let opset_import = vec![import("", 13), import("ai.onnx.ml", 3)];
    ModelProto { ir_version: 8, opset_import, graph: Some(graph), ..Default::default() }.encode_to_vec()
}

pub(crate) fn loaded(nodes: Vec<NodeProto>, initializers: Vec<TensorProto>) -> Result<Graph, ModelError> {
    Graph::load(&file(graph(nodes, initializers)))
}

/// The line on which the file is refused.
pub(crate) fn refusal(nodes: Vec<NodeProto>, initializers: Vec<TensorProto>) -> String {
    let error = loaded(nodes, initializers).unwrap_err().to_string();
    assert!(error.starts_with("model refused: ") && !error.contains('\n'), "{error}");
    error
}
