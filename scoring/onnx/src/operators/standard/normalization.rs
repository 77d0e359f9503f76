//! `LayerNormalization`: what lies behind the axis, less its mean, by its standard deviation; then scaled and shifted.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::super::attributes::Attributes;
use super::super::operator::{Built, Operator};
use super::super::rows::numbers;
use super::axes::{Lines, axis_of};
use super::{built, expect};
use crate::tensor::array;

#[derive(Debug)]
struct LayerNormalization {
    axis: i64,
    epsilon: f64,
}

impl Operator for LayerNormalization {
    fn name(&self) -> &'static str {
        "LayerNormalization"
    }

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let (input, parameters) = inputs.split_first().context("expected an input, found none")?;
        let kind = input.datum_type;
        ensure!([DatumType::F32, DatumType::F64].contains(&kind), "an input of {kind:?} is not supported");
        let axis = axis_of(self.axis, input.rank())?;
        ensure!([1, 2].contains(&parameters.len()), "expected a scale and perhaps a bias");
        for parameter in parameters {
            expect(parameter.datum_type, kind)?;
            ensure!(
                parameter.shape.iter().eq(input.shape[axis..].iter()),
                "expected scale and bias of the shape behind the axis, found {:?}",
                parameter.shape
            );
        }
        Ok(tvec!(input.without_value()))
    }

    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "float32 is what it takes and gives"
    )]
    fn eval(&self, inputs: &[&Tensor]) -> TractResult<TVec<Tensor>> {
        let (input, scale) = (inputs[0], numbers::<f64>(inputs[1])?);
        let bias = inputs.get(2).map(|bias| numbers::<f64>(bias)).transpose()?;
        let lines = Lines::from(input.shape(), axis_of(self.axis, input.rank())?);
        let mut values = numbers::<f64>(input)?;
        let single = input.datum_type() == DatumType::F32;
        let count = lines.length as f64;
        for line in values.chunks_exact_mut(lines.length.max(1)) {
            let mean = line.iter().sum::<f64>() / count;
            let variance = line.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / count;
            // There ONNX Runtime says zero or NaN, as the sums overflow one way or the other.
            let fits = !single || !variance.is_finite() || variance <= f64::from(f32::MAX);
            ensure!(fits, "the squares of a row are beyond float32");
            let deviation = (variance + self.epsilon).sqrt();
            for (at, (value, scale)) in line.iter_mut().zip(&scale).enumerate() {
                *value = (*value - mean) / deviation * scale + bias.as_ref().map_or(0.0, |bias| bias[at]);
            }
        }
        Ok(tvec!(match input.datum_type() {
            DatumType::F32 => array(input.shape(), values.into_iter().map(|value| value as f32).collect()),
            _ => array(input.shape(), values),
        }?))
    }
}

pub(super) fn build(context: &ParsingContext, node: &NodeProto) -> Built {
    let attributes = Attributes::new(node, &["axis", "epsilon", "stash_type"])?;
    let epsilon = f64::from(attributes.float("epsilon", 1e-5)?);
    built(context, node, 1, LayerNormalization { axis: attributes.integer("axis", -1)?, epsilon })
}
