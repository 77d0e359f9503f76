//! `ai.onnx.ml.TreeEnsembleClassifier`, opsets 1 and 3. Computed in float64 for an input of float64, in float32 for any other.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::attributes::Attributes;
use super::classes::Labels;
use super::operator::{Built, Operator, built};
use super::post_transform::PostTransform;
use super::real::Real;
use super::rows::{expect_numbers, matrix, numbers, only};
use super::tree_attributes::{LISTS, Widths, expect_columns, is_double, listed, reals, rows_of};
use crate::plan::{Formula, Symbol};
use crate::trees::{Classification, Flat};

#[derive(Debug)]
struct TreeClassifier {
    labels: Labels,
    trees: Widths<Classification<f32>, Classification<f64>>,
}

pub(super) fn build(_: &ParsingContext, node: &NodeProto) -> Built {
    let own = [
        "class_treeids",
        "class_nodeids",
        "class_ids",
        "class_weights",
        "class_weights_as_tensor",
        "classlabels_strings",
        "classlabels_int64s",
        "base_values",
        "base_values_as_tensor",
        "post_transform",
    ];
    let attributes = Attributes::new(node, &[&LISTS[..], &own[..]].concat())?;
    let names = ["classlabels_int64s", "classlabels_strings"];
    let labels = Labels::new(attributes.integers(names[0])?, attributes.texts(names[1])?, names)?;
    let tensors = ["nodes_values_as_tensor", "class_weights_as_tensor", "base_values_as_tensor"];
    let trees = if is_double(&attributes, &tensors)? {
        Widths::Double(Box::new(classification(&attributes, labels.len())?))
    } else {
        Widths::single(Box::new(classification(&attributes, labels.len())?))
    };
    built(node, 2, TreeClassifier { labels, trees })
}

fn classification<T: Real>(attributes: &Attributes, classes: usize) -> TractResult<Classification<T>> {
    let listed = listed::<T>(attributes, "class")?;
    let base = reals(attributes, "base_values")?;
    let transform = PostTransform::named(&attributes.text("post_transform", "NONE")?)?;
    Classification::new(listed.ensemble(classes)?, base, transform, &listed.weight_targets, &listed.weights)
}

impl TreeClassifier {
    fn rows<T: Real>(&self, trees: &Classification<T>, input: &Tensor) -> TractResult<TVec<Tensor>> {
        let (rows, columns) = matrix(input.shape())?;
        expect_columns(trees.ensemble.columns, columns)?;
        let input = numbers::<T>(input)?;
        let mut scores = Vec::with_capacity(rows * self.labels.len());
        let winners: Vec<_> = rows_of(&input, rows, columns).map(|row| trees.row(row, &mut scores)).collect();
        let scores: Vec<f32> = scores.into_iter().map(T::to_f32).collect();
        Ok(tvec!(self.labels.pick(&winners), Tensor::from_shape(&[rows, self.labels.len()], &scores)?))
    }
}

impl Operator for TreeClassifier {
    fn name(&self) -> &'static str {
        "TreeEnsembleClassifier"
    }

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let input = only(inputs)?;
        expect_numbers(input.datum_type)?;
        let (rows, _) = matrix(&input.shape)?;
        if input.datum_type != DatumType::F64 {
            self.trees.as_single()?;
        }
        let scores = f32::fact([rows.clone(), self.labels.len().to_dim()]);
        Ok(tvec!(self.labels.datum_type().fact([rows]), scores))
    }

    fn symbols(&self, inputs: &[Symbol]) -> Option<Vec<Symbol>> {
        Symbol::of_model(inputs, |columns| {
            let trees = self.trees.as_single().ok()?;
            let flat = Flat::of(&trees.ensemble, columns)?;
            Some(Formula::TreeClasses(trees.clone(), self.labels.clone(), flat))
        })
    }

    fn eval(&self, inputs: &[&Tensor]) -> TractResult<TVec<Tensor>> {
        let input = only(inputs)?;
        match input.datum_type() {
            DatumType::F64 => self.rows(self.trees.as_double(Classification::widened), input),
            _ => self.rows(self.trees.as_single()?, input),
        }
    }
}
