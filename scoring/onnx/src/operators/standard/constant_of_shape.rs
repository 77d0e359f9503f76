//! `ConstantOfShape`, which is tract's but for what it holds where the file does not say: zero in float32, and not in float64.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::attribute_proto::AttributeType;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{AttributeProto, NodeProto, TensorProto};
use tract_onnx::tract_hir::internal::*;

use super::super::operator::Built;
use super::TRACTS;

pub(super) fn build(context: &ParsingContext, node: &NodeProto) -> Built {
    let tracts = TRACTS.0.get("ConstantOfShape").context("tract has the operator")?;
    if node.attribute.iter().any(|attribute| attribute.name == "value") {
        return tracts(context, node);
    }
    let zero =
        TensorProto { dims: vec![1], data_type: DataType::Float as i32, float_data: vec![0.0], ..Default::default() };
    let value = AttributeProto {
        name: "value".to_owned(),
        r#type: AttributeType::Tensor as i32,
        t: Some(zero),
        ..Default::default()
    };
    let mut node = node.clone();
    node.attribute.push(value);
    tracts(context, &node)
}
