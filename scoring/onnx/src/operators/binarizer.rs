//! `ai.onnx.ml.Binarizer`: one where a value is above the threshold, else zero. NaN is an error, as in ONNX Runtime.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::attributes::Attributes;
use super::operator::{Built, Operator, built};
use super::rows::{expect_float32, numbers, only};

#[derive(Debug)]
struct Binarizer {
    threshold: f32,
}

pub(super) fn build(_: &ParsingContext, node: &NodeProto) -> Built {
    let threshold = Attributes::new(node, &["threshold"])?.float("threshold", 0.0)?;
    built(node, 1, Binarizer { threshold })
}

impl Operator for Binarizer {
    fn name(&self) -> &'static str {
        "Binarizer"
    }

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let input = only(inputs)?;
        expect_float32(input.datum_type)?;
        Ok(tvec!(input.without_value()))
    }

    fn eval(&self, inputs: &[&Tensor]) -> TractResult<TVec<Tensor>> {
        let input = only(inputs)?;
        let values = numbers::<f32>(input)?;
        ensure!(!values.iter().any(|value| value.is_nan()), "expected numbers, found NaN");
        let bits: Vec<f32> = values.iter().map(|value| f32::from(u8::from(*value > self.threshold))).collect();
        Ok(tvec!(Tensor::from_shape(input.shape(), &bits)?))
    }
}
