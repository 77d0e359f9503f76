//! `ai.onnx.ml.LinearRegressor`: one weighted sum for each target. No transform after the sum but `NONE`.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::linear::Linear;
use super::{floats, only_attributes, tensor};

#[derive(Debug, Clone, PartialEq, Eq)]
struct LinearRegressor(Linear);

pub(super) fn build(_: &ParsingContext, node: &NodeProto) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    only_attributes(node, &["coefficients", "intercepts", "targets", "post_transform"])?;
    let transform: String = node.get_attr_opt("post_transform")?.unwrap_or_else(|| "NONE".to_owned());
    ensure!(transform == "NONE", "`post_transform` {transform} is not supported");
    let targets = node.get_attr_opt::<usize>("targets")?.unwrap_or(1);
    let linear = Linear::new(targets, floats(node, "coefficients")?, floats(node, "intercepts")?)?;
    let wrapped = inference_wrap(LinearRegressor(linear), 1, move |_, s, inputs, outputs| {
        check_input_arity(inputs, 1)?;
        check_output_arity(outputs, 1)?;
        s.equals(&inputs[0].datum_type, f32::datum_type())?;
        s.equals(&inputs[0].rank, 2)?;
        s.equals(&outputs[0].datum_type, f32::datum_type())?;
        s.equals(&outputs[0].rank, 2)?;
        s.equals(&outputs[0].shape[0], &inputs[0].shape[0])?;
        s.equals(&outputs[0].shape[1], targets.to_dim())
    });
    Ok((wrapped, vec![]))
}

impl Op for LinearRegressor {
    fn name(&self) -> StaticName {
        "LinearRegressor".into()
    }

    op_as_typed_op!();
}

impl EvalOp for LinearRegressor {
    op_out_of_plan!();

    fn eval(&self, _: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let input = args_1!(inputs);
        let (rows, sums) = self.0.sums(&input)?;
        Ok(tvec!(tensor(&[rows, self.0.outputs()], sums)?))
    }
}

impl TypedOp for LinearRegressor {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(tvec!(f32::fact([inputs[0].shape[0].clone(), self.0.outputs().to_dim()])))
    }

    as_op!();
}
