//! Places and order along an axis: `ArgMax`, `ArgMin`, `TopK` and `CumSum`.

use std::cmp::Ordering;

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::tract_num_traits::Zero;
use tract_onnx::tract_hir::internal::*;

use super::super::attributes::Attributes;
use super::super::operator::{Built, Operator};
use super::super::rows::{expect_numbers, only};
use super::axes::{Lines, axis_of};
use super::broadcast::values;
use super::{built, constant_integers, for_numbers};
use crate::tensor::array;

/// `ArgMax` and `ArgMin`. A first NaN stays, a later one is passed over: so ONNX Runtime compares.
#[derive(Debug)]
struct Arg {
    greatest: bool,
    axis: i64,
    keep: bool,
    /// Of equals the last.
    last: bool,
}

impl Arg {
    fn shape<D: Clone + From<usize>>(&self, shape: &[D]) -> TractResult<TVec<D>> {
        let mut shape: TVec<D> = shape.into();
        let axis = axis_of(self.axis, shape.len())?;
        if self.keep {
            shape[axis] = 1.into();
        } else {
            shape.remove(axis);
        }
        Ok(shape)
    }

    fn of<T: Datum + PartialOrd>(&self, input: &Tensor) -> TractResult<Tensor> {
        let lines = Lines::along(input.shape(), axis_of(self.axis, input.rank())?);
        ensure!(lines.length > 0 || lines.count == 0, "expected values along the axis, found none");
        let values = values::<T>(input)?;
        let beyond = |value: &T, best: &T| match value.partial_cmp(best) {
            Some(Ordering::Equal) => self.last,
            Some(order) => (order == Ordering::Greater) == self.greatest,
            None => false,
        };
        let best = (0..lines.count).map(|at| {
            let mut places = (0..).zip(lines.places(at));
            let first = places.next().expect("a line has values");
            places.fold(first, |best, next| if beyond(&values[next.1], &values[best.1]) { next } else { best }).0
        });
        array(&self.shape(input.shape())?, best.collect::<Vec<i64>>())
    }
}

impl Operator for Arg {
    fn name(&self) -> &'static str {
        if self.greatest { "ArgMax" } else { "ArgMin" }
    }

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let input = only(inputs)?;
        expect_numbers(input.datum_type)?;
        Ok(tvec!(i64::fact(self.shape(&input.shape)?)))
    }

    fn eval(&self, inputs: &[&Tensor]) -> TractResult<TVec<Tensor>> {
        let input = only(inputs)?;
        Ok(tvec!(for_numbers!(input.datum_type(), T, self.of::<T>(input))?))
    }
}

/// Of equals the first in the line comes first; NaN is greater than any number.
#[derive(Debug)]
struct TopK {
    axis: i64,
    greatest: bool,
    /// Of the node where it is an attribute.
    k: Option<i64>,
}

impl TopK {
    fn of<T: Datum + PartialOrd + Copy>(&self, input: &Tensor, k: i64) -> TractResult<TVec<Tensor>> {
        let axis = axis_of(self.axis, input.rank())?;
        let (lines, k) = (Lines::along(input.shape(), axis), usize::try_from(k)?);
        ensure!(k <= lines.length, "expected at most {} values along the axis, found a K of {k}", lines.length);
        let mut shape: TVec<usize> = input.shape().into();
        shape[axis] = k;
        let of_top = Lines::along(&shape, axis);
        let values = values::<T>(input)?;
        let count: usize = shape.iter().product();
        let (mut top, mut at_places) = (vec![None; count], vec![0_i64; count]);
        // Comparable with itself means that it is a number.
        let known = |value: &T| value.partial_cmp(value).is_some();
        let order = |a: &T, b: &T| {
            let ascending = a.partial_cmp(b).unwrap_or_else(|| known(b).cmp(&known(a)));
            if self.greatest { ascending.reverse() } else { ascending }
        };
        for line in 0..lines.count {
            let mut places: Vec<(i64, usize)> = (0..).zip(lines.places(line)).collect();
            places.sort_by(|(_, a), (_, b)| order(&values[*a], &values[*b]));
            for ((place, from), to) in places.into_iter().zip(of_top.places(line)) {
                top[to] = Some(values[from]);
                at_places[to] = place;
            }
        }
        let top = top.into_iter().map(|value| value.expect("each place was filled")).collect();
        Ok(tvec!(array::<T>(&shape, top)?, array(&shape, at_places)?))
    }
}

impl Operator for TopK {
    fn name(&self) -> &'static str {
        "TopK"
    }

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let input = inputs.first().context("expected an input, found none")?;
        expect_numbers(input.datum_type)?;
        let k = match (self.k, inputs.get(1)) {
            (Some(k), _) => k,
            (None, Some(k)) => *constant_integers(k, "K")?.first().context("expected a K, found none")?,
            (None, None) => bail!("expected a K, found none"),
        };
        let mut shape: TVec<TDim> = input.shape.iter().cloned().collect();
        let axis = axis_of(self.axis, shape.len())?;
        ensure!(k >= 0 && shape[axis].to_i64().is_ok_and(|length| k <= length), "a K of {k} is not supported");
        shape[axis] = k.into();
        Ok(tvec!(input.datum_type.fact(shape.clone()), i64::fact(shape)))
    }

    fn eval(&self, inputs: &[&Tensor]) -> TractResult<TVec<Tensor>> {
        let k = match (self.k, inputs.get(1)) {
            (Some(k), _) => k,
            (None, Some(k)) => *values::<i64>(k)?.first().context("expected a K, found none")?,
            (None, None) => bail!("expected a K, found none"),
        };
        for_numbers!(inputs[0].datum_type(), T, self.of::<T>(inputs[0], k))
    }
}

#[derive(Debug)]
struct CumSum {
    exclusive: bool,
    reverse: bool,
}

impl CumSum {
    fn of<T: Datum + Copy + Zero>(&self, input: &Tensor, axis: i64, add: fn(T, T) -> T) -> TractResult<Tensor> {
        let lines = Lines::along(input.shape(), axis_of(axis, input.rank())?);
        let values = values::<T>(input)?;
        let mut sums = vec![T::zero(); values.len()];
        for line in 0..lines.count {
            let mut sum = T::zero();
            let mut take = |place: usize| {
                let before = sum;
                sum = add(sum, values[place]);
                sums[place] = if self.exclusive { before } else { sum };
            };
            match self.reverse {
                true => lines.places(line).rev().for_each(&mut take),
                false => lines.places(line).for_each(&mut take),
            }
        }
        array(input.shape(), sums)
    }
}

impl Operator for CumSum {
    fn name(&self) -> &'static str {
        "CumSum"
    }

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        ensure!(inputs.len() == 2, "expected 2 inputs, found {}", inputs.len());
        expect_numbers(inputs[0].datum_type)?;
        Ok(tvec!(inputs[0].without_value()))
    }

    fn eval(&self, inputs: &[&Tensor]) -> TractResult<TVec<Tensor>> {
        let (input, axis) = (inputs[0], inputs[1].cast_to::<i64>()?);
        let axis = *values::<i64>(&axis)?.first().context("expected an axis, found none")?;
        Ok(tvec!(match input.datum_type() {
            DatumType::F32 => self.of::<f32>(input, axis, |a, b| a + b),
            DatumType::F64 => self.of::<f64>(input, axis, |a, b| a + b),
            DatumType::I32 => self.of::<i32>(input, axis, i32::wrapping_add),
            DatumType::I64 => self.of::<i64>(input, axis, i64::wrapping_add),
            other => bail!("an input of {other:?} is not supported"),
        }?))
    }
}

pub(super) fn build(context: &ParsingContext, node: &NodeProto) -> Built {
    match node.op_type.as_str() {
        "CumSum" => {
            let attributes = Attributes::new(node, &["exclusive", "reverse"])?;
            let exclusive = attributes.integer("exclusive", 0)? == 1;
            built(context, node, 1, CumSum { exclusive, reverse: attributes.integer("reverse", 0)? == 1 })
        }
        "TopK" => {
            let attributes = Attributes::new(node, &["axis", "k", "largest", "sorted"])?;
            let k = if attributes.has("k") { Some(attributes.integer("k", 0)?) } else { None };
            let greatest = attributes.integer("largest", 1)? == 1;
            built(context, node, 2, TopK { axis: attributes.integer("axis", -1)?, greatest, k })
        }
        arg => {
            let attributes = Attributes::new(node, &["axis", "keepdims", "select_last_index"])?;
            let arg = Arg {
                greatest: arg == "ArgMax",
                axis: attributes.integer("axis", 0)?,
                keep: attributes.integer("keepdims", 1)? == 1,
                last: attributes.integer("select_last_index", 0)? == 1,
            };
            built(context, node, 1, arg)
        }
    }
}
