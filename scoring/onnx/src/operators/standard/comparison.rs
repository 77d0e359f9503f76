//! Comparison and logic, `Where`, `IsNaN` and `IsInf`.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::super::attributes::Attributes;
use super::super::operator::{Built, Operator};
use super::super::rows::only;
use super::broadcast::{broadcast_shape, choose, map, zip};
use super::{built, expect};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    And,
    Equal,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    Or,
    Xor,
}

impl Comparison {
    fn of<T: Datum + PartialOrd>(self, a: &Tensor, b: &Tensor) -> TractResult<Tensor> {
        match self {
            Self::Equal => zip::<T, T, bool>(a, b, |a, b| a == b),
            Self::Greater => zip::<T, T, bool>(a, b, |a, b| a > b),
            Self::GreaterOrEqual => zip::<T, T, bool>(a, b, |a, b| a >= b),
            Self::Less => zip::<T, T, bool>(a, b, |a, b| a < b),
            Self::LessOrEqual => zip::<T, T, bool>(a, b, |a, b| a <= b),
            Self::And => zip::<bool, bool, bool>(a, b, |a, b| *a && *b),
            Self::Or => zip::<bool, bool, bool>(a, b, |a, b| *a || *b),
            Self::Xor => zip::<bool, bool, bool>(a, b, |a, b| a != b),
        }
    }

    fn takes(self, kind: DatumType) -> bool {
        match self {
            Self::And | Self::Or | Self::Xor => kind == DatumType::Bool,
            Self::Equal => kind.is_number() || kind == DatumType::Bool || kind == DatumType::String,
            Self::Greater | Self::GreaterOrEqual | Self::Less | Self::LessOrEqual => kind.is_number(),
        }
    }
}

#[derive(Debug)]
struct Compare {
    name: &'static str,
    comparison: Comparison,
}

impl Operator for Compare {
    fn name(&self) -> &'static str {
        self.name
    }

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        ensure!(inputs.len() == 2, "expected 2 inputs, found {}", inputs.len());
        let kind = inputs[0].datum_type;
        ensure!(self.comparison.takes(kind), "inputs of {kind:?} are not supported");
        expect(inputs[1].datum_type, kind)?;
        Ok(tvec!(DatumType::Bool.fact(broadcast_shape(inputs)?)))
    }

    fn eval(&self, inputs: &[&Tensor]) -> TractResult<TVec<Tensor>> {
        let (a, b) = (inputs[0], inputs[1]);
        Ok(tvec!(match a.datum_type() {
            DatumType::F32 => self.comparison.of::<f32>(a, b),
            DatumType::F64 => self.comparison.of::<f64>(a, b),
            DatumType::I32 => self.comparison.of::<i32>(a, b),
            DatumType::I64 => self.comparison.of::<i64>(a, b),
            DatumType::Bool => self.comparison.of::<bool>(a, b),
            DatumType::String => self.comparison.of::<String>(a, b),
            other => bail!("inputs of {other:?} are not supported"),
        }?))
    }
}

/// `Not`, `IsNaN` and `IsInf`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Test {
    Not,
    IsNan,
    IsInf { positive: bool, negative: bool },
}

impl Operator for Test {
    fn name(&self) -> &'static str {
        match self {
            Self::Not => "Not",
            Self::IsNan => "IsNaN",
            Self::IsInf { .. } => "IsInf",
        }
    }

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let input = only(inputs)?;
        let taken: &[DatumType] =
            if *self == Self::Not { &[DatumType::Bool] } else { &[DatumType::F32, DatumType::F64] };
        ensure!(taken.contains(&input.datum_type), "an input of {:?} is not supported", input.datum_type);
        Ok(tvec!(DatumType::Bool.fact(input.shape.clone())))
    }

    fn eval(&self, inputs: &[&Tensor]) -> TractResult<TVec<Tensor>> {
        let input = only(inputs)?;
        let infinite = |positive: bool, negative: bool| {
            move |x: f64| positive && x == f64::INFINITY || negative && x == f64::NEG_INFINITY
        };
        Ok(tvec!(match (*self, input.datum_type()) {
            (Self::Not, _) => map::<bool, bool>(input, |x| !x),
            (Self::IsNan, DatumType::F32) => map::<f32, bool>(input, |x| x.is_nan()),
            (Self::IsNan, _) => map::<f64, bool>(input, |x| x.is_nan()),
            (Self::IsInf { positive, negative }, DatumType::F32) => {
                let infinite = infinite(positive, negative);
                map::<f32, bool>(input, |x| infinite(f64::from(*x)))
            }
            (Self::IsInf { positive, negative }, _) => {
                let infinite = infinite(positive, negative);
                map::<f64, bool>(input, |x| infinite(*x))
            }
        }?))
    }
}

#[derive(Debug)]
struct Where;

impl Operator for Where {
    fn name(&self) -> &'static str {
        "Where"
    }

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        ensure!(inputs.len() == 3, "expected 3 inputs, found {}", inputs.len());
        expect(inputs[0].datum_type, DatumType::Bool)?;
        expect(inputs[2].datum_type, inputs[1].datum_type)?;
        Ok(tvec!(inputs[1].datum_type.fact(broadcast_shape(inputs)?)))
    }

    fn eval(&self, inputs: &[&Tensor]) -> TractResult<TVec<Tensor>> {
        let (condition, yes, no) = (inputs[0], inputs[1], inputs[2]);
        Ok(tvec!(super::for_values!(yes.datum_type(), T, choose::<T>(condition, yes, no))?))
    }
}

pub(super) fn build(context: &ParsingContext, node: &NodeProto) -> Built {
    let known: &[&str] = if node.op_type == "IsInf" { &["detect_negative", "detect_positive"] } else { &[] };
    let attributes = Attributes::new(node, known)?;
    let compare = |name, comparison| built(context, node, 1, Compare { name, comparison });
    match node.op_type.as_str() {
        "And" => compare("And", Comparison::And),
        "Equal" => compare("Equal", Comparison::Equal),
        "Greater" => compare("Greater", Comparison::Greater),
        "GreaterOrEqual" => compare("GreaterOrEqual", Comparison::GreaterOrEqual),
        "Less" => compare("Less", Comparison::Less),
        "LessOrEqual" => compare("LessOrEqual", Comparison::LessOrEqual),
        "Or" => compare("Or", Comparison::Or),
        "Xor" => compare("Xor", Comparison::Xor),
        "Not" => built(context, node, 1, Test::Not),
        "IsNaN" => built(context, node, 1, Test::IsNan),
        "IsInf" => {
            let positive = attributes.integer("detect_positive", 1)? == 1;
            let negative = attributes.integer("detect_negative", 1)? == 1;
            built(context, node, 1, Test::IsInf { positive, negative })
        }
        "Where" => built(context, node, 1, Where),
        other => bail!("{other} is no comparison"),
    }
}
