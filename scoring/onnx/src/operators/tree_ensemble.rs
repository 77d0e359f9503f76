//! `ai.onnx.ml.TreeEnsemble` of opset 5: the regressor's answers from another form, with sets of members.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::attributes::{Attributes, values};
use super::operator::{Built, built};
use super::post_transform::PostTransform;
use super::real::Real;
use super::tree_attributes::{Widths, is_double, targets};
use super::tree_regressor::TreeRegressor;
use crate::trees::{Aggregate, Regression, Rooted};

pub(super) fn build(_: &ParsingContext, node: &NodeProto) -> Built {
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
        Widths::Double(Box::new(regression(&attributes, targets)?))
    } else {
        Widths::single(Box::new(regression(&attributes, targets)?))
    };
    built(node, 1, TreeRegressor { name: "TreeEnsemble", targets, gives_double: true, trees })
}

fn regression<T: Real>(attributes: &Attributes, targets: usize) -> TractResult<Regression<T>> {
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
