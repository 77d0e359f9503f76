//! Operators of the standard domain whose values decide, with the semantics of ONNX Runtime in float32, float64, int32, int64,
//! bool and text. tract's own were made for neural networks: fast approximations, integers through 32 bits, a minimum and a
//! maximum that lose NaN, panics on an index. What stays tract's: whatever only moves values or computes shapes, matrix
//! products, and types beyond these six.

mod arithmetic;
mod axes;
mod broadcast;
mod cast;
mod clip;
mod comparison;
mod compress;
mod constant_of_shape;
mod float;
mod functions;
mod gather;
mod normalization;
mod products;
mod ranking;
mod reduce;
mod refused;
mod scan;
mod softmax;
mod text;
mod vector;

use std::sync::LazyLock;

use tract_onnx::model::{OnnxOpRegister, ParsingContext};
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::Builder;
use super::operator::{Built, Operator, Takes, beside};

/// By name.
pub(super) const OPERATORS: &[(&[&str], Builder)] = &[
    (&["Add", "Div", "Max", "Mean", "Min", "Mod", "Mul", "PRelu", "Pow", "Sub", "Sum"], arithmetic::build),
    (&["ArgMax", "ArgMin", "CumSum", "TopK"], ranking::build),
    (&["Cast", "CastLike"], cast::build),
    (&["Clip"], clip::build),
    (&["Compress"], compress::build),
    (&["ConstantOfShape"], constant_of_shape::build),
    (
        &[
            "And",
            "Equal",
            "Greater",
            "GreaterOrEqual",
            "IsInf",
            "IsNaN",
            "Less",
            "LessOrEqual",
            "Not",
            "Or",
            "Where",
            "Xor",
        ],
        comparison::build,
    ),
    (
        &[
            "Abs",
            "Acos",
            "Acosh",
            "Asin",
            "Asinh",
            "Atan",
            "Atanh",
            "Ceil",
            "Celu",
            "Cos",
            "Cosh",
            "Elu",
            "Erf",
            "Exp",
            "Floor",
            "Gelu",
            "HardSigmoid",
            "HardSwish",
            "LeakyRelu",
            "Log",
            "Mish",
            "Neg",
            "Reciprocal",
            "Relu",
            "Round",
            "Selu",
            "Sigmoid",
            "Sign",
            "Sin",
            "Sinh",
            "Softplus",
            "Softsign",
            "Sqrt",
            "Tan",
            "Tanh",
            "ThresholdedRelu",
        ],
        functions::build,
    ),
    (&["Gather", "GatherElements", "GatherND", "OneHot"], gather::build),
    (&["Hardmax", "LogSoftmax", "Softmax"], softmax::build),
    (&["Gemm", "MatMul"], products::build),
    (&["LayerNormalization"], normalization::build),
    (&["Pad", "Tile"], refused::build),
    (
        &[
            "ReduceL1",
            "ReduceL2",
            "ReduceLogSum",
            "ReduceLogSumExp",
            "ReduceMax",
            "ReduceMean",
            "ReduceMin",
            "ReduceProd",
            "ReduceSum",
            "ReduceSumSquare",
        ],
        reduce::build,
    ),
    (&["Scan"], scan::build),
];

/// As tract builds them.
static TRACTS: LazyLock<OnnxOpRegister> = LazyLock::new(|| tract_onnx::onnx().op_register);

/// Whether values of this type are computed here.
fn is_value(kind: DatumType) -> bool {
    [DatumType::F32, DatumType::F64, DatumType::I32, DatumType::I64, DatumType::Bool, DatumType::String].contains(&kind)
}

/// `operator` for tensors; tract's own for the dimensions of shapes, and for types beyond those of [`is_value`].
fn built(context: &ParsingContext, node: &NodeProto, outputs: usize, operator: impl Operator + 'static) -> Built {
    built_for(context, node, outputs, operator, |kinds| kinds.iter().flatten().all(|kind| is_value(*kind)))
}

/// `operator` where all inputs are of types that it takes, tract's own elsewhere.
fn built_for(
    context: &ParsingContext,
    node: &NodeProto,
    outputs: usize,
    operator: impl Operator + 'static,
    takes: Takes,
) -> Built {
    let tracts = TRACTS.0.get(&node.op_type).and_then(|build| build(context, node).ok());
    beside(node, outputs, operator, tracts.map(|(tracts, _)| tracts), takes)
}

fn expect(found: DatumType, expected: DatumType) -> TractResult<()> {
    ensure!(found == expected, "expected inputs of {expected:?}, found {found:?}");
    Ok(())
}

/// The integers of an input that decides on shapes.
fn constant_integers(input: &TypedFact, name: &str) -> TractResult<Vec<i64>> {
    let constant = input.konst.as_ref().with_context(|| format!("`{name}` is not known before the call"))?;
    let integers = constant.cast_to::<i64>()?;
    Ok(broadcast::values::<i64>(&integers)?.to_vec())
}

/// Evaluates an expression with `$T` as the type of the values.
macro_rules! for_values {
    ($kind:expr, $T:ident, $body:expr) => {
        match $kind {
            DatumType::F32 => {
                type $T = f32;
                $body
            }
            DatumType::F64 => {
                type $T = f64;
                $body
            }
            DatumType::I32 => {
                type $T = i32;
                $body
            }
            DatumType::I64 => {
                type $T = i64;
                $body
            }
            DatumType::Bool => {
                type $T = bool;
                $body
            }
            DatumType::String => {
                type $T = String;
                $body
            }
            other => bail!("an input of {other:?} is not supported"),
        }
    };
}

/// The same for numbers alone.
macro_rules! for_numbers {
    ($kind:expr, $T:ident, $body:expr) => {
        match $kind {
            DatumType::F32 => {
                type $T = f32;
                $body
            }
            DatumType::F64 => {
                type $T = f64;
                $body
            }
            DatumType::I32 => {
                type $T = i32;
                $body
            }
            DatumType::I64 => {
                type $T = i64;
                $body
            }
            other => bail!("an input of {other:?} is not supported"),
        }
    };
}

use {for_numbers, for_values};
