//! `ai.onnx.ml.LinearRegressor`: one weighted sum for each target.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::attributes::Attributes;
use super::linear::Linear;
use super::operator::{Built, Operator, built};
use super::post_transform::PostTransform;
use super::rows::{expect_float32, matrix, numbers, only};
use crate::plan::{Formula, Symbol};

#[derive(Debug, Clone)]
pub(crate) struct LinearRegressor {
    pub linear: Linear,
    transform: PostTransform,
}

pub(super) fn build(_: &ParsingContext, node: &NodeProto) -> Built {
    let attributes = Attributes::new(node, &["coefficients", "intercepts", "targets", "post_transform"])?;
    let transform = PostTransform::named(&attributes.text("post_transform", "NONE")?)?;
    let targets = attributes.integer("targets", 1)?;
    let Ok(targets) = usize::try_from(targets) else { bail!("attribute `targets`: {targets} cannot be") };
    let linear = Linear::new(&attributes, targets)?;
    // Of a single score only the probit is honoured.
    let transform = if targets > 1 || transform == PostTransform::Probit { transform } else { PostTransform::None };
    built(node, 1, LinearRegressor { linear, transform })
}

impl LinearRegressor {
    /// Appends the scores of one row.
    pub(crate) fn row(&self, row: &[f32], scores: &mut Vec<f32>) {
        let first = scores.len();
        self.linear.row(row, scores);
        self.transform.apply(&mut scores[first..]);
    }
}

impl Operator for LinearRegressor {
    fn name(&self) -> &'static str {
        "LinearRegressor"
    }

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let input = only(inputs)?;
        expect_float32(input.datum_type)?;
        let (rows, columns) = matrix(&input.shape)?;
        self.linear.expect_columns(columns.to_usize()?)?;
        Ok(tvec!(f32::fact([rows, self.linear.outputs().to_dim()])))
    }

    fn symbols(&self, inputs: &[Symbol]) -> Option<Vec<Symbol>> {
        Symbol::of_model(inputs, |columns| {
            self.linear.expect_columns(columns).ok()?;
            Some(Formula::LinearSums(self.clone()))
        })
    }

    fn eval(&self, inputs: &[&Tensor]) -> TractResult<TVec<Tensor>> {
        let input = only(inputs)?;
        let (rows, columns) = matrix(input.shape())?;
        self.linear.expect_columns(columns)?;
        let mut scores = Vec::with_capacity(rows * self.linear.outputs());
        numbers::<f32>(input)?.chunks_exact(columns).for_each(|row| self.row(row, &mut scores));
        Ok(tvec!(Tensor::from_shape(&[rows, self.linear.outputs()], &scores)?))
    }
}
