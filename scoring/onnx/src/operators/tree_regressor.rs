//! `ai.onnx.ml.TreeEnsembleRegressor`, opsets 1 and 3. Computed in float64 for an input of float64, else in float32.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::attributes::Attributes;
use super::operator::{Built, Operator, built};
use super::post_transform::PostTransform;
use super::real::Real;
use super::rows::{matrix, numbers, only};
use super::tree_attributes::{LISTS, Widths, expect_columns, is_double, listed, reals, rows_of, targets};
use crate::plan::{Formula, Symbol};
use crate::trees::{Aggregate, Flat, Regression};

#[derive(Debug)]
pub(super) struct TreeRegressor {
    pub name: &'static str,
    pub targets: usize,
    /// `TreeEnsemble` gives float64 for an input of float64, `TreeEnsembleRegressor` float32 always.
    pub gives_double: bool,
    pub trees: Widths<Regression<f32>, Regression<f64>>,
}

pub(super) fn build(_: &ParsingContext, node: &NodeProto) -> Built {
    let own = [
        "target_treeids",
        "target_nodeids",
        "target_ids",
        "target_weights",
        "target_weights_as_tensor",
        "n_targets",
        "base_values",
        "base_values_as_tensor",
        "aggregate_function",
        "post_transform",
    ];
    let attributes = Attributes::new(node, &[&LISTS[..], &own[..]].concat())?;
    let targets = targets(&attributes)?;
    let tensors = ["nodes_values_as_tensor", "target_weights_as_tensor", "base_values_as_tensor"];
    let trees = if is_double(&attributes, &tensors)? {
        Widths::Double(Box::new(listed_regression(&attributes, targets)?))
    } else {
        Widths::single(Box::new(listed_regression(&attributes, targets)?))
    };
    built(node, 1, TreeRegressor { name: "TreeEnsembleRegressor", targets, gives_double: false, trees })
}

fn listed_regression<T: Real>(attributes: &Attributes, targets: usize) -> TractResult<Regression<T>> {
    let ensemble = listed::<T>(attributes, "target")?.ensemble(targets)?;
    let aggregate = Aggregate::named(&attributes.text("aggregate_function", "SUM")?)?;
    let transform = PostTransform::named(&attributes.text("post_transform", "NONE")?)?;
    Regression::new(ensemble, aggregate, reals(attributes, "base_values")?, transform)
}

impl TreeRegressor {
    fn rows<T: Real>(&self, trees: &Regression<T>, input: &Tensor) -> TractResult<(usize, Vec<T>)> {
        let (rows, columns) = matrix(input.shape())?;
        expect_columns(trees.ensemble.columns, columns)?;
        let input = numbers::<T>(input)?;
        let mut out = Vec::with_capacity(rows * self.targets);
        rows_of(&input, rows, columns).for_each(|row| trees.row(row, &mut out));
        Ok((rows, out))
    }
}

impl Operator for TreeRegressor {
    fn name(&self) -> &'static str {
        self.name
    }

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let input = only(inputs)?;
        let double = input.datum_type == DatumType::F64;
        ensure!(double || input.datum_type == DatumType::F32, "an input of {:?} is not supported", input.datum_type);
        let (rows, _) = matrix(&input.shape)?;
        if !double {
            self.trees.as_single()?;
        }
        let kind = if double && self.gives_double { DatumType::F64 } else { DatumType::F32 };
        Ok(tvec!(kind.fact([rows, self.targets.to_dim()])))
    }

    fn symbols(&self, inputs: &[Symbol]) -> Option<Vec<Symbol>> {
        Symbol::of_model(inputs, |columns| {
            let trees = self.trees.as_single().ok()?;
            let flat = Flat::of(&trees.ensemble, columns)?;
            Some(Formula::TreeSums(trees.clone(), flat))
        })
    }

    fn eval(&self, inputs: &[&Tensor]) -> TractResult<TVec<Tensor>> {
        let input = only(inputs)?;
        if input.datum_type() != DatumType::F64 {
            let (rows, out) = self.rows(self.trees.as_single()?, input)?;
            return Ok(tvec!(Tensor::from_shape(&[rows, self.targets], &out)?));
        }
        let (rows, out) = self.rows(self.trees.as_double(Regression::widened), input)?;
        if self.gives_double {
            return Ok(tvec!(Tensor::from_shape(&[rows, self.targets], &out)?));
        }
        let out: Vec<f32> = out.into_iter().map(Real::to_f32).collect();
        Ok(tvec!(Tensor::from_shape(&[rows, self.targets], &out)?))
    }
}
