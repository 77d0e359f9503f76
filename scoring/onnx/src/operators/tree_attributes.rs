//! What the operators over trees share: attributes as lists or as tensors, and ensembles in both widths of float.

use std::sync::OnceLock;

use tract_onnx::tract_hir::internal::*;

use super::attributes::{Attributes, values};
use super::real::Real;
use crate::trees::Listed;

/// More targets than any model has.
const MOST_TARGETS: usize = 1 << 16;

pub(super) const LISTS: [&str; 11] = [
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
pub(super) enum Widths<S, D> {
    Single(Box<S>, OnceLock<Box<D>>),
    Double(Box<D>),
}

impl<S, D> Widths<S, D> {
    pub(super) const fn single(single: Box<S>) -> Self {
        Self::Single(single, OnceLock::new())
    }

    pub(super) fn as_double(&self, widened: impl FnOnce(&S) -> D) -> &D {
        match self {
            Self::Single(single, double) => double.get_or_init(|| Box::new(widened(single))),
            Self::Double(double) => double,
        }
    }

    pub(super) fn as_single(&self) -> TractResult<&S> {
        match self {
            Self::Single(single, _) => Ok(single),
            Self::Double(_) => bail!("its values are float64, and so must its input be"),
        }
    }
}

pub(super) fn is_double(attributes: &Attributes, tensors: &[&str]) -> TractResult<bool> {
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
pub(super) fn reals<T: Real>(attributes: &Attributes, list: &str) -> TractResult<Vec<T>> {
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
pub(super) fn listed<T: Real>(attributes: &Attributes, prefix: &str) -> TractResult<Listed<T>> {
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

pub(super) fn targets(attributes: &Attributes) -> TractResult<usize> {
    let targets = attributes.integer("n_targets", 0)?;
    match usize::try_from(targets) {
        Ok(count) if (1..=MOST_TARGETS).contains(&count) => Ok(count),
        Ok(_) | Err(_) => bail!("attribute `n_targets`: expected 1 to {MOST_TARGETS}, found {targets}"),
    }
}

pub(super) fn expect_columns(needed: usize, columns: usize) -> TractResult<()> {
    ensure!(needed <= columns, "expected at least {needed} columns, found {columns}");
    Ok(())
}

/// Also of rows without columns, which there may be any number of.
pub(super) fn rows_of<T>(values: &[T], rows: usize, columns: usize) -> impl Iterator<Item = &[T]> {
    (0..rows).map(move |row| &values[row * columns..][..columns])
}
