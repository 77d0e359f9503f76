//! `ai.onnx.ml.OneHotEncoder` over text: a text becomes a row of zeros with a one at its category. Integer categories and
//! inputs of another rank than two are not supported.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::only_attributes;

#[derive(Debug, Clone, PartialEq, Eq)]
struct OneHotEncoder {
    categories: Vec<String>,
    /// A text outside the categories becomes all zeros; without this it is an error.
    zeros: bool,
}

pub(super) fn build(_: &ParsingContext, node: &NodeProto) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    only_attributes(node, &["cats_strings", "zeros"])?;
    let categories: Vec<String> = node.get_attr_opt_vec("cats_strings")?.unwrap_or_default();
    ensure!(!categories.is_empty(), "attribute `cats_strings` is empty");
    let zeros = node.get_attr_opt::<i64>("zeros")?.unwrap_or(1) != 0;
    let width = categories.len();
    let wrapped = inference_wrap(OneHotEncoder { categories, zeros }, 1, move |_, s, inputs, outputs| {
        check_input_arity(inputs, 1)?;
        check_output_arity(outputs, 1)?;
        s.equals(&inputs[0].datum_type, String::datum_type())?;
        s.equals(&outputs[0].datum_type, f32::datum_type())?;
        s.equals(&inputs[0].rank, 2)?;
        s.equals(&outputs[0].rank, 3)?;
        s.equals(&outputs[0].shape[0], &inputs[0].shape[0])?;
        s.equals(&outputs[0].shape[1], &inputs[0].shape[1])?;
        s.equals(&outputs[0].shape[2], width.to_dim())
    });
    Ok((wrapped, vec![]))
}

impl Op for OneHotEncoder {
    fn name(&self) -> StaticName {
        "OneHotEncoder".into()
    }

    op_as_typed_op!();
}

impl EvalOp for OneHotEncoder {
    op_out_of_plan!();

    fn eval(&self, _: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let input = args_1!(inputs);
        let plain = input.try_as_plain_ram()?;
        let texts = plain.as_slice::<String>()?;
        let mut encoded = vec![0.0_f32; texts.len() * self.categories.len()];
        for (text, row) in texts.iter().zip(encoded.chunks_exact_mut(self.categories.len())) {
            match self.categories.iter().position(|category| category == text) {
                Some(at) => row[at] = 1.0,
                None => ensure!(self.zeros, "expected a known category, found another text"),
            }
        }
        let mut shape: TVec<usize> = input.shape().into();
        shape.push(self.categories.len());
        Ok(tvec!(super::tensor(&shape, encoded)?))
    }
}

impl TypedOp for OneHotEncoder {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let mut shape: TVec<TDim> = inputs[0].shape.iter().cloned().collect();
        shape.push(self.categories.len().to_dim());
        Ok(tvec!(f32::fact(&shape)))
    }

    as_op!();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encode(zeros: bool, texts: &[&str]) -> TractResult<Vec<f32>> {
        let op = OneHotEncoder { categories: vec!["a".to_owned(), "b".to_owned()], zeros };
        let texts: Vec<String> = texts.iter().map(|&text| text.to_owned()).collect();
        let output = op.eval(&EvalContext::out_of_plan(), tvec!(tensor1(&texts).into_tvalue()))?;
        Ok(output[0].try_as_plain_ram()?.as_slice::<f32>()?.to_vec())
    }

    #[test]
    fn a_known_text_is_one_and_an_unknown_one_is_all_zeros() {
        assert_eq!(encode(true, &["b", "c"]).unwrap(), [0.0, 1.0, 0.0, 0.0]);
    }

    #[test]
    fn an_unknown_text_is_an_error_where_zeros_are_not_allowed() {
        assert!(encode(false, &["c"]).is_err());
    }
}
