//! `ai.onnx.ml.Normalizer`: each row divided by its maximum, the sum of its absolute values, or its length.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::attributes::Attributes;
use super::operator::{Built, Operator, built};
use super::real::Real;
use super::rows::{expect_numbers, matrix, numbers, only};

#[derive(Debug, Clone, Copy)]
enum Norm {
    Max,
    L1,
    L2,
}

#[derive(Debug)]
struct Normalizer(Norm);

pub(super) fn build(_: &ParsingContext, node: &NodeProto) -> Built {
    let norm = match Attributes::new(node, &["norm"])?.text("norm", "MAX")?.as_str() {
        "MAX" => Norm::Max,
        "L1" => Norm::L1,
        "L2" => Norm::L2,
        other => bail!("attribute `norm`: `{other}` is not supported"),
    };
    built(node, 1, Normalizer(norm))
}

impl Norm {
    /// Squares are taken in the type of the input; all else is float32.
    fn row<T: Real>(self, row: &[T], out: &mut Vec<f32>) {
        let values = || row.iter().map(|value| value.to_f32());
        match self {
            Self::Max => {
                let highest = values().fold(f32::MIN, |highest, value| if highest < value { value } else { highest });
                out.extend(values().map(|value| if highest == 0.0 { value } else { value / highest }));
            }
            Self::L1 => {
                let sum = values().fold(0.0_f32, |sum, value| sum + value.abs());
                out.extend(values().map(|value| if sum == 0.0 { value } else { value / sum }));
            }
            Self::L2 => {
                let squares = || row.iter().map(|value| (*value * *value).to_f32());
                let sum = squares().fold(0.0_f32, |sum, square| sum + square);
                out.extend(values().zip(squares()).map(|(value, square)| match value {
                    _ if sum == 0.0 => value,
                    _ if value < 0.0 => -(square / sum).sqrt(),
                    _ => (square / sum).sqrt(),
                }));
            }
        }
    }
}

impl Normalizer {
    fn rows<T: Real>(&self, input: &Tensor) -> TractResult<Tensor> {
        let (_, columns) = matrix(input.shape())?;
        let mut out = Vec::with_capacity(input.len());
        if columns > 0 {
            numbers::<T>(input)?.chunks_exact(columns).for_each(|row| self.0.row(row, &mut out));
        }
        Tensor::from_shape(input.shape(), &out)
    }
}

impl Operator for Normalizer {
    fn name(&self) -> &'static str {
        "Normalizer"
    }

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let input = only(inputs)?;
        expect_numbers(input.datum_type)?;
        matrix(&input.shape)?;
        Ok(tvec!(f32::fact(input.shape.iter().cloned().collect::<TVec<TDim>>())))
    }

    fn eval(&self, inputs: &[&Tensor]) -> TractResult<TVec<Tensor>> {
        let input = only(inputs)?;
        match input.datum_type() {
            DatumType::F32 => Ok(tvec!(self.rows::<f32>(input)?)),
            _ => Ok(tvec!(self.rows::<f64>(input)?)),
        }
    }
}
