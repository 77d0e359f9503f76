//! Functions of one value: activations, rounding, logarithms. Computed in the type of the input by the C library's rules; NaN
//! stays NaN except where the definition compares it away.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::tract_num_traits::{Float, PrimInt, Signed, WrappingNeg};
use tract_onnx::tract_hir::internal::*;

use super::super::attributes::Attributes;
use super::super::operator::{Built, Operator};
use super::super::rows::only;
use super::built;
use super::float::{Real, each};

/// By its name in ONNX, with its attributes.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Function {
    Abs,
    Acos,
    Acosh,
    Asin,
    Asinh,
    Atan,
    Atanh,
    Ceil,
    Celu { alpha: f32 },
    Cos,
    Cosh,
    Elu { alpha: f32 },
    Erf,
    Exp,
    Floor,
    Gelu,
    GeluTanh,
    HardSigmoid { alpha: f32, beta: f32 },
    HardSwish,
    LeakyRelu { alpha: f32 },
    Log,
    Mish,
    Neg,
    Reciprocal,
    Relu,
    Round,
    Selu { alpha: f32, gamma: f32 },
    Sigmoid,
    Sign,
    Sin,
    Sinh,
    Softplus,
    Softsign,
    Sqrt,
    Tan,
    Tanh,
    ThresholdedRelu { alpha: f32 },
}

fn softplus<T: Float>(x: T) -> T {
    if x > T::zero() { x + (-x).exp().ln_1p() } else { x.exp().ln_1p() }
}

/// NaN stays NaN.
fn clamp<T: Float>(x: T, least: T, most: T) -> T {
    if x < least {
        least
    } else if x > most {
        most
    } else {
        x
    }
}

fn elu<T: Float>(x: T, alpha: T) -> T {
    if x > T::zero() || x.is_nan() { x } else { alpha * (x.exp() - T::one()) }
}

impl Function {
    fn floats<T: Real>(self, values: &mut [T]) {
        let (zero, one, half) = (T::zero(), T::one(), T::of(0.5));
        match self {
            Self::Abs => each(values, |x| x.abs()),
            Self::Acos => each(values, |x| x.acos()),
            Self::Acosh => each(values, |x| T::narrowed(x.double().acosh())),
            Self::Asin => each(values, |x| x.asin()),
            Self::Asinh => each(values, |x| T::narrowed(x.double().asinh())),
            Self::Atan => each(values, |x| x.atan()),
            Self::Atanh => each(values, |x| x.atanh()),
            Self::Ceil => each(values, |x| x.ceil()),
            Self::Celu { alpha } => {
                let alpha = T::of(alpha);
                each(values, |x| if x > zero { x } else { elu(x / alpha, alpha) })
            }
            Self::Cos => each(values, |x| x.cos()),
            Self::Cosh => each(values, |x| x.cosh()),
            Self::Elu { alpha } => each(values, |x| elu(x, T::of(alpha))),
            Self::Erf => each(values, |x| Real::erf(x)),
            Self::Exp => T::exp_each(values),
            Self::Floor => each(values, |x| x.floor()),
            Self::Gelu => each(values, |x| half * x * (one + Real::erf(x * T::of(std::f32::consts::FRAC_1_SQRT_2)))),
            Self::GeluTanh => {
                let scale = (T::of(2.0) / T::of(std::f32::consts::PI)).sqrt();
                each(values, |x| half * x * (one + (scale * (x + T::of(0.044_715) * x * x * x)).tanh()))
            }
            Self::HardSigmoid { alpha, beta } => each(values, |x| clamp(T::of(alpha) * x + T::of(beta), zero, one)),
            Self::HardSwish => each(values, |x| x * clamp(T::of(1.0 / 6.0) * x + half, zero, one)),
            Self::LeakyRelu { alpha } => each(values, |x| if x < zero { T::of(alpha) * x } else { x }),
            Self::Log => each(values, |x| x.ln()),
            Self::Mish => each(values, |x| x * softplus(x).tanh()),
            Self::Neg => each(values, |x| -x),
            Self::Reciprocal => each(values, |x| x.recip()),
            Self::Relu => each(values, |x| if x < zero { zero } else { x }),
            Self::Round => each(values, |x| Real::round_ties_even(x)),
            Self::Selu { alpha, gamma } => each(values, |x| T::of(gamma) * elu(x, T::of(alpha))),
            Self::Sigmoid => T::sigmoid_each(values),
            Self::Sign => each(values, |x| if x == zero || x.is_nan() { x } else { x.signum() }),
            Self::Sin => each(values, |x| x.sin()),
            Self::Sinh => each(values, |x| x.sinh()),
            // Of float64 ONNX Runtime gives the plain formula, which is infinite from 710 on.
            Self::Softplus if T::datum_type() == DatumType::F64 => each(values, |x| (x.exp() + one).ln()),
            Self::Softplus => each(values, |x| softplus(x)),
            Self::Softsign => each(values, |x| x / (one + x.abs())),
            Self::Sqrt => each(values, |x| x.sqrt()),
            Self::Tan => each(values, |x| x.tan()),
            Self::Tanh => T::tanh_each(values),
            Self::ThresholdedRelu { alpha } => each(values, |x| if x > T::of(alpha) { x } else { zero }),
        }
    }

    const fn takes_integers(self) -> bool {
        matches!(self, Self::Abs | Self::Neg | Self::Relu | Self::Sign)
    }

    /// The absolute value of the least integer is itself, as in two's complement.
    fn integers<I: Signed + PrimInt + WrappingNeg>(self, values: &mut [I]) -> TractResult<()> {
        match self {
            Self::Abs => each(values, |x| if x.is_negative() { x.wrapping_neg() } else { x }),
            Self::Neg => each(values, |x| x.wrapping_neg()),
            Self::Relu => each(values, |x| x.max(I::zero())),
            Self::Sign => each(values, |x| x.signum()),
            other => bail!("{other:?} of integers is not supported"),
        }
        Ok(())
    }
}

#[derive(Debug)]
struct OfOne {
    name: &'static str,
    function: Function,
}

impl Operator for OfOne {
    fn name(&self) -> &'static str {
        self.name
    }

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let input = only(inputs)?;
        match input.datum_type {
            DatumType::F32 | DatumType::F64 => {}
            DatumType::I32 | DatumType::I64 if self.function.takes_integers() => {}
            other => bail!("an input of {other:?} is not supported"),
        }
        Ok(tvec!(input.without_value()))
    }

    fn eval(&self, inputs: &[&Tensor]) -> TractResult<TVec<Tensor>> {
        let mut output = only(inputs)?.clone();
        self.overwrite(&mut output)?;
        Ok(tvec!(output))
    }

    fn overwrites(&self) -> bool {
        true
    }

    fn overwrite(&self, tensor: &mut Tensor) -> TractResult<()> {
        let kind = tensor.datum_type();
        let mut plain = tensor.try_as_plain_ram_mut()?;
        match kind {
            DatumType::F32 => self.function.floats(plain.as_slice_mut::<f32>()?),
            DatumType::F64 => self.function.floats(plain.as_slice_mut::<f64>()?),
            DatumType::I32 => self.function.integers(plain.as_slice_mut::<i32>()?)?,
            DatumType::I64 => self.function.integers(plain.as_slice_mut::<i64>()?)?,
            other => bail!("an input of {other:?} is not supported"),
        }
        Ok(())
    }
}

/// Each by its name in ONNX, with the names and defaults of its attributes.
pub(super) fn build(context: &ParsingContext, node: &NodeProto) -> Built {
    let plain = |name, function| (name, &[][..], function);
    let (name, attributes, function): (&'static str, &[&str], Function) = match node.op_type.as_str() {
        "Abs" => plain("Abs", Function::Abs),
        "Acos" => plain("Acos", Function::Acos),
        "Acosh" => plain("Acosh", Function::Acosh),
        "Asin" => plain("Asin", Function::Asin),
        "Asinh" => plain("Asinh", Function::Asinh),
        "Atan" => plain("Atan", Function::Atan),
        "Atanh" => plain("Atanh", Function::Atanh),
        "Ceil" => plain("Ceil", Function::Ceil),
        "Celu" => ("Celu", &["alpha"], Function::Celu { alpha: 1.0 }),
        "Cos" => plain("Cos", Function::Cos),
        "Cosh" => plain("Cosh", Function::Cosh),
        "Elu" => ("Elu", &["alpha"], Function::Elu { alpha: 1.0 }),
        "Erf" => plain("Erf", Function::Erf),
        "Exp" => plain("Exp", Function::Exp),
        "Floor" => plain("Floor", Function::Floor),
        "Gelu" => ("Gelu", &["approximate"], Function::Gelu),
        "HardSigmoid" => ("HardSigmoid", &["alpha", "beta"], Function::HardSigmoid { alpha: 0.2, beta: 0.5 }),
        "HardSwish" => plain("HardSwish", Function::HardSwish),
        "LeakyRelu" => ("LeakyRelu", &["alpha"], Function::LeakyRelu { alpha: 0.01 }),
        "Log" => plain("Log", Function::Log),
        "Mish" => plain("Mish", Function::Mish),
        "Neg" => plain("Neg", Function::Neg),
        "Reciprocal" => plain("Reciprocal", Function::Reciprocal),
        "Relu" => plain("Relu", Function::Relu),
        "Round" => plain("Round", Function::Round),
        "Selu" => ("Selu", &["alpha", "gamma"], Function::Selu { alpha: 1.673_263_2, gamma: 1.050_701 }),
        "Sigmoid" => plain("Sigmoid", Function::Sigmoid),
        "Sign" => plain("Sign", Function::Sign),
        "Sin" => plain("Sin", Function::Sin),
        "Sinh" => plain("Sinh", Function::Sinh),
        "Softplus" => plain("Softplus", Function::Softplus),
        "Softsign" => plain("Softsign", Function::Softsign),
        "Sqrt" => plain("Sqrt", Function::Sqrt),
        "Tan" => plain("Tan", Function::Tan),
        "Tanh" => plain("Tanh", Function::Tanh),
        "ThresholdedRelu" => ("ThresholdedRelu", &["alpha"], Function::ThresholdedRelu { alpha: 1.0 }),
        other => bail!("{other} is no function of one value"),
    };
    let given = Attributes::new(node, attributes)?;
    let function = match function {
        Function::Celu { alpha } => Function::Celu { alpha: given.float("alpha", alpha)? },
        Function::Elu { alpha } => Function::Elu { alpha: given.float("alpha", alpha)? },
        Function::Gelu => match given.text("approximate", "none")?.as_str() {
            "none" => Function::Gelu,
            "tanh" => Function::GeluTanh,
            other => bail!("attribute `approximate`: `{other}` is not supported"),
        },
        Function::HardSigmoid { alpha, beta } => {
            Function::HardSigmoid { alpha: given.float("alpha", alpha)?, beta: given.float("beta", beta)? }
        }
        Function::LeakyRelu { alpha } => Function::LeakyRelu { alpha: given.float("alpha", alpha)? },
        Function::Selu { alpha, gamma } => {
            Function::Selu { alpha: given.float("alpha", alpha)?, gamma: given.float("gamma", gamma)? }
        }
        Function::ThresholdedRelu { alpha } => Function::ThresholdedRelu { alpha: given.float("alpha", alpha)? },
        plain => plain,
    };
    built(context, node, 1, OfOne { name, function })
}
