//! `StringConcat` of the standard domain: two tensors of text joined value by value, with broadcasting.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::attributes::Attributes;
use super::operator::{Built, Operator, built};

/// Bytes of one text: a chain of these operators could double its length with every node.
const LONGEST: usize = 1 << 16;

#[derive(Debug)]
struct StringConcat;

pub(super) fn build(_: &ParsingContext, node: &NodeProto) -> Built {
    Attributes::new(node, &[])?;
    built(node, 1, StringConcat)
}

impl Operator for StringConcat {
    fn name(&self) -> &'static str {
        "StringConcat"
    }

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        ensure!(inputs.len() == 2, "expected 2 inputs, found {}", inputs.len());
        for input in inputs {
            ensure!(input.datum_type == DatumType::String, "an input of {:?} is not supported", input.datum_type);
        }
        let shape = tract_onnx::tract_core::broadcast::multi_broadcast(&[&*inputs[0].shape, &*inputs[1].shape])?;
        Ok(tvec!(DatumType::String.fact(shape)))
    }

    fn eval(&self, inputs: &[&Tensor]) -> TractResult<TVec<Tensor>> {
        let shape = tract_onnx::tract_core::broadcast::multi_broadcast(&[inputs[0].shape(), inputs[1].shape()])?;
        let first = inputs[0].to_plain_array_view::<String>()?;
        let second = inputs[1].to_plain_array_view::<String>()?;
        let (Some(first), Some(second)) = (first.broadcast(&*shape), second.broadcast(&*shape)) else {
            bail!("shapes {:?} and {:?} do not go together", inputs[0].shape(), inputs[1].shape())
        };
        let joined = first.iter().zip(second.iter()).map(|(first, second)| {
            let length = first.len() + second.len();
            ensure!(length <= LONGEST, "a text of {length} bytes is not supported");
            Ok(format!("{first}{second}"))
        });
        Ok(tvec!(crate::tensor::array(&shape, joined.collect::<TractResult<_>>()?)?))
    }
}
