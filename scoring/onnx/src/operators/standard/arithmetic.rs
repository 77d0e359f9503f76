//! Arithmetic on two tensors and more, broadcast against each other: sums, products, quotients, powers, the largest and the
//! least. Integers wrap as in two's complement; a division of integers by zero is an error, as in ONNX Runtime.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::tract_num_traits::{
    AsPrimitive, Float, PrimInt, WrappingAdd, WrappingMul, WrappingSub, Zero,
};
use tract_onnx::tract_hir::internal::*;

use super::super::attributes::Attributes;
use super::super::operator::{Built, Operator};
use super::broadcast::{broadcast_shape, values, zip};
use super::{built, built_for, expect};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Arithmetic {
    Add,
    Div,
    Max,
    Mean,
    Min,
    /// The remainder with the sign of the divisor.
    Mod,
    /// The remainder with the sign of the dividend.
    Fmod,
    Mul,
    PRelu,
    Sub,
    Sum,
}

/// NaN where one of the two is.
fn larger<T: Float>(a: T, b: T) -> T {
    if a > b || a.is_nan() { a } else { b }
}

/// NaN where one of the two is.
fn smaller<T: Float>(a: T, b: T) -> T {
    if a < b || a.is_nan() { a } else { b }
}

impl Arithmetic {
    fn floats<T: Float + Datum>(self, a: &Tensor, b: &Tensor) -> TractResult<Tensor> {
        match self {
            Self::Add | Self::Sum | Self::Mean => zip::<T, T, T>(a, b, |a, b| *a + *b),
            Self::Sub => zip::<T, T, T>(a, b, |a, b| *a - *b),
            Self::Mul => zip::<T, T, T>(a, b, |a, b| *a * *b),
            Self::Div => zip::<T, T, T>(a, b, |a, b| *a / *b),
            Self::Fmod => zip::<T, T, T>(a, b, |a, b| *a % *b),
            Self::Max => zip::<T, T, T>(a, b, |a, b| larger(*a, *b)),
            Self::Min => zip::<T, T, T>(a, b, |a, b| smaller(*a, *b)),
            Self::PRelu => zip::<T, T, T>(a, b, |a, slope| if *a < T::zero() { *a * *slope } else { *a }),
            Self::Mod => bail!("floats are not supported"),
        }
    }

    fn integers<T>(self, a: &Tensor, b: &Tensor) -> TractResult<Tensor>
    where
        T: Datum + PrimInt + WrappingAdd + WrappingSub + WrappingMul,
    {
        if matches!(self, Self::Div | Self::Mod | Self::Fmod) {
            ensure!(!values::<T>(b)?.iter().any(Zero::is_zero), "a division of integers by zero");
        }
        // The least divided by minus one is itself, and leaves nothing.
        let quotient = |a: &T, b: &T| a.checked_div(b).unwrap_or(*a);
        let remainder = |a: &T, b: &T| a.wrapping_sub(&quotient(a, b).wrapping_mul(b));
        match self {
            Self::Add | Self::Sum => zip::<T, T, T>(a, b, T::wrapping_add),
            Self::Sub => zip::<T, T, T>(a, b, T::wrapping_sub),
            Self::Mul => zip::<T, T, T>(a, b, T::wrapping_mul),
            Self::Div => zip::<T, T, T>(a, b, quotient),
            Self::Fmod => zip::<T, T, T>(a, b, remainder),
            Self::Mod => zip::<T, T, T>(a, b, |a, b| {
                let rest = remainder(a, b);
                if rest != T::zero() && (rest < T::zero()) != (*b < T::zero()) { rest.wrapping_add(b) } else { rest }
            }),
            Self::Max => zip::<T, T, T>(a, b, |a, b| *a.max(b)),
            Self::Min => zip::<T, T, T>(a, b, |a, b| *a.min(b)),
            Self::PRelu => zip::<T, T, T>(a, b, |a, slope| if *a < T::zero() { a.wrapping_mul(slope) } else { *a }),
            Self::Mean => bail!("integers are not supported"),
        }
    }

    fn of_two(self, a: &Tensor, b: &Tensor) -> TractResult<Tensor> {
        match a.datum_type() {
            DatumType::F32 => self.floats::<f32>(a, b),
            DatumType::F64 => self.floats::<f64>(a, b),
            DatumType::I32 => self.integers::<i32>(a, b),
            DatumType::I64 => self.integers::<i64>(a, b),
            other => bail!("an input of {other:?} is not supported"),
        }
    }

    const fn takes_one_or_more(self) -> bool {
        matches!(self, Self::Max | Self::Mean | Self::Min | Self::Sum)
    }

    const fn takes_integers(self) -> bool {
        !matches!(self, Self::Mean | Self::Sum)
    }
}

#[derive(Debug)]
struct OfMany {
    name: &'static str,
    arithmetic: Arithmetic,
}

impl Operator for OfMany {
    fn name(&self) -> &'static str {
        self.name
    }

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let several = self.arithmetic.takes_one_or_more();
        ensure!(inputs.len() == 2 || several && !inputs.is_empty(), "expected 2 inputs, found {}", inputs.len());
        let kind = inputs[0].datum_type;
        let floats = kind.is_float() && self.arithmetic != Arithmetic::Mod;
        ensure!(floats || self.arithmetic.takes_integers() && kind.is_signed(), "inputs of {kind:?} are not supported");
        inputs.iter().try_for_each(|input| expect(input.datum_type, kind))?;
        Ok(tvec!(kind.fact(broadcast_shape(inputs)?)))
    }

    fn eval(&self, inputs: &[&Tensor]) -> TractResult<TVec<Tensor>> {
        let (first, others) = inputs.split_first().context("expected an input, found none")?;
        let folded = others.iter().try_fold(Cow::Borrowed(*first), |folded, next| {
            TractResult::Ok(Cow::Owned(self.arithmetic.of_two(&folded, next)?))
        })?;
        if self.arithmetic != Arithmetic::Mean || others.is_empty() {
            return Ok(tvec!(folded.into_owned()));
        }
        #[allow(clippy::cast_precision_loss, reason = "a node has few inputs")]
        let count = tensor0(inputs.len() as f64);
        let count = count.cast_to_dt(folded.datum_type())?;
        Ok(tvec!(Arithmetic::Div.of_two(&folded, &count)?))
    }
}

/// `Pow`, whose exponent may be of another type.
#[derive(Debug)]
struct Pow;

impl Pow {
    /// ONNX Runtime raises integers in float64, and what does not fit becomes the least. Floats that lie beside each
    /// other in a row, and are all raised to the second or third power, are multiplied.
    fn raised<B: Datum + Base, E: Datum + AsPrimitive<f64>>(a: &Tensor, b: &Tensor) -> TractResult<Tensor> {
        let power = match values::<E>(b)? {
            [one] if a.rank() < 2 || a.shape().last() > Some(&1) => Some(one.as_()),
            _ => None,
        };
        match power {
            Some(2.0) => zip::<B, E, B>(a, b, |base, _| base.squared()),
            Some(3.0) => zip::<B, E, B>(a, b, |base, _| base.cubed()),
            _ => zip::<B, E, B>(a, b, |base, exponent| base.raised(exponent.as_())),
        }
    }

    fn of_base<B: Datum + Base>(a: &Tensor, b: &Tensor) -> TractResult<Tensor> {
        match b.datum_type() {
            DatumType::F32 => Self::raised::<B, f32>(a, b),
            DatumType::F64 => Self::raised::<B, f64>(a, b),
            DatumType::I32 => Self::raised::<B, i32>(a, b),
            DatumType::I64 => Self::raised::<B, i64>(a, b),
            other => bail!("an exponent of {other:?} is not supported"),
        }
    }
}

trait Base: Sized {
    fn raised(&self, exponent: f64) -> Self;

    fn squared(&self) -> Self {
        self.raised(2.0)
    }

    fn cubed(&self) -> Self {
        self.raised(3.0)
    }
}

impl Base for f32 {
    #[allow(clippy::cast_possible_truncation, reason = "rounding is what is asked for")]
    fn raised(&self, exponent: f64) -> Self {
        Self::powf(*self, exponent as Self)
    }

    fn squared(&self) -> Self {
        self * self
    }

    fn cubed(&self) -> Self {
        self * self * self
    }
}

impl Base for f64 {
    fn raised(&self, exponent: f64) -> Self {
        Self::powf(*self, exponent)
    }

    fn squared(&self) -> Self {
        self * self
    }

    fn cubed(&self) -> Self {
        self * self * self
    }
}

impl Base for i32 {
    fn raised(&self, exponent: f64) -> Self {
        super::cast::to_i32(f64::from(*self).powf(exponent))
    }
}

impl Base for i64 {
    #[allow(clippy::cast_precision_loss, reason = "as ONNX Runtime does it")]
    fn raised(&self, exponent: f64) -> Self {
        super::super::rows::cut((*self as f64).powf(exponent))
    }
}

impl Operator for Pow {
    fn name(&self) -> &'static str {
        "Pow"
    }

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        ensure!(inputs.len() == 2, "expected 2 inputs, found {}", inputs.len());
        for input in inputs {
            super::super::rows::expect_numbers(input.datum_type)?;
        }
        Ok(tvec!(inputs[0].datum_type.fact(broadcast_shape(inputs)?)))
    }

    fn eval(&self, inputs: &[&Tensor]) -> TractResult<TVec<Tensor>> {
        let (base, exponent) = (inputs[0], inputs[1]);
        Ok(tvec!(match base.datum_type() {
            DatumType::F32 => Self::of_base::<f32>(base, exponent),
            DatumType::F64 => Self::of_base::<f64>(base, exponent),
            DatumType::I32 => Self::of_base::<i32>(base, exponent),
            DatumType::I64 => Self::of_base::<i64>(base, exponent),
            other => bail!("a base of {other:?} is not supported"),
        }?))
    }
}

pub(super) fn build(context: &ParsingContext, node: &NodeProto) -> Built {
    let known: &[&str] = if node.op_type == "Mod" { &["fmod"] } else { &[] };
    let attributes = Attributes::new(node, known)?;
    let (name, arithmetic) = match node.op_type.as_str() {
        "Add" => ("Add", Arithmetic::Add),
        "Div" => ("Div", Arithmetic::Div),
        "Max" => ("Max", Arithmetic::Max),
        "Mean" => ("Mean", Arithmetic::Mean),
        "Min" => ("Min", Arithmetic::Min),
        "Mod" if attributes.integer("fmod", 0)? == 1 => ("Mod", Arithmetic::Fmod),
        "Mod" => ("Mod", Arithmetic::Mod),
        "Mul" => ("Mul", Arithmetic::Mul),
        "PRelu" => ("PRelu", Arithmetic::PRelu),
        "Pow" => return built(context, node, 1, Pow),
        "Sub" => ("Sub", Arithmetic::Sub),
        "Sum" => ("Sum", Arithmetic::Sum),
        other => bail!("{other} is no arithmetic"),
    };
    let operator = OfMany { name, arithmetic };
    match arithmetic {
        // Of float32 tract's own are exact, and become part of the matrix product before them. Not so its product and quotient:
        // what is NaN or infinite times a constant of zero it takes for zero.
        Arithmetic::Add | Arithmetic::Sub => built_for(context, node, 1, operator, |kinds| {
            kinds.iter().flatten().all(|kind| super::is_value(*kind) && *kind != DatumType::F32)
        }),
        _ => built(context, node, 1, operator),
    }
}
