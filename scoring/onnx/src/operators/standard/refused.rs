//! Operators of tract that fail in the middle of a call when they meet a type that they were not made for: refused when the
//! graph is loaded.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::super::operator::{Built, Operator};
use super::built_for;

#[derive(Debug)]
struct Refused(&'static str);

impl Operator for Refused {
    fn name(&self) -> &'static str {
        self.0
    }

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let input = inputs.first().context("expected an input, found none")?;
        bail!("an input of {:?} is not supported", input.datum_type)
    }

    fn eval(&self, _: &[&Tensor]) -> TractResult<TVec<Tensor>> {
        bail!("{} is not supported", self.0)
    }
}

pub(super) fn build(context: &ParsingContext, node: &NodeProto) -> Built {
    match node.op_type.as_str() {
        "Pad" => built_for(context, node, 1, Refused("Pad"), |kinds| {
            matches!(kinds.first(), Some(Some(DatumType::Bool | DatumType::String)))
        }),
        _ => {
            built_for(context, node, 1, Refused("Tile"), |kinds| matches!(kinds.first(), Some(Some(DatumType::String))))
        }
    }
}
