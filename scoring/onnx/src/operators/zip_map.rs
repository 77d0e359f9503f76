//! `ai.onnx.ml.ZipMap`: a name for each column. Here the columns stay a tensor, and the graph knows their names.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::attributes::Attributes;
use super::classes::Labels;
use super::operator::{Built, Operator, built};
use super::rows::{expect_float32, matrix, only};
use crate::plan::Symbol;

#[derive(Debug)]
struct ZipMap {
    columns: usize,
}

pub(super) fn build(_: &ParsingContext, node: &NodeProto) -> Built {
    built(node, 1, ZipMap { columns: labels(node)?.len() })
}

fn labels(node: &NodeProto) -> TractResult<Labels> {
    let names = ["classlabels_int64s", "classlabels_strings"];
    let attributes = Attributes::new(node, &names)?;
    Labels::new(attributes.integers(names[0])?, attributes.texts(names[1])?, names)
}

/// What the columns of `node` are called.
pub(crate) fn columns(node: &NodeProto) -> TractResult<Vec<String>> {
    Ok(labels(node)?.names())
}

impl Operator for ZipMap {
    fn name(&self) -> &'static str {
        "ZipMap"
    }

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let input = only(inputs)?;
        expect_float32(input.datum_type)?;
        let (rows, columns) = matrix(&input.shape)?;
        ensure!(columns == self.columns.to_dim(), "expected {} columns, found {columns}", self.columns);
        Ok(tvec!(f32::fact([rows, columns])))
    }

    fn symbols(&self, inputs: &[Symbol]) -> Option<Vec<Symbol>> {
        match inputs {
            [Symbol::Scores(scores)] if scores.model.formula.width() == self.columns => {
                Some(vec![Symbol::Scores(scores.clone())])
            }
            _ => None,
        }
    }

    fn eval(&self, inputs: &[&Tensor]) -> TractResult<TVec<Tensor>> {
        let input = only(inputs)?;
        let (rows, columns) = matrix(input.shape())?;
        let mut output = input.clone();
        output.set_shape(&[rows, columns])?;
        Ok(tvec!(output))
    }
}
