//! `ai.onnx.ml.Scaler`: `(x - offset) * scale`, each per column or one for all.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::{floats, matrix_shape, only_attributes, tensor};

#[derive(Debug, Clone, PartialEq)]
struct Scaler {
    offset: Vec<f32>,
    scale: Vec<f32>,
}

/// All floats are finite, so equality is total.
impl Eq for Scaler {}

pub(super) fn build(_: &ParsingContext, node: &NodeProto) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    only_attributes(node, &["offset", "scale"])?;
    let (offset, scale) = (floats(node, "offset")?, floats(node, "scale")?);
    ensure!(
        !offset.is_empty() && offset.len() == scale.len(),
        "`offset` and `scale` must be of one length, and not empty"
    );
    let wrapped = inference_wrap(Scaler { offset, scale }, 1, |_, s, inputs, outputs| {
        check_input_arity(inputs, 1)?;
        check_output_arity(outputs, 1)?;
        s.equals(&inputs[0].datum_type, f32::datum_type())?;
        s.equals(&outputs[0].datum_type, f32::datum_type())?;
        s.equals(&inputs[0].shape, &outputs[0].shape)
    });
    Ok((wrapped, vec![]))
}

impl Op for Scaler {
    fn name(&self) -> StaticName {
        "Scaler".into()
    }

    op_as_typed_op!();
}

impl EvalOp for Scaler {
    op_out_of_plan!();

    fn eval(&self, _: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let input = args_1!(inputs);
        let (_, columns) = matrix_shape(input.shape())?;
        let width = self.offset.len();
        ensure!(width == 1 || width == columns, "expected {width} columns, found {columns}");
        let plain = input.try_as_plain_ram()?;
        let scaled = plain.as_slice::<f32>()?.iter().enumerate();
        let scaled = scaled.map(|(at, x)| (x - self.offset[at % width]) * self.scale[at % width]).collect();
        Ok(tvec!(tensor(input.shape(), scaled)?))
    }
}

impl TypedOp for Scaler {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(tvec!(inputs[0].without_value()))
    }

    as_op!();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_column_has_its_own_offset_and_scale() {
        let op = Scaler { offset: vec![1.0, 2.0], scale: vec![10.0, 0.5] };
        let rows = tensor2(&[[1.0_f32, 4.0], [3.0, 2.0]]);
        let output = op.eval(&EvalContext::out_of_plan(), tvec!(rows.into_tvalue())).unwrap();
        assert_eq!(output[0].try_as_plain_ram().unwrap().as_slice::<f32>().unwrap(), [0.0, 1.0, 20.0, 0.0]);
    }
}
