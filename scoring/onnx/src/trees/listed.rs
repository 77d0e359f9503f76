//! The form of `TreeEnsembleClassifier` and `TreeEnsembleRegressor`: parallel lists, nodes named by tree and node id,
//! leaves among the nodes, and weights that name the leaf they belong to. A set of categories is a chain of nodes there: each
//! asks the same column for one of them, and all lead to one place where it is found.

use std::collections::{HashMap, HashSet};

use tract_onnx::prelude::TractResult;
use tract_onnx::tract_hir::internal::{bail, ensure};

use super::grow::{Growth, Listing};
use super::{Ensemble, Test, Vote};
use crate::operators::real::Real;

/// As the attributes have it, unchecked. The order of the weights of one leaf is the order in which they come.
#[derive(Debug, Default)]
pub(crate) struct Listed<T> {
    pub tree_ids: Vec<i64>,
    pub node_ids: Vec<i64>,
    pub feature_ids: Vec<i64>,
    pub modes: Vec<String>,
    pub values: Vec<T>,
    pub true_ids: Vec<i64>,
    pub false_ids: Vec<i64>,
    pub missing_is_true: Vec<i64>,
    /// Covers, of whoever wrote them.
    pub hit_rates: Vec<f32>,
    pub weight_tree_ids: Vec<i64>,
    pub weight_node_ids: Vec<i64>,
    pub weight_targets: Vec<i64>,
    pub weights: Vec<T>,
}

type Id = (i64, i64);

impl<T: Real> Listed<T> {
    /// The first node of a tree is its root, as in ONNX Runtime; a tree's nodes stand together.
    pub(crate) fn ensemble(&self, targets: usize) -> TractResult<Ensemble<T>> {
        self.check_lengths()?;
        let mut places = HashMap::with_capacity(self.node_ids.len());
        for (at, id) in self.tree_ids.iter().copied().zip(self.node_ids.iter().copied()).enumerate() {
            ensure!(places.insert(id, at).is_none(), "node {} of tree {} comes twice", id.1, id.0);
        }
        let votes = self.votes(&places)?;
        let parents = self.parents(&places);
        let mut reached = vec![false; self.node_ids.len()];
        let mut growth = Growth::new(targets);
        for root in self.roots()? {
            growth.tree(
                root,
                |at| Some(*at),
                |at| {
                    reached[at] = true;
                    let listing = self.listing(at, &places, &votes)?;
                    self.with_chain(listing, &places, &parents, &mut reached)
                },
            )?;
        }
        if let Some(at) = reached.iter().position(|reached| !reached) {
            bail!("{} is never reached", self.named(at));
        }
        growth.finish()
    }

    fn check_lengths(&self) -> TractResult<()> {
        let nodes = self.node_ids.len();
        let lists = [
            ("nodes_treeids", self.tree_ids.len()),
            ("nodes_featureids", self.feature_ids.len()),
            ("nodes_modes", self.modes.len()),
            ("nodes_values", self.values.len()),
            ("nodes_truenodeids", self.true_ids.len()),
            ("nodes_falsenodeids", self.false_ids.len()),
        ];
        for (name, found) in lists {
            ensure!(found == nodes, "attribute `{name}`: expected {nodes} entries, found {found}");
        }
        let found = self.missing_is_true.len();
        ensure!(
            found == 0 || found == nodes,
            "attribute `nodes_missing_value_tracks_true`: expected {nodes} entries, found {found}"
        );
        let weights = self.weights.len();
        for found in [self.weight_tree_ids.len(), self.weight_node_ids.len(), self.weight_targets.len()] {
            ensure!(found == weights, "the ids of weights: expected {weights} entries, found {found}");
        }
        Ok(())
    }

    fn roots(&self) -> TractResult<Vec<usize>> {
        let mut seen = HashSet::new();
        let mut roots = Vec::new();
        for (at, tree) in self.tree_ids.iter().enumerate() {
            if at == 0 || self.tree_ids[at - 1] != *tree {
                ensure!(seen.insert(tree), "the nodes of tree {tree} do not stand together");
                roots.push(at);
            }
        }
        Ok(roots)
    }

    /// The votes of each leaf. Weights of nodes that are no leaf are left out, as ONNX Runtime does.
    fn votes(&self, places: &HashMap<Id, usize>) -> TractResult<HashMap<usize, Vec<Vote<T>>>> {
        let mut votes = HashMap::<usize, Vec<Vote<T>>>::new();
        let ids = self.weight_tree_ids.iter().copied().zip(self.weight_node_ids.iter().copied());
        for ((id, target), weight) in ids.zip(&self.weight_targets).zip(&self.weights) {
            let Some(&at) = places.get(&id) else {
                bail!("a weight belongs to node {} of tree {}, which is not there", id.1, id.0)
            };
            let Ok(target) = u32::try_from(*target) else { bail!("a weight is for {target}, which is no target") };
            votes.entry(at).or_default().push(Vote { target, weight: *weight });
        }
        Ok(votes)
    }

    fn listing(
        &self,
        at: usize,
        places: &HashMap<Id, usize>,
        votes: &HashMap<usize, Vec<Vote<T>>>,
    ) -> TractResult<Listing<T, usize>> {
        let cover = self.hit_rates.get(at).copied().unwrap_or_default();
        if self.modes[at] == "LEAF" {
            let votes = votes.get(&at).cloned().unwrap_or_default();
            ensure!(
                !votes.is_empty() || self.values[at] == T::ZERO,
                "{} is a leaf with a value and no weight",
                self.named(at)
            );
            return Ok(Listing::Leaf(votes, cover));
        }
        let value = self.values[at];
        let test = match self.modes[at].as_str() {
            "BRANCH_LEQ" => Test::AtMost(value),
            "BRANCH_LT" => Test::Below(value),
            "BRANCH_GTE" => Test::AtLeast(value),
            "BRANCH_GT" => Test::Above(value),
            "BRANCH_EQ" => Test::Equal(value),
            "BRANCH_NEQ" => Test::NotEqual(value),
            other => bail!("{}: attribute `nodes_modes`: `{other}` is not supported", self.named(at)),
        };
        let child = |node: i64| match places.get(&(self.tree_ids[at], node)) {
            Some(&child) => Ok(child),
            None => bail!("{} points at node {node}, which is not there", self.named(at)),
        };
        let Ok(feature) = u32::try_from(self.feature_ids[at]) else {
            bail!("{} reads feature {}, which cannot be", self.named(at), self.feature_ids[at])
        };
        Ok(Listing::Branch {
            feature,
            test,
            missing_is_true: self.missing_is_true.get(at) == Some(&1),
            when_true: child(self.true_ids[at])?,
            when_false: child(self.false_ids[at])?,
            cover,
        })
    }

    /// How many nodes lead to each.
    fn parents(&self, places: &HashMap<Id, usize>) -> Vec<usize> {
        let mut parents = vec![0; self.node_ids.len()];
        for at in (0..parents.len()).filter(|at| self.modes[*at] != "LEAF") {
            for child in [self.true_ids[at], self.false_ids[at]] {
                if let Some(child) = places.get(&(self.tree_ids[at], child)) {
                    parents[*child] += 1;
                }
            }
        }
        parents
    }

    /// An equality with all that its false side asks of the same column for the same true side.
    fn with_chain(
        &self,
        listing: Listing<T, usize>,
        places: &HashMap<Id, usize>,
        parents: &[usize],
        reached: &mut [bool],
    ) -> TractResult<Listing<T, usize>> {
        let Listing::Branch {
            feature,
            test: Test::Equal(first),
            mut missing_is_true,
            when_true,
            mut when_false,
            cover,
        } = listing
        else {
            return Ok(listing);
        };
        let mut members = vec![first];
        while self.modes[when_false] == "BRANCH_EQ" && parents[when_false] == 1 && !reached[when_false] {
            let same = u32::try_from(self.feature_ids[when_false]) == Ok(feature)
                && places.get(&(self.tree_ids[when_false], self.true_ids[when_false])) == Some(&when_true);
            let next = places.get(&(self.tree_ids[when_false], self.false_ids[when_false]));
            let (true, Some(next)) = (same, next) else { break };
            reached[when_false] = true;
            members.push(self.values[when_false]);
            missing_is_true |= self.missing_is_true.get(when_false) == Some(&1);
            when_false = *next;
        }
        let test = if members.len() == 1 { Test::Equal(first) } else { Test::Member(ascending(members)) };
        Ok(Listing::Branch { feature, test, missing_is_true, when_true, when_false, cover })
    }

    fn named(&self, at: usize) -> String {
        format!("node {} of tree {}", self.node_ids[at], self.tree_ids[at])
    }
}

/// Each once, and without NaN, which equals nothing.
fn ascending<T: Real>(mut members: Vec<T>) -> Box<[T]> {
    members.retain(|member| !member.is_nan());
    members.sort_by(|a, b| a.partial_cmp(b).expect("none is NaN"));
    members.dedup();
    members.into()
}
