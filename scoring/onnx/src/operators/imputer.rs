//! `ai.onnx.ml.Imputer`: one value, often NaN, is replaced by another, per column or one for all.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::attributes::Attributes;
use super::operator::{Built, Operator, built};
use super::rows::{matrix, only};
use crate::plan::{Step, Symbol};

#[derive(Debug)]
enum Imputer {
    Floats { replaced: f32, by: Vec<f32> },
    Integers { replaced: i64, by: Vec<i64> },
}

pub(super) fn build(_: &ParsingContext, node: &NodeProto) -> Built {
    let honoured = ["imputed_value_floats", "replaced_value_float", "imputed_value_int64s", "replaced_value_int64"];
    let attributes = Attributes::new(node, &honoured)?;
    let (floats, integers) = (attributes.floats("imputed_value_floats")?, attributes.integers("imputed_value_int64s")?);
    let imputer = match (floats.is_empty(), integers.is_empty()) {
        (false, true) => Imputer::Floats { replaced: attributes.float("replaced_value_float", 0.0)?, by: floats },
        (true, false) => Imputer::Integers { replaced: attributes.integer("replaced_value_int64", 0)?, by: integers },
        (true, true) | (false, false) => bail!("expected one of `imputed_value_floats` and `imputed_value_int64s`"),
    };
    built(node, 1, imputer)
}

impl Imputer {
    const fn kind(&self) -> DatumType {
        match self {
            Self::Floats { .. } => DatumType::F32,
            Self::Integers { .. } => DatumType::I64,
        }
    }
}

/// Where there are not as many values as columns, the first stands for all, as in ONNX Runtime.
fn impute<T: Copy>(values: &mut [T], columns: usize, by: &[T], is_replaced: impl Fn(T) -> bool) {
    for (at, value) in values.iter_mut().enumerate() {
        if is_replaced(*value) {
            *value = if by.len() == columns { by[at % columns] } else { by[0] };
        }
    }
}

impl Operator for Imputer {
    fn name(&self) -> &'static str {
        "Imputer"
    }

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let input = only(inputs)?;
        let (expected, found) = (self.kind(), input.datum_type);
        ensure!(expected == found, "an input of {found:?} is not supported where the values are {expected:?}");
        matrix(&input.shape)?;
        Ok(tvec!(input.without_value()))
    }

    fn symbols(&self, inputs: &[Symbol]) -> Option<Vec<Symbol>> {
        let Self::Floats { replaced, by } = self else { return None };
        let columns = Symbol::only_numbers(inputs)?;
        let per_column = by.len() == columns.columns.len();
        let step = |at: usize| Some(Step::Impute { replaced: *replaced, by: by[if per_column { at } else { 0 }] });
        Some(vec![Symbol::Columns(columns.with(step)?)])
    }

    fn eval(&self, inputs: &[&Tensor]) -> TractResult<TVec<Tensor>> {
        let input = only(inputs)?;
        let (_, columns) = matrix(input.shape())?;
        let mut output = input.clone();
        let mut plain = output.try_as_plain_ram_mut()?;
        match self {
            Self::Floats { replaced, by } if replaced.is_nan() => {
                impute(plain.as_slice_mut::<f32>()?, columns, by, f32::is_nan);
            }
            Self::Floats { replaced, by } => {
                impute(plain.as_slice_mut::<f32>()?, columns, by, |value| value == *replaced);
            }
            Self::Integers { replaced, by } => {
                impute(plain.as_slice_mut::<i64>()?, columns, by, |value| value == *replaced);
            }
        }
        Ok(tvec!(output))
    }
}
