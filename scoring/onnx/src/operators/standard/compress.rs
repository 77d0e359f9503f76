//! `Compress`: the slices along an axis, or the values of all of it, that a condition keeps. How many they are is known before
//! the call where the condition is.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::super::attributes::Attributes;
use super::super::operator::{Built, Operator};
use super::axes::axis_of;
use super::broadcast::values;
use super::{built, expect, for_values};
use crate::tensor::array;

#[derive(Debug)]
struct Compress {
    axis: Option<i64>,
}

impl Compress {
    /// Blocks before the axis, its length, and the values of each place on it.
    fn layout(&self, shape: &[usize]) -> TractResult<[usize; 3]> {
        let volume = |dims: &[usize]| dims.iter().product();
        let Some(axis) = self.axis else { return Ok([1, volume(shape), 1]) };
        let axis = axis_of(axis, shape.len())?;
        Ok([volume(&shape[..axis]), shape[axis], volume(&shape[axis + 1..])])
    }

    fn of<T: Datum>(&self, input: &Tensor, condition: &Tensor) -> TractResult<Tensor> {
        let [outer, length, inner] = self.layout(input.shape())?;
        let kept = (0..).zip(values::<bool>(condition)?).filter(|(_, keep)| **keep).map(|(at, _)| at);
        let kept: Vec<usize> = kept.collect();
        ensure!(kept.iter().all(|at| *at < length), "expected a condition of at most {length} values");
        let values = values::<T>(input)?;
        let mut left = Vec::with_capacity(outer * kept.len() * inner);
        for block in 0..outer {
            kept.iter().for_each(|at| left.extend_from_slice(&values[(block * length + at) * inner..][..inner]));
        }
        let mut shape: TVec<usize> = input.shape().into();
        match self.axis {
            Some(axis) => shape[axis_of(axis, input.rank())?] = kept.len(),
            None => shape = tvec!(kept.len()),
        }
        array(&shape, left)
    }
}

impl Operator for Compress {
    fn name(&self) -> &'static str {
        "Compress"
    }

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        ensure!(inputs.len() == 2, "expected 2 inputs, found {}", inputs.len());
        expect(inputs[1].datum_type, DatumType::Bool)?;
        let condition = inputs[1].konst.as_ref().context("the condition is not known before the call")?;
        let kept = values::<bool>(condition)?.iter().filter(|keep| **keep).count().to_dim();
        let mut shape: TVec<TDim> = inputs[0].shape.iter().cloned().collect();
        match self.axis {
            Some(axis) => {
                let axis = axis_of(axis, shape.len())?;
                shape[axis] = kept;
            }
            None => shape = tvec!(kept),
        }
        Ok(tvec!(inputs[0].datum_type.fact(shape)))
    }

    fn eval(&self, inputs: &[&Tensor]) -> TractResult<TVec<Tensor>> {
        Ok(tvec!(for_values!(inputs[0].datum_type(), T, self.of::<T>(inputs[0], inputs[1]))?))
    }
}

pub(super) fn build(context: &ParsingContext, node: &NodeProto) -> Built {
    let attributes = Attributes::new(node, &["axis"])?;
    let axis = if attributes.has("axis") { Some(attributes.integer("axis", 0)?) } else { None };
    built(context, node, 1, Compress { axis })
}
