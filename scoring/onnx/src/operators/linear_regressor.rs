//! `ai.onnx.ml.LinearRegressor`: one weighted sum for each target.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::attributes::Attributes;
use super::linear::Linear;
use super::operator::{Built, Operator, built};
use super::post_transform::PostTransform;
use super::rows::{expect_float32, matrix, numbers, only};

#[derive(Debug)]
struct LinearRegressor {
    linear: Linear,
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

    fn eval(&self, inputs: &[&Tensor]) -> TractResult<TVec<Tensor>> {
        let input = only(inputs)?;
        let (rows, columns) = matrix(input.shape())?;
        self.linear.expect_columns(columns)?;
        let mut sums = self.linear.sums(&numbers(input)?, columns);
        sums.chunks_exact_mut(self.linear.outputs()).for_each(|row| self.transform.apply(row));
        Ok(tvec!(Tensor::from_shape(&[rows, self.linear.outputs()], &sums)?))
    }
}
