//! `Softmax`, `LogSoftmax` and `Hardmax`. Before opset 13 everything from the axis on is one line.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::tract_num_traits::Float;
use tract_onnx::tract_hir::internal::*;

use super::super::attributes::Attributes;
use super::super::operator::{Built, Operator};
use super::super::rows::only;
use super::axes::{Lines, axis_of};
use super::broadcast::values;
use super::built;
use crate::tensor::array;

#[derive(Debug, Clone, Copy)]
enum Kind {
    Softmax,
    LogSoftmax,
    Hardmax,
}

#[derive(Debug)]
struct Softmax {
    kind: Kind,
    axis: i64,
    one_line: bool,
}

impl Softmax {
    fn of<T: Float + Datum>(&self, input: &Tensor) -> TractResult<Tensor> {
        let axis = axis_of(self.axis, input.rank())?;
        let lines = if self.one_line { Lines::from(input.shape(), axis) } else { Lines::along(input.shape(), axis) };
        let mut values = values::<T>(input)?.to_vec();
        for line in 0..lines.count {
            let places = lines.places(line);
            // A first NaN stays.
            let most = places.clone().map(|at| values[at]).reduce(|most, next| if next > most { next } else { most });
            let Some(most) = most else { continue };
            match self.kind {
                Kind::Softmax => {
                    let mut sum = T::zero();
                    for at in places.clone() {
                        values[at] = (values[at] - most).exp();
                        sum = sum + values[at];
                    }
                    places.for_each(|at| values[at] = values[at] / sum);
                }
                Kind::LogSoftmax => {
                    // Beside an infinity ONNX Runtime says NaN of a float32 and minus infinity of a float64.
                    let first = |at: usize| T::datum_type() == DatumType::F64 && values[at] == most;
                    let term = |at: usize| if first(at) { T::one() } else { (values[at] - most).exp() };
                    let sum = places.clone().fold(T::zero(), |sum, at| sum + term(at)).ln();
                    places.for_each(|at| values[at] = values[at] - most - sum);
                }
                Kind::Hardmax => {
                    let first = places.clone().find(|at| values[*at] == most);
                    places.for_each(|at| values[at] = if Some(at) == first { T::one() } else { T::zero() });
                }
            }
        }
        array(input.shape(), values)
    }
}

impl Operator for Softmax {
    fn name(&self) -> &'static str {
        match self.kind {
            Kind::Softmax => "Softmax",
            Kind::LogSoftmax => "LogSoftmax",
            Kind::Hardmax => "Hardmax",
        }
    }

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let input = only(inputs)?;
        ensure!(
            [DatumType::F32, DatumType::F64].contains(&input.datum_type),
            "an input of {:?} is not supported",
            input.datum_type
        );
        axis_of(self.axis, input.rank())?;
        Ok(tvec!(input.without_value()))
    }

    fn eval(&self, inputs: &[&Tensor]) -> TractResult<TVec<Tensor>> {
        let input = only(inputs)?;
        Ok(tvec!(match input.datum_type() {
            DatumType::F32 => self.of::<f32>(input),
            _ => self.of::<f64>(input),
        }?))
    }
}

pub(super) fn build(context: &ParsingContext, node: &NodeProto) -> Built {
    let one_line = context.onnx_operator_set_version < 13;
    let axis = Attributes::new(node, &["axis"])?.integer("axis", if one_line { 1 } else { -1 })?;
    let kind = match node.op_type.as_str() {
        "Softmax" => Kind::Softmax,
        "LogSoftmax" => Kind::LogSoftmax,
        _ => Kind::Hardmax,
    };
    built(context, node, 1, Softmax { kind, axis, one_line })
}
