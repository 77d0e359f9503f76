//! `Gather`, `GatherElements`, `GatherND` and `OneHot`: values by their places. A place out of range is an error, or for
//! `OneHot` no place at all; one below zero counts from the end.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::super::attributes::Attributes;
use super::super::operator::{Built, Operator};
use super::super::rows::{cut, numbers};
use super::axes::axis_of;
use super::broadcast::values;
use super::{built, constant_integers, for_values};
use crate::tensor::array;

/// Each as a place among so many.
fn places(indices: &Tensor, length: usize) -> TractResult<Vec<usize>> {
    let indices = indices.cast_to::<i64>()?;
    values::<i64>(&indices)?.iter().map(|index| place(*index, length)).collect()
}

fn place(index: i64, length: usize) -> TractResult<usize> {
    let length = i64::try_from(length)?;
    ensure!((-length..length).contains(&index), "index {index} is out of range of {length} values");
    Ok(usize::try_from(if index < 0 { index + length } else { index })?)
}

fn expect_indices(kind: DatumType) -> TractResult<()> {
    ensure!([DatumType::I64, DatumType::I32].contains(&kind), "indices of {kind:?} are not supported");
    Ok(())
}

#[derive(Debug)]
struct Gather {
    axis: i64,
}

impl Gather {
    fn shape<D: Clone>(&self, input: &[D], indices: &[D]) -> TractResult<TVec<D>> {
        let axis = axis_of(self.axis, input.len())?;
        Ok([&input[..axis], indices, &input[axis + 1..]].concat().into())
    }

    fn of<T: Datum>(&self, input: &Tensor, indices: &Tensor) -> TractResult<Tensor> {
        let (shape, axis) = (input.shape(), axis_of(self.axis, input.rank())?);
        let (outer, inner): (usize, usize) = (shape[..axis].iter().product(), shape[axis + 1..].iter().product());
        let (places, values) = (places(indices, shape[axis])?, values::<T>(input)?);
        let mut gathered = Vec::with_capacity(outer * places.len() * inner);
        for block in 0..outer {
            for place in &places {
                gathered.extend_from_slice(&values[(block * shape[axis] + place) * inner..][..inner]);
            }
        }
        array(&self.shape(shape, indices.shape())?, gathered)
    }
}

impl Operator for Gather {
    fn name(&self) -> &'static str {
        "Gather"
    }

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        ensure!(inputs.len() == 2, "expected 2 inputs, found {}", inputs.len());
        expect_indices(inputs[1].datum_type)?;
        let axis = axis_of(self.axis, inputs[0].rank())?;
        let single = inputs[0].shape[axis + 1..].iter().all(|dim| dim.is_one());
        let kind = inputs[0].datum_type;
        // There ONNX Runtime 1.32 copies the first text of each and leaves the others empty.
        ensure!(single || kind != DatumType::String, "texts of several values each are not supported");
        Ok(tvec!(kind.fact(self.shape(&inputs[0].shape, &inputs[1].shape)?)))
    }

    fn eval(&self, inputs: &[&Tensor]) -> TractResult<TVec<Tensor>> {
        Ok(tvec!(for_values!(inputs[0].datum_type(), T, self.of::<T>(inputs[0], inputs[1]))?))
    }
}

#[derive(Debug)]
struct GatherElements {
    axis: i64,
}

impl GatherElements {
    fn of<T: Datum>(&self, input: &Tensor, indices: &Tensor) -> TractResult<Tensor> {
        let axis = axis_of(self.axis, input.rank())?;
        let fits = input.shape().iter().zip(indices.shape()).enumerate();
        ensure!(
            fits.into_iter().all(|(at, (whole, part))| at == axis || part <= whole),
            "expected indices within the input, found a shape of {:?}",
            indices.shape()
        );
        let (places, values) = (places(indices, input.shape()[axis])?, values::<T>(input)?);
        let mut strides: TVec<usize> = tvec!(1; input.rank());
        for at in (0..input.rank()).rev().skip(1) {
            strides[at] = strides[at + 1] * input.shape()[at + 1];
        }
        let gathered = places.into_iter().enumerate().map(|(at, place)| {
            let (mut rest, mut from) = (at, place * strides[axis]);
            for dim in (0..input.rank()).rev() {
                let length = indices.shape()[dim];
                from += if dim == axis { 0 } else { rest % length * strides[dim] };
                rest /= length;
            }
            values[from].clone()
        });
        array(indices.shape(), gathered.collect())
    }
}

impl Operator for GatherElements {
    fn name(&self) -> &'static str {
        "GatherElements"
    }

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        ensure!(inputs.len() == 2, "expected 2 inputs, found {}", inputs.len());
        expect_indices(inputs[1].datum_type)?;
        ensure!(inputs[0].rank() == inputs[1].rank(), "expected indices of rank {}", inputs[0].rank());
        Ok(tvec!(inputs[0].datum_type.fact(inputs[1].shape.clone())))
    }

    fn eval(&self, inputs: &[&Tensor]) -> TractResult<TVec<Tensor>> {
        Ok(tvec!(for_values!(inputs[0].datum_type(), T, self.of::<T>(inputs[0], inputs[1]))?))
    }
}

#[derive(Debug)]
struct GatherNd;

impl GatherNd {
    fn shape<D: Clone>(input: &[D], indices: &[D], depth: usize) -> TVec<D> {
        [&indices[..indices.len() - 1], &input[depth..]].concat().into()
    }

    fn of<T: Datum>(input: &Tensor, indices: &Tensor) -> TractResult<Tensor> {
        let depth = *indices.shape().last().context("expected indices of rank 1 and more")?;
        let inner: usize = input.shape()[depth..].iter().product();
        let mut gathered = Vec::new();
        for index in values::<i64>(indices)?.chunks(depth.max(1)) {
            let at = index
                .iter()
                .zip(input.shape())
                .try_fold(0, |at, (index, length)| TractResult::Ok(at * length + place(*index, *length)?))?;
            gathered.extend_from_slice(&values::<T>(input)?[at * inner..][..inner]);
        }
        array(&Self::shape(input.shape(), indices.shape(), depth), gathered)
    }
}

impl Operator for GatherNd {
    fn name(&self) -> &'static str {
        "GatherND"
    }

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        ensure!(inputs.len() == 2, "expected 2 inputs, found {}", inputs.len());
        ensure!(inputs[1].datum_type == DatumType::I64, "indices of {:?} are not supported", inputs[1].datum_type);
        let depth = inputs[1].shape.last().and_then(|depth| depth.to_usize().ok());
        let depth = depth.filter(|depth| (1..=inputs[0].rank()).contains(depth));
        let depth = depth.context("expected an index of 1 and more axes")?;
        Ok(tvec!(inputs[0].datum_type.fact(Self::shape(&inputs[0].shape, &inputs[1].shape, depth))))
    }

    fn eval(&self, inputs: &[&Tensor]) -> TractResult<TVec<Tensor>> {
        Ok(tvec!(for_values!(inputs[0].datum_type(), T, Self::of::<T>(inputs[0], inputs[1]))?))
    }
}

#[derive(Debug)]
struct OneHot {
    axis: i64,
}

impl OneHot {
    fn shape<D: Clone>(&self, indices: &[D], depth: D) -> TractResult<TVec<D>> {
        let mut shape: TVec<D> = indices.into();
        shape.insert(axis_of(self.axis, indices.len() + 1)?, depth);
        Ok(shape)
    }

    fn of<T: Datum>(&self, indices: &Tensor, depth: i64, off_on: &Tensor) -> TractResult<Tensor> {
        let axis = axis_of(self.axis, indices.rank() + 1)?;
        let inner: usize = indices.shape()[axis..].iter().product();
        let [off, on] = values::<T>(off_on)? else { bail!("expected two values") };
        let width = usize::try_from(depth)?;
        let shape = self.shape(indices.shape(), width)?;
        let mut hot = vec![off.clone(); shape.iter().product()];
        let integers = match indices.datum_type() {
            DatumType::I64 => values::<i64>(indices)?.to_vec(),
            _ => numbers::<f64>(indices)?.into_iter().map(cut).collect(),
        };
        for (at, index) in integers.into_iter().enumerate() {
            if let Ok(place) = place(index, width) {
                hot[(at / inner * width + place) * inner + at % inner] = on.clone();
            }
        }
        array(&shape, hot)
    }
}

impl Operator for OneHot {
    fn name(&self) -> &'static str {
        "OneHot"
    }

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        ensure!(inputs.len() == 3, "expected 3 inputs, found {}", inputs.len());
        super::super::rows::expect_numbers(inputs[0].datum_type)?;
        let depth = *constant_integers(inputs[1], "depth")?.first().context("expected a depth, found none")?;
        ensure!(depth > 0, "a depth of {depth} is not supported");
        Ok(tvec!(inputs[2].datum_type.fact(self.shape(&inputs[0].shape, depth.into())?)))
    }

    fn eval(&self, inputs: &[&Tensor]) -> TractResult<TVec<Tensor>> {
        let depth = inputs[1].cast_to::<i64>()?;
        let depth = *values::<i64>(&depth)?.first().context("expected a depth, found none")?;
        Ok(tvec!(for_values!(inputs[2].datum_type(), T, self.of::<T>(inputs[0], depth, inputs[2]))?))
    }
}

pub(super) fn build(context: &ParsingContext, node: &NodeProto) -> Built {
    match node.op_type.as_str() {
        "Gather" => {
            let axis = Attributes::new(node, &["axis"])?.integer("axis", 0)?;
            built(context, node, 1, Gather { axis })
        }
        "GatherElements" => {
            let axis = Attributes::new(node, &["axis"])?.integer("axis", 0)?;
            built(context, node, 1, GatherElements { axis })
        }
        "GatherND" => {
            let batched = Attributes::new(node, &["batch_dims"])?.integer("batch_dims", 0)?;
            ensure!(batched == 0, "attribute `batch_dims`: {batched} is not supported");
            built(context, node, 1, GatherNd)
        }
        _ => {
            let axis = Attributes::new(node, &["axis"])?.integer("axis", -1)?;
            built(context, node, 1, OneHot { axis })
        }
    }
}
