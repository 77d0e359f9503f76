//! `TreeEnsembleClassifier`, `TreeEnsembleRegressor` (opsets 1 and 3) and `TreeEnsemble` (opset 5): from attributes to
//! ensembles, and from tensors to their rows. Trees are computed in float64 for an input of float64, and in float32 for
//! any other.

use std::sync::OnceLock;

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::attributes::{Attributes, values};
use super::classes::Labels;
use super::operator::{Built, Operator, built};
use super::post_transform::PostTransform;
use super::real::Real;
use super::rows::{expect_numbers, matrix, numbers, only};
use crate::plan::{Formula, Symbol};
use crate::trees::{Aggregate, Classification, Flat, Listed, Regression, Rooted};

/// More targets than any model has.
const MOST_TARGETS: usize = 1 << 16;

const LISTS: [&str; 11] = [
    "nodes_treeids",
    "nodes_nodeids",
    "nodes_featureids",
    "nodes_modes",
    "nodes_values",
    "nodes_values_as_tensor",
    "nodes_truenodeids",
    "nodes_falsenodeids",
    "nodes_missing_value_tracks_true",
    "nodes_hitrates",
    "nodes_hitrates_as_tensor",
];

/// An ensemble in the type that the file has it in; one of float32 also serves inputs of float64.
#[derive(Debug)]
enum Widths<S, D> {
    Single(Box<S>, OnceLock<Box<D>>),
    Double(Box<D>),
}

impl<S, D> Widths<S, D> {
    const fn single(single: Box<S>) -> Self {
        Self::Single(single, OnceLock::new())
    }

    fn as_double(&self, widened: impl FnOnce(&S) -> D) -> &D {
        match self {
            Self::Single(single, double) => double.get_or_init(|| Box::new(widened(single))),
            Self::Double(double) => double,
        }
    }

    fn as_single(&self) -> TractResult<&S> {
        match self {
            Self::Single(single, _) => Ok(single),
            Self::Double(_) => bail!("its values are float64, and so must its input be"),
        }
    }
}

fn is_double(attributes: &Attributes, tensors: &[&str]) -> TractResult<bool> {
    let mut kinds = Vec::new();
    for name in tensors {
        kinds.extend(attributes.tensor(name)?.map(|tensor| tensor.datum_type()));
    }
    ensure!(kinds.windows(2).all(|pair| pair[0] == pair[1]), "attributes of float32 and of float64 do not mix");
    match kinds.first() {
        None | Some(DatumType::F32) => Ok(false),
        Some(DatumType::F64) => Ok(true),
        Some(other) => bail!("attributes of {other:?} are not supported"),
    }
}

/// A list of floats, or the tensor that may stand in its place.
fn reals<T: Real>(attributes: &Attributes, list: &str) -> TractResult<Vec<T>> {
    let name = format!("{list}_as_tensor");
    match attributes.tensor(&name)? {
        None => Ok(attributes.floats(list)?.into_iter().map(T::from_f32).collect()),
        Some(tensor) => {
            ensure!(!attributes.has(list), "attributes `{list}` and `{name}` exclude each other");
            values(&tensor, &name)
        }
    }
}

/// `prefix` is `class` or `target`.
fn listed<T: Real>(attributes: &Attributes, prefix: &str) -> TractResult<Listed<T>> {
    Ok(Listed {
        tree_ids: attributes.integers("nodes_treeids")?,
        node_ids: attributes.integers("nodes_nodeids")?,
        feature_ids: attributes.integers("nodes_featureids")?,
        modes: attributes.texts("nodes_modes")?,
        values: reals(attributes, "nodes_values")?,
        true_ids: attributes.integers("nodes_truenodeids")?,
        false_ids: attributes.integers("nodes_falsenodeids")?,
        missing_is_true: attributes.integers("nodes_missing_value_tracks_true")?,
        hit_rates: attributes.floats("nodes_hitrates")?,
        weight_tree_ids: attributes.integers(&format!("{prefix}_treeids"))?,
        weight_node_ids: attributes.integers(&format!("{prefix}_nodeids"))?,
        weight_targets: attributes.integers(&format!("{prefix}_ids"))?,
        weights: reals(attributes, &format!("{prefix}_weights"))?,
    })
}

#[derive(Debug)]
struct TreeClassifier {
    labels: Labels,
    trees: Widths<Classification<f32>, Classification<f64>>,
}

pub(super) fn classifier(_: &ParsingContext, node: &NodeProto) -> Built {
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

    fn symbols(&self, inputs: &[Symbol]) -> Option<Vec<Symbol>> {
        Symbol::of_model(inputs, |columns| {
            let trees = self.trees.as_single().ok()?;
            let flat = Flat::of(&trees.ensemble, columns)?;
            Some(Formula::TreeClasses(trees.clone(), self.labels.clone(), flat))
        })
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

    fn eval(&self, inputs: &[&Tensor]) -> TractResult<TVec<Tensor>> {
        let input = only(inputs)?;
        match input.datum_type() {
            DatumType::F64 => self.rows(self.trees.as_double(Classification::widened), input),
            _ => self.rows(self.trees.as_single()?, input),
        }
    }
}

#[derive(Debug)]
struct TreeRegressor {
    name: &'static str,
    targets: usize,
    /// `TreeEnsemble` gives float64 for an input of float64, `TreeEnsembleRegressor` float32 always.
    gives_double: bool,
    trees: Widths<Regression<f32>, Regression<f64>>,
}

pub(super) fn regressor(_: &ParsingContext, node: &NodeProto) -> Built {
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

pub(super) fn ensemble(_: &ParsingContext, node: &NodeProto) -> Built {
    let honoured = [
        "tree_roots",
        "nodes_featureids",
        "nodes_modes",
        "nodes_splits",
        "nodes_truenodeids",
        "nodes_trueleafs",
        "nodes_falsenodeids",
        "nodes_falseleafs",
        "nodes_missing_value_tracks_true",
        "nodes_hitrates",
        "membership_values",
        "leaf_targetids",
        "leaf_weights",
        "n_targets",
        "aggregate_function",
        "post_transform",
    ];
    let attributes = Attributes::new(node, &honoured)?;
    let targets = targets(&attributes)?;
    let trees = if is_double(&attributes, &["nodes_splits", "leaf_weights", "membership_values"])? {
        Widths::Double(Box::new(rooted_regression(&attributes, targets)?))
    } else {
        Widths::single(Box::new(rooted_regression(&attributes, targets)?))
    };
    built(node, 1, TreeRegressor { name: "TreeEnsemble", targets, gives_double: true, trees })
}

fn rooted_regression<T: Real>(attributes: &Attributes, targets: usize) -> TractResult<Regression<T>> {
    let tensor = |name: &str| match attributes.tensor(name)? {
        Some(tensor) => values::<T>(&tensor, name),
        None => Ok(Vec::new()),
    };
    let modes = match attributes.tensor("nodes_modes")? {
        Some(modes) => values::<u8>(&modes, "nodes_modes")?,
        None => bail!("attribute `nodes_modes` is absent"),
    };
    let rooted = Rooted {
        roots: attributes.integers("tree_roots")?,
        feature_ids: attributes.integers("nodes_featureids")?,
        modes,
        splits: tensor("nodes_splits")?,
        true_ids: attributes.integers("nodes_truenodeids")?,
        true_is_leaf: attributes.integers("nodes_trueleafs")?,
        false_ids: attributes.integers("nodes_falsenodeids")?,
        false_is_leaf: attributes.integers("nodes_falseleafs")?,
        missing_is_true: attributes.integers("nodes_missing_value_tracks_true")?,
        members: tensor("membership_values")?,
        leaf_targets: attributes.integers("leaf_targetids")?,
        leaf_weights: tensor("leaf_weights")?,
    };
    let aggregate = Aggregate::numbered(attributes.integer("aggregate_function", 1)?)?;
    let transform = PostTransform::numbered(attributes.integer("post_transform", 0)?)?;
    Regression::new(rooted.ensemble(targets)?, aggregate, Vec::new(), transform)
}

fn targets(attributes: &Attributes) -> TractResult<usize> {
    let targets = attributes.integer("n_targets", 0)?;
    match usize::try_from(targets) {
        Ok(count) if (1..=MOST_TARGETS).contains(&count) => Ok(count),
        Ok(_) | Err(_) => bail!("attribute `n_targets`: expected 1 to {MOST_TARGETS}, found {targets}"),
    }
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

    fn symbols(&self, inputs: &[Symbol]) -> Option<Vec<Symbol>> {
        Symbol::of_model(inputs, |columns| {
            let trees = self.trees.as_single().ok()?;
            let flat = Flat::of(&trees.ensemble, columns)?;
            Some(Formula::TreeSums(trees.clone(), flat))
        })
    }

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let input = only(inputs)?;
        expect_numbers(input.datum_type)?;
        let (rows, _) = matrix(&input.shape)?;
        let double = input.datum_type == DatumType::F64;
        if !double {
            self.trees.as_single()?;
        }
        let kind = if double && self.gives_double { DatumType::F64 } else { DatumType::F32 };
        Ok(tvec!(kind.fact([rows, self.targets.to_dim()])))
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

fn expect_columns(needed: usize, columns: usize) -> TractResult<()> {
    ensure!(needed <= columns, "expected at least {needed} columns, found {columns}");
    Ok(())
}

/// Also of rows without columns, which there may be any number of.
fn rows_of<T>(values: &[T], rows: usize, columns: usize) -> impl Iterator<Item = &[T]> {
    (0..rows).map(move |row| &values[row * columns..][..columns])
}
