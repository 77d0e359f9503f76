//! `MatMul` and `Gemm` of float64 and integers, whose sums run in index order and wrap as in two's complement. Those of
//! float32 are tract's, which has kernels for them and adds up no worse.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_core::broadcast::multi_broadcast;
use tract_onnx::tract_hir::internal::tract_num_traits::{WrappingAdd, WrappingMul};
use tract_onnx::tract_hir::internal::*;

use super::super::attributes::Attributes;
use super::super::operator::{Built, Operator};
use super::broadcast::values;
use super::{built_for, expect};
use crate::tensor::array;

fn are_computed_here(kinds: &[Option<DatumType>]) -> bool {
    kinds.iter().flatten().all(|kind| [DatumType::F64, DatumType::I32, DatumType::I64].contains(kind))
}

/// A number with a sum of products.
trait Factor: Datum + Copy + Default {
    fn plus_product(self, a: Self, b: Self) -> Self;
}

impl Factor for f64 {
    fn plus_product(self, a: Self, b: Self) -> Self {
        self + a * b
    }
}

impl Factor for i32 {
    fn plus_product(self, a: Self, b: Self) -> Self {
        WrappingAdd::wrapping_add(&self, &WrappingMul::wrapping_mul(&a, &b))
    }
}

impl Factor for i64 {
    fn plus_product(self, a: Self, b: Self) -> Self {
        WrappingAdd::wrapping_add(&self, &WrappingMul::wrapping_mul(&a, &b))
    }
}

/// Rows of `a` by columns of `b`, added to `sums`; `a` has `inner` values a row and `b` has `columns`.
fn add_product<T: Factor>(a: &[T], b: &[T], inner: usize, columns: usize, sums: &mut [T]) {
    if inner == 0 || columns == 0 {
        return;
    }
    for (row, sums) in a.chunks_exact(inner).zip(sums.chunks_exact_mut(columns)) {
        for (a, b) in row.iter().zip(b.chunks_exact(columns)) {
            for (sum, b) in sums.iter_mut().zip(b) {
                *sum = sum.plus_product(*a, *b);
            }
        }
    }
}

#[derive(Debug)]
struct MatMul;

/// The shapes as matrices: a vector on the left is a row, on the right a column.
fn as_matrices<D: Clone + From<usize>>(a: &[D], b: &[D]) -> TractResult<(TVec<D>, TVec<D>)> {
    ensure!(!a.is_empty() && !b.is_empty(), "expected no single values");
    let (mut a, mut b): (TVec<D>, TVec<D>) = (a.into(), b.into());
    if a.len() == 1 {
        a.insert(0, 1.into());
    }
    if b.len() == 1 {
        b.push(1.into());
    }
    Ok((a, b))
}

impl MatMul {
    fn shape<D: DimLike + From<usize>>(a: &[D], b: &[D]) -> TractResult<TVec<D>> {
        let (left, right) = as_matrices(a, b)?;
        let (depth, height) = (&left[left.len() - 1], &right[right.len() - 2]);
        ensure!(depth == height, "expected {depth} rows on the right, found {height}");
        let mut shape = multi_broadcast::<D>(&[&left[..left.len() - 2], &right[..right.len() - 2]])?;
        shape.extend((a.len() > 1).then(|| left[left.len() - 2].clone()));
        shape.extend((b.len() > 1).then(|| right[right.len() - 1].clone()));
        Ok(shape)
    }

    fn of<T: Factor>(a: &Tensor, b: &Tensor) -> TractResult<Tensor> {
        let shape = Self::shape(a.shape(), b.shape())?;
        let (left, right) = as_matrices(a.shape(), b.shape())?;
        let [rows, inner] = left[left.len() - 2..] else { bail!("expected a matrix") };
        let (columns, a, b) = (right[right.len() - 1], values::<T>(a)?, values::<T>(b)?);
        let stacks = [&left[..left.len() - 2], &right[..right.len() - 2]];
        let stack: TVec<usize> = multi_broadcast::<usize>(&stacks)?;
        let mut product = vec![T::default(); shape.iter().product()];
        let mut into = product.chunks_exact_mut((rows * columns).max(1));
        super::broadcast::Runs::new(&stack, stacks).each(|[x, y], [x_step, y_step], length| {
            for (at, sums) in (0..length).zip(&mut into) {
                let a = &a[(x + at * x_step) * rows * inner..][..rows * inner];
                let b = &b[(y + at * y_step) * inner * columns..][..inner * columns];
                add_product(a, b, inner, columns, sums);
            }
        });
        array(&shape, product)
    }
}

impl Operator for MatMul {
    fn name(&self) -> &'static str {
        "MatMul"
    }

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        ensure!(inputs.len() == 2, "expected 2 inputs, found {}", inputs.len());
        expect(inputs[1].datum_type, inputs[0].datum_type)?;
        Ok(tvec!(inputs[0].datum_type.fact(Self::shape::<TDim>(&inputs[0].shape, &inputs[1].shape)?)))
    }

    fn eval(&self, inputs: &[&Tensor]) -> TractResult<TVec<Tensor>> {
        let (a, b) = (inputs[0], inputs[1]);
        Ok(tvec!(match a.datum_type() {
            DatumType::F64 => Self::of::<f64>(a, b),
            DatumType::I32 => Self::of::<i32>(a, b),
            DatumType::I64 => Self::of::<i64>(a, b),
            other => bail!("inputs of {other:?} are not supported"),
        }?))
    }
}

/// `alpha * A' * B' + beta * C` in float64.
#[derive(Debug)]
struct Gemm {
    alpha: f64,
    beta: f64,
    turn_a: bool,
    turn_b: bool,
}

fn turned<'t>(tensor: &'t Tensor, turn: bool) -> TractResult<Cow<'t, Tensor>> {
    Ok(if turn { Cow::Owned(tensor.clone().permute_axes(&[1, 0])?) } else { Cow::Borrowed(tensor) })
}

impl Operator for Gemm {
    fn name(&self) -> &'static str {
        "Gemm"
    }

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        ensure!([2, 3].contains(&inputs.len()), "expected 2 or 3 inputs, found {}", inputs.len());
        for input in inputs {
            ensure!(input.datum_type == DatumType::F64, "inputs of {:?} are not supported", input.datum_type);
        }
        ensure!(inputs[0].rank() == 2 && inputs[1].rank() == 2, "expected matrices");
        let (a, b) = (&inputs[0].shape, &inputs[1].shape);
        let (rows, depth) = if self.turn_a { (&a[1], &a[0]) } else { (&a[0], &a[1]) };
        let (height, columns) = if self.turn_b { (&b[1], &b[0]) } else { (&b[0], &b[1]) };
        ensure!(depth == height, "expected {depth} rows on the right, found {height}");
        Ok(tvec!(f64::fact([rows.clone(), columns.clone()])))
    }

    fn eval(&self, inputs: &[&Tensor]) -> TractResult<TVec<Tensor>> {
        let (a, b) = (turned(inputs[0], self.turn_a)?, turned(inputs[1], self.turn_b)?);
        let scaled = super::broadcast::map::<f64, f64>(&MatMul::of::<f64>(&a, &b)?, |value| self.alpha * value)?;
        Ok(tvec!(match inputs.get(2) {
            Some(c) => super::broadcast::zip::<f64, f64, f64>(&scaled, c, |value, c| value + self.beta * c)?,
            None => scaled,
        }))
    }
}

pub(super) fn build(context: &ParsingContext, node: &NodeProto) -> Built {
    if node.op_type == "MatMul" {
        Attributes::new(node, &[])?;
        return built_for(context, node, 1, MatMul, are_computed_here);
    }
    let attributes = Attributes::new(node, &["alpha", "beta", "transA", "transB", "broadcast"])?;
    let gemm = Gemm {
        alpha: f64::from(attributes.float("alpha", 1.0)?),
        beta: f64::from(attributes.float("beta", 1.0)?),
        turn_a: attributes.integer("transA", 0)? != 0,
        turn_b: attributes.integer("transB", 0)? != 0,
    };
    built_for(context, node, 1, gemm, are_computed_here)
}
