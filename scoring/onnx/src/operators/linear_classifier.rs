//! `ai.onnx.ml.LinearClassifier`: a weighted sum for each class, turned into probabilities, and the label of the highest.
//! The form with one row of weights for two classes is not supported.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::linear::Linear;
use super::{floats, only_attributes, tensor};

#[derive(Debug, Clone, PartialEq, Eq)]
enum Labels {
    Integers(Vec<i64>),
    Texts(Vec<String>),
}

impl Labels {
    fn len(&self) -> usize {
        match self {
            Self::Integers(labels) => labels.len(),
            Self::Texts(labels) => labels.len(),
        }
    }

    fn datum_type(&self) -> DatumType {
        match self {
            Self::Integers(_) => i64::datum_type(),
            Self::Texts(_) => String::datum_type(),
        }
    }

    fn pick(&self, winners: &[usize]) -> Tensor {
        match self {
            Self::Integers(labels) => tensor1(&winners.iter().map(|&at| labels[at]).collect::<Vec<_>>()),
            Self::Texts(labels) => tensor1(&winners.iter().map(|&at| labels[at].clone()).collect::<Vec<_>>()),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Transform {
    None,
    Logistic,
    Softmax,
}

impl Transform {
    fn apply(self, scores: &mut [f32]) {
        match self {
            Self::None => {}
            Self::Logistic => scores.iter_mut().for_each(|score| *score = logistic(*score)),
            Self::Softmax => softmax(scores),
        }
    }
}

/// As ONNX Runtime computes it: the exponent is never positive, so nothing overflows.
fn logistic(score: f32) -> f32 {
    let high = 1.0 / (1.0 + (-score.abs()).exp());
    if score < 0.0 { 1.0 - high } else { high }
}

fn softmax(scores: &mut [f32]) {
    let highest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    scores.iter_mut().for_each(|score| *score = (*score - highest).exp());
    let sum: f32 = scores.iter().sum();
    scores.iter_mut().for_each(|score| *score /= sum);
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct LinearClassifier {
    labels: Labels,
    linear: Linear,
    transform: Transform,
}

pub(super) fn build(_: &ParsingContext, node: &NodeProto) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    let honoured =
        ["coefficients", "intercepts", "classlabels_ints", "classlabels_strings", "multi_class", "post_transform"];
    only_attributes(node, &honoured)?;
    let integers: Vec<i64> = node.get_attr_opt_vec("classlabels_ints")?.unwrap_or_default();
    let texts: Vec<String> = node.get_attr_opt_vec("classlabels_strings")?.unwrap_or_default();
    let labels = match (integers.is_empty(), texts.is_empty()) {
        (false, true) => Labels::Integers(integers),
        (true, false) => Labels::Texts(texts),
        (true, true) | (false, false) => bail!("expected one of `classlabels_ints` and `classlabels_strings`"),
    };
    let transform: String = node.get_attr_opt("post_transform")?.unwrap_or_else(|| "NONE".to_owned());
    let transform = match transform.as_str() {
        "NONE" => Transform::None,
        "LOGISTIC" => Transform::Logistic,
        "SOFTMAX" => Transform::Softmax,
        other => bail!("`post_transform` {other} is not supported"),
    };
    let classes = labels.len();
    let label_type = labels.datum_type();
    let linear = Linear::new(classes, floats(node, "coefficients")?, floats(node, "intercepts")?)?;
    let wrapped = inference_wrap(LinearClassifier { labels, linear, transform }, 2, move |_, s, inputs, outputs| {
        check_input_arity(inputs, 1)?;
        check_output_arity(outputs, 2)?;
        s.equals(&inputs[0].datum_type, f32::datum_type())?;
        s.equals(&inputs[0].rank, 2)?;
        s.equals(&outputs[0].datum_type, label_type)?;
        s.equals(&outputs[0].rank, 1)?;
        s.equals(&outputs[0].shape[0], &inputs[0].shape[0])?;
        s.equals(&outputs[1].datum_type, f32::datum_type())?;
        s.equals(&outputs[1].rank, 2)?;
        s.equals(&outputs[1].shape[0], &inputs[0].shape[0])?;
        s.equals(&outputs[1].shape[1], classes.to_dim())
    });
    Ok((wrapped, vec![]))
}

impl Op for LinearClassifier {
    fn name(&self) -> StaticName {
        "LinearClassifier".into()
    }

    op_as_typed_op!();
}

impl EvalOp for LinearClassifier {
    op_out_of_plan!();

    fn eval(&self, _: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let classes = self.labels.len();
        let input = args_1!(inputs);
        let (rows, mut scores) = self.linear.sums(&input)?;
        let winners: Vec<usize> = scores.chunks_exact(classes).map(highest).collect();
        scores.chunks_exact_mut(classes).for_each(|row| self.transform.apply(row));
        Ok(tvec!(self.labels.pick(&winners).into_tvalue(), tensor(&[rows, classes], scores)?))
    }
}

/// The first of the highest.
fn highest(scores: &[f32]) -> usize {
    scores.iter().enumerate().fold(0, |best, (at, score)| if *score > scores[best] { at } else { best })
}

impl TypedOp for LinearClassifier {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let rows = inputs[0].shape[0].clone();
        let scores = f32::fact([rows.clone(), self.labels.len().to_dim()]);
        Ok(tvec!(self.labels.datum_type().fact([rows]), scores))
    }

    as_op!();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logistic_neither_overflows_nor_passes_one() {
        assert_eq!((logistic(-1000.0), logistic(0.0), logistic(1000.0)), (0.0, 0.5, 1.0));
    }

    #[test]
    fn a_softmax_sums_to_one_and_the_first_of_equals_wins() {
        let mut scores = [1000.0, 1000.0];
        assert_eq!(highest(&scores), 0);
        softmax(&mut scores);
        assert_eq!(scores, [0.5, 0.5]);
    }
}
