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
use super::{built, vector};
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
    fn of<T: Float + Datum>(&self, input: &Tensor, exp: fn(&mut [T])) -> TractResult<Tensor> {
        let axis = axis_of(self.axis, input.rank())?;
        let lines = if self.one_line { Lines::from(input.shape(), axis) } else { Lines::along(input.shape(), axis) };
        let mut values = values::<T>(input)?.to_vec();
        if lines.step == 1 {
            values.chunks_exact_mut(lines.length.max(1)).for_each(|line| self.over(line, exp));
            return array(input.shape(), values);
        }
        let mut line = vec![T::zero(); lines.length];
        for at in 0..lines.count {
            line.iter_mut().zip(lines.places(at)).for_each(|(value, place)| *value = values[place]);
            self.over(&mut line, exp);
            line.iter().zip(lines.places(at)).for_each(|(value, place)| values[place] = *value);
        }
        array(input.shape(), values)
    }

    fn over<T: Float + Datum>(&self, line: &mut [T], exp: fn(&mut [T])) {
        // A first NaN stays.
        let most = line.iter().copied().reduce(|most, next| if next > most { next } else { most });
        let Some(most) = most else { return };
        match self.kind {
            Kind::Softmax => {
                line.iter_mut().for_each(|value| *value = *value - most);
                exp(line);
                let sum = line.iter().fold(T::zero(), |sum, value| sum + *value);
                line.iter_mut().for_each(|value| *value = *value / sum);
            }
            Kind::LogSoftmax => {
                // Beside an infinity ONNX Runtime says NaN of a float32 and minus infinity of a float64.
                let is_one = |value: T| T::datum_type() == DatumType::F64 && value == most;
                let term = |value: T| if is_one(value) { T::one() } else { (value - most).exp() };
                let sum = line.iter().fold(T::zero(), |sum, value| sum + term(*value)).ln();
                line.iter_mut().for_each(|value| *value = *value - most - sum);
            }
            Kind::Hardmax => {
                let first = line.iter().position(|value| *value == most);
                line.fill(T::zero());
                first.into_iter().for_each(|at| line[at] = T::one());
            }
        }
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
            DatumType::F32 => self.of::<f32>(input, |line| vector::each(line, vector::exp)),
            _ => self.of::<f64>(input, |line| line.iter_mut().for_each(|value| *value = value.exp())),
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
