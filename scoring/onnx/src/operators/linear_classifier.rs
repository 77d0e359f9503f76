//! `ai.onnx.ml.LinearClassifier`: a weighted sum for each class, or one for two classes, and the label of the highest.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::attributes::Attributes;
use super::classes::{Labels, Winner};
use super::linear::Linear;
use super::operator::{Built, Operator, built};
use super::post_transform::{PostTransform, SecondClass};
use super::rows::{expect_numbers, matrix, numbers, only};
use crate::plan::{Formula, Margin, Symbol};

#[derive(Debug, Clone)]
pub(crate) struct LinearClassifier {
    pub labels: Labels,
    pub linear: Linear,
    transform: PostTransform,
}

pub(super) fn build(_: &ParsingContext, node: &NodeProto) -> Built {
    let honoured =
        ["coefficients", "intercepts", "classlabels_ints", "classlabels_strings", "multi_class", "post_transform"];
    let attributes = Attributes::new(node, &honoured)?;
    let names = ["classlabels_ints", "classlabels_strings"];
    let labels = Labels::new(attributes.integers(names[0])?, attributes.texts(names[1])?, names)?;
    let transform = PostTransform::named(&attributes.text("post_transform", "NONE")?)?;
    // The runtime counts the classes by the intercepts.
    let outputs = attributes.floats("intercepts")?.len();
    ensure!(outputs > 0, "attribute `intercepts` is empty");
    let linear = Linear::new(&attributes, outputs)?;
    let classes = labels.len();
    ensure!(
        classes == outputs || (outputs == 1 && classes == 2),
        "expected as many class labels as intercepts or two for one, found {classes} for {outputs}"
    );
    ensure!(classes > 1, "expected at least 2 class labels, found 1");
    // ONNX Runtime then writes over scores that it has yet to read.
    ensure!(
        outputs > 1 || transform != PostTransform::Probit,
        "attribute `post_transform`: PROBIT of one sum for two classes is not supported"
    );
    built(node, 2, LinearClassifier { labels, linear, transform })
}

impl LinearClassifier {
    /// Of the score of one of two classes, where it is the sum itself or a logistic of it.
    pub(crate) fn margin(&self, class: usize) -> Option<Margin> {
        let is_log_odds = match self.transform {
            PostTransform::Logistic => true,
            PostTransform::None => false,
            PostTransform::Softmax | PostTransform::SoftmaxZero | PostTransform::Probit => return None,
        };
        let of = |target, factor, base| Margin { target, factor, base, is_log_odds };
        match (self.linear.outputs(), class) {
            (2, 0 | 1) => Some(of(class, 1.0, 0.0)),
            (1, 1) => Some(of(0, 1.0, 0.0)),
            (1, 0) => Some(of(0, -1.0, if is_log_odds { 0.0 } else { 1.0 })),
            _ => None,
        }
    }

    /// The class of a row by its sums, with the scores appended.
    pub(crate) fn answer(&self, sums: &[f32], scores: &mut Vec<f32>) -> Winner {
        if let [sum] = *sums {
            scores.extend(self.transform.of_one(sum, SecondClass::Complement));
            return Winner::Class(usize::from(sum > 0.0));
        }
        let first = scores.len();
        scores.extend(sums);
        self.transform.apply(&mut scores[first..]);
        Winner::Class(first_highest(sums))
    }
}

/// The first of the highest.
pub(super) fn first_highest(scores: &[f32]) -> usize {
    scores.iter().enumerate().fold(0, |best, (at, score)| if *score > scores[best] { at } else { best })
}

impl Operator for LinearClassifier {
    fn name(&self) -> &'static str {
        "LinearClassifier"
    }

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let input = only(inputs)?;
        expect_numbers(input.datum_type)?;
        let (rows, columns) = matrix(&input.shape)?;
        self.linear.expect_columns(columns.to_usize()?)?;
        let scores = f32::fact([rows.clone(), self.labels.len().to_dim()]);
        Ok(tvec!(self.labels.datum_type().fact([rows]), scores))
    }

    fn symbols(&self, inputs: &[Symbol]) -> Option<Vec<Symbol>> {
        Symbol::of_model(inputs, |columns| {
            self.linear.expect_columns(columns).ok()?;
            Some(Formula::LinearClasses(self.clone()))
        })
    }

    fn eval(&self, inputs: &[&Tensor]) -> TractResult<TVec<Tensor>> {
        let input = only(inputs)?;
        let (rows, columns) = matrix(input.shape())?;
        self.linear.expect_columns(columns)?;
        let mut scores = Vec::with_capacity(rows * self.labels.len());
        let sums = self.linear.sums(&numbers(input)?, columns);
        let sums = sums.chunks_exact(self.linear.outputs());
        let winners: Vec<_> = sums.map(|sums| self.answer(sums, &mut scores)).collect();
        Ok(tvec!(self.labels.pick(&winners), Tensor::from_shape(&[rows, self.labels.len()], &scores)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_equals_wins() {
        assert_eq!(first_highest(&[1.0, 2.0, 2.0]), 1);
    }
}
