//! `Cast` and `CastLike`: between float32, float64, int32, int64, bool and text. A float that an integer cannot hold becomes
//! the least of its kind, as the processor does it; numbers and texts are those of the C library.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::tract_hir::internal::tract_num_traits::AsPrimitive;
use tract_onnx::tract_hir::internal::*;

use super::super::attributes::Attributes;
use super::super::operator::{Built, Operator};
use super::super::rows::cut;
use super::broadcast::{map, values};
use super::{built, text};
use crate::tensor::array;

#[derive(Debug)]
struct Cast {
    to: DatumType,
}

/// What does not fit becomes the least.
pub(super) fn to_i32(value: f64) -> i32 {
    i32::try_from(cut(value)).unwrap_or(i32::MIN)
}

impl Cast {
    fn of_float<T: Datum + AsPrimitive<f32> + AsPrimitive<f64>>(&self, input: &Tensor) -> TractResult<Tensor> {
        let double = |value: &T| AsPrimitive::<f64>::as_(*value);
        match self.to {
            DatumType::F32 => map::<T, f32>(input, |value| value.as_()),
            DatumType::F64 => map::<T, f64>(input, double),
            DatumType::I32 => map::<T, i32>(input, |value| to_i32(double(value))),
            DatumType::I64 => map::<T, i64>(input, |value| cut(double(value))),
            DatumType::Bool => map::<T, bool>(input, |value| double(value) != 0.0),
            DatumType::String => map::<T, String>(input, |value| text::written(double(value))),
            other => bail!("to {other:?} is not supported"),
        }
    }

    fn of_integer<T>(&self, input: &Tensor) -> TractResult<Tensor>
    where
        T: Datum + AsPrimitive<f32> + AsPrimitive<f64> + AsPrimitive<i32> + AsPrimitive<i64>,
    {
        match self.to {
            DatumType::F32 => map::<T, f32>(input, |value| value.as_()),
            DatumType::F64 => map::<T, f64>(input, |value| value.as_()),
            DatumType::I32 => map::<T, i32>(input, |value| value.as_()),
            DatumType::I64 => map::<T, i64>(input, |value| value.as_()),
            DatumType::Bool => map::<T, bool>(input, |value| AsPrimitive::<i64>::as_(*value) != 0),
            DatumType::String => map::<T, String>(input, |value| AsPrimitive::<i64>::as_(*value).to_string()),
            other => bail!("to {other:?} is not supported"),
        }
    }

    fn of_bool(&self, input: &Tensor) -> TractResult<Tensor> {
        match self.to {
            DatumType::F32 => map::<bool, f32>(input, |value| f32::from(u8::from(*value))),
            DatumType::F64 => map::<bool, f64>(input, |value| f64::from(u8::from(*value))),
            DatumType::I32 => map::<bool, i32>(input, |value| i32::from(*value)),
            DatumType::I64 => map::<bool, i64>(input, |value| i64::from(*value)),
            DatumType::Bool => Ok(input.clone()),
            DatumType::String => map::<bool, String>(input, |value| u8::from(*value).to_string()),
            other => bail!("to {other:?} is not supported"),
        }
    }

    fn of_text(&self, input: &Tensor) -> TractResult<Tensor> {
        #[allow(clippy::cast_possible_truncation, reason = "as ONNX Runtime narrows what it has read")]
        match self.to {
            DatumType::F32 => read(input, |value| Ok(text::float(value)? as f32)),
            DatumType::F64 => read(input, text::float),
            DatumType::I32 => read(input, |value| Ok(text::integer(value)? as i32)),
            DatumType::I64 => read(input, text::integer),
            DatumType::Bool => read(input, text::truth),
            DatumType::String => Ok(input.clone()),
            other => bail!("to {other:?} is not supported"),
        }
    }
}

fn read<T: Datum>(input: &Tensor, of: impl Fn(&str) -> TractResult<T>) -> TractResult<Tensor> {
    array(input.shape(), values::<String>(input)?.iter().map(|value| of(value)).collect::<TractResult<_>>()?)
}

impl Operator for Cast {
    fn name(&self) -> &'static str {
        "Cast"
    }

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let input = inputs.first().context("expected an input, found none")?;
        let kind = input.datum_type;
        ensure!(super::is_value(kind), "an input of {kind:?} is not supported");
        Ok(tvec!(self.to.fact(input.shape.clone())))
    }

    fn eval(&self, inputs: &[&Tensor]) -> TractResult<TVec<Tensor>> {
        let input = inputs[0];
        Ok(tvec!(match input.datum_type() {
            DatumType::F32 => self.of_float::<f32>(input),
            DatumType::F64 => self.of_float::<f64>(input),
            DatumType::I32 => self.of_integer::<i32>(input),
            DatumType::I64 => self.of_integer::<i64>(input),
            DatumType::Bool => self.of_bool(input),
            DatumType::String => self.of_text(input),
            other => bail!("an input of {other:?} is not supported"),
        }?))
    }
}

/// To the type of the second input.
#[derive(Debug)]
struct CastLike;

impl Operator for CastLike {
    fn name(&self) -> &'static str {
        "CastLike"
    }

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        ensure!(inputs.len() == 2, "expected 2 inputs, found {}", inputs.len());
        let to = inputs[1].datum_type;
        ensure!(super::is_value(to), "to {to:?} is not supported");
        Cast { to }.facts(inputs)
    }

    fn eval(&self, inputs: &[&Tensor]) -> TractResult<TVec<Tensor>> {
        Cast { to: inputs[1].datum_type() }.eval(inputs)
    }
}

pub(super) fn build(context: &ParsingContext, node: &NodeProto) -> Built {
    if node.op_type == "CastLike" {
        Attributes::new(node, &["saturate"])?;
        return built(context, node, 1, CastLike);
    }
    let to = Attributes::new(node, &["to", "saturate"])?.integer("to", 0)?;
    let to = match i32::try_from(to).ok().and_then(|to| DataType::try_from(to).ok()) {
        Some(DataType::Float) => DatumType::F32,
        Some(DataType::Double) => DatumType::F64,
        Some(DataType::Int32) => DatumType::I32,
        Some(DataType::Int64) => DatumType::I64,
        Some(DataType::Bool) => DatumType::Bool,
        Some(DataType::String) => DatumType::String,
        Some(other) => bail!("to {other:?} is not supported"),
        None => bail!("attribute `to`: data type {to} is not known"),
    };
    built(context, node, 1, Cast { to })
}
