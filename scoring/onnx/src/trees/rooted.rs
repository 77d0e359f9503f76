//! The form of `TreeEnsemble` (opset 5): branches and leaves in lists of their own that point at each other by place,
//! roots by place, and sets of members one after the other with NaN between them.

use tract_onnx::prelude::TractResult;
use tract_onnx::tract_hir::internal::{bail, ensure};

use super::grow::{Growth, Listing};
use super::{Ensemble, Test, Vote};
use crate::operators::real::Real;

/// As the attributes have it, unchecked.
#[derive(Debug, Default)]
pub(crate) struct Rooted<T> {
    pub roots: Vec<i64>,
    pub feature_ids: Vec<i64>,
    pub modes: Vec<u8>,
    pub splits: Vec<T>,
    pub true_ids: Vec<i64>,
    pub true_is_leaf: Vec<i64>,
    pub false_ids: Vec<i64>,
    pub false_is_leaf: Vec<i64>,
    pub missing_is_true: Vec<i64>,
    pub members: Vec<T>,
    pub leaf_targets: Vec<i64>,
    pub leaf_weights: Vec<T>,
}

const MEMBER: u8 = 6;

#[derive(Clone, Copy)]
enum Key {
    Branch(usize),
    Leaf(usize),
}

impl<T: Real> Rooted<T> {
    pub(crate) fn ensemble(&self, targets: usize) -> TractResult<Ensemble<T>> {
        self.check_lengths()?;
        let mut sets = self.sets()?;
        let mut reached = vec![false; self.modes.len()];
        let mut growth = Growth::new(targets);
        for root in &self.roots {
            let root = place(*root, self.modes.len(), "tree_roots")?;
            let single = self.single_leaf(root)?;
            let number = |key: &Key| match key {
                Key::Branch(at) => Some(*at),
                Key::Leaf(_) => None,
            };
            growth.tree(single.map_or(Key::Branch(root), Key::Leaf), number, |key| match key {
                Key::Leaf(at) => Ok(Listing::Leaf(vec![self.vote(at)?], 0.0)),
                Key::Branch(at) => {
                    reached[at] = true;
                    self.branch(at, std::mem::take(&mut sets[at]))
                }
            })?;
            reached[root] = true;
        }
        if let Some(at) = reached.iter().position(|reached| !reached) {
            bail!("node {at} is never reached");
        }
        growth.finish()
    }

    fn check_lengths(&self) -> TractResult<()> {
        let nodes = self.modes.len();
        let lists = [
            ("nodes_featureids", self.feature_ids.len()),
            ("nodes_splits", self.splits.len()),
            ("nodes_truenodeids", self.true_ids.len()),
            ("nodes_trueleafs", self.true_is_leaf.len()),
            ("nodes_falsenodeids", self.false_ids.len()),
            ("nodes_falseleafs", self.false_is_leaf.len()),
        ];
        for (name, found) in lists {
            ensure!(found == nodes, "attribute `{name}`: expected {nodes} entries, found {found}");
        }
        let found = self.missing_is_true.len();
        ensure!(
            found == 0 || found == nodes,
            "attribute `nodes_missing_value_tracks_true`: expected {nodes} entries, found {found}"
        );
        let (weights, found) = (self.leaf_weights.len(), self.leaf_targets.len());
        ensure!(found == weights, "attribute `leaf_targetids`: expected {weights} entries, found {found}");
        Ok(())
    }

    /// A root whose two sides are one leaf stands for a tree of that leaf alone. ONNX Runtime then reads the leaf at the
    /// place of the root; where that is another leaf, nobody can say which was meant.
    fn single_leaf(&self, root: usize) -> TractResult<Option<usize>> {
        let single = self.true_ids[root] == self.false_ids[root]
            && self.true_is_leaf[root] != 0
            && self.false_is_leaf[root] != 0;
        if !single {
            return Ok(None);
        }
        let leaf = place(self.true_ids[root], self.leaf_weights.len(), "nodes_truenodeids")?;
        ensure!(
            leaf == root,
            "attribute `tree_roots`: root {root} stands for leaf {leaf} alone, which is not supported"
        );
        Ok(Some(leaf))
    }

    /// The members of each node; of nodes that ask for none, nothing.
    fn sets(&self) -> TractResult<Vec<Vec<T>>> {
        let mut groups = self.members.split(|member| member.is_nan());
        let sets = self.modes.iter().enumerate().map(|(at, mode)| {
            if *mode != MEMBER {
                return Ok(Vec::new());
            }
            match groups.next() {
                Some(set) if !set.is_empty() => Ok(set.to_vec()),
                Some(_) | None => bail!("attribute `membership_values`: node {at} asks for members and has none"),
            }
        });
        let sets = sets.collect::<TractResult<_>>()?;
        ensure!(groups.all(<[T]>::is_empty), "attribute `membership_values`: more sets than nodes that ask for one");
        Ok(sets)
    }

    fn branch(&self, at: usize, set: Vec<T>) -> TractResult<Listing<T, Key>> {
        let split = self.splits[at];
        let test = match self.modes[at] {
            0 => Test::AtMost(split),
            1 => Test::Below(split),
            2 => Test::AtLeast(split),
            3 => Test::Above(split),
            4 => Test::Equal(split),
            5 => Test::NotEqual(split),
            MEMBER => members(at, set)?,
            other => bail!("node {at}: attribute `nodes_modes`: {other} is not supported"),
        };
        let Ok(feature) = u32::try_from(self.feature_ids[at]) else {
            bail!("node {at} reads feature {}, which cannot be", self.feature_ids[at])
        };
        Ok(Listing::Branch {
            feature,
            test,
            missing_is_true: self.missing_is_true.get(at) == Some(&1),
            when_true: self.key(self.true_ids[at], self.true_is_leaf[at], "nodes_truenodeids")?,
            when_false: self.key(self.false_ids[at], self.false_is_leaf[at], "nodes_falsenodeids")?,
            // There is no place in the file for those of leaves.
            cover: 0.0,
        })
    }

    fn key(&self, id: i64, is_leaf: i64, attribute: &str) -> TractResult<Key> {
        match is_leaf {
            0 => Ok(Key::Branch(place(id, self.modes.len(), attribute)?)),
            _ => Ok(Key::Leaf(place(id, self.leaf_weights.len(), attribute)?)),
        }
    }

    fn vote(&self, leaf: usize) -> TractResult<Vote<T>> {
        let target = self.leaf_targets[leaf];
        match u32::try_from(target) {
            Ok(target) => Ok(Vote { target, weight: self.leaf_weights[leaf] }),
            Err(_) => bail!("attribute `leaf_targetids`: {target} is no target"),
        }
    }
}

/// Of a set of fewer than 31 members from 0 to 30 ONNX Runtime asks by equality, of any other only after it has cut the
/// value to an integer, and then takes integers only.
fn members<T: Real>(at: usize, mut set: Vec<T>) -> TractResult<Test<T>> {
    let small = set.len() < 31 && set.iter().all(|member| *member >= T::ZERO && *member <= T::from_f32(30.0));
    set.sort_by(|a, b| a.partial_cmp(b).expect("sets are split at NaN"));
    set.dedup();
    if small {
        return Ok(Test::Member(set.into()));
    }
    let fits = |member: &T| member.cut() == *member && member.to_f64().abs() <= f64::from(i32::MAX);
    ensure!(set.iter().all(fits), "attribute `membership_values`: node {at} has members that are no int32");
    Ok(Test::CutMember(set.into()))
}

fn place(id: i64, count: usize, attribute: &str) -> TractResult<usize> {
    match usize::try_from(id) {
        Ok(at) if at < count => Ok(at),
        Ok(_) | Err(_) => bail!("attribute `{attribute}`: {id} points at nothing"),
    }
}
