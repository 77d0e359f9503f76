//! Tree ensembles: one canonical form for what `TreeEnsembleClassifier`, `TreeEnsembleRegressor` and `TreeEnsemble` say
//! in three different ways, and a plain evaluator of it.
//!
//! An [`Ensemble`] is valid by construction, so whoever walks it may trust it: no way goes in a circle, a leaf's votes lie
//! in `votes`, features are below `columns` and targets below `targets`. Unless it `shares` nodes, children lie behind their
//! parent in `nodes` (each tree in the order "node, then all of its true side, then all of its false side"), every node is
//! the child of exactly one other or a root, and no tree is deeper than [`DEEPEST`]. What a file says otherwise is refused by
//! the parsers ([`listed`], [`rooted`]).
//!
//! Chains of equality over one column that all lead to one place, as converters write the categories of LightGBM and
//! XGBoost, are one test for members ([`listed`]).
//!
//! The evaluator ([`Ensemble::votes_of`], [`Regression`], [`Classification`]) is the reference: faster ones must give the
//! same bits. Like ONNX Runtime on one thread it adds the votes of the trees in their order, in the type of the
//! thresholds (float32, or float64 where the input is float64), then base values, then the transform.
//!
//! Not here: tensors, and what the graph around the ensemble does.

use std::cmp::Ordering;

mod classification;
mod flat;
#[cfg(test)]
mod flat_tests;
mod grow;
#[cfg(test)]
mod grown;
#[cfg(target_arch = "x86_64")]
mod held;
mod listed;
mod quadrature;
mod quick_scorer;
mod regression;
mod rooted;
mod shap;
#[cfg(test)]
mod shap_tests;
#[cfg(test)]
mod tests;
mod tops;
mod views;

pub(crate) use classification::Classification;
pub(crate) use flat::{Flat, Swept};
pub(crate) use listed::Listed;
pub(crate) use regression::{Aggregate, Regression};
pub(crate) use rooted::Rooted;
pub(crate) use shap::{Shap, Sweep};
pub(crate) use views::{LANES, Lanes, SLOTS, Slots};

use crate::operators::real::Real;

/// No tree that was grown on data is deeper, and a chain of comparisons for one set of categories is shorter.
pub(crate) const DEEPEST: usize = 4096;

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ensemble<T> {
    pub nodes: Vec<Node<T>>,
    pub leaves: Vec<Leaf>,
    pub votes: Vec<Vote<T>>,
    /// One for each tree, in the order in which their votes are added.
    pub roots: Vec<Child>,
    /// Classes, or outputs of a regression.
    pub targets: usize,
    /// How many columns a row must have at least.
    pub columns: usize,
    /// Where the file has them, as it has in `nodes_hitrates` if whoever trained the model wrote them there.
    pub covers: Option<Covers>,
    /// Some node is reached from several others. Only the plain evaluator runs such an ensemble.
    pub shares: bool,
}

/// How much of what the model was trained on passed each node and ended at each leaf: at a root more than nothing, and at a
/// node as much as on its two sides together. Trees whose every level asks the same have nodes that no row reached.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Covers {
    pub nodes: Vec<f32>,
    pub leaves: Vec<f32>,
}

impl Covers {
    pub(crate) fn of(&self, child: Child) -> f64 {
        f64::from(match child {
            Child::Node(node) => self.nodes[node as usize],
            Child::Leaf(leaf) => self.leaves[leaf as usize],
        })
    }

    /// The shares of what reaches a node that go to these two sides. What reached nothing goes to both alike.
    pub(crate) fn shares(&self, sides: [Child; 2]) -> [f64; 2] {
        let [first, second] = sides.map(|side| self.of(side));
        if first + second > 0.0 { [first, second].map(|cover| cover / (first + second)) } else { [0.5; 2] }
    }

    /// Converters that know no covers write ones.
    fn is_sound<T>(&self, nodes: &[Node<T>], roots: &[Child]) -> bool {
        const ROUNDED: f64 = 1e-3;
        let numbers = self.nodes.iter().chain(&self.leaves).all(|cover| cover.is_finite() && *cover >= 0.0);
        let adds_up = |(node, cover): (&Node<T>, &f32)| {
            let (cover, sides) = (f64::from(*cover), self.of(node.when_true) + self.of(node.when_false));
            (sides - cover).abs() <= ROUNDED * cover
        };
        numbers && roots.iter().all(|root| self.of(*root) > 0.0) && nodes.iter().zip(&self.nodes).all(adds_up)
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node<T> {
    pub feature: u32,
    pub test: Test<T>,
    /// A value that is NaN goes to the true side, whatever the test says of it.
    pub missing_is_true: bool,
    pub when_true: Child,
    pub when_false: Child,
}

/// What is asked of a value. With NaN every comparison is false but `NotEqual`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Test<T> {
    AtMost(T),
    Below(T),
    AtLeast(T),
    Above(T),
    Equal(T),
    NotEqual(T),
    /// Ascending, without NaN and without doubles.
    Member(Box<[T]>),
    /// The same of integers, asked after what is behind the point was cut off the value: 5.5 is among 5 and 40. So ONNX
    /// Runtime asks of large sets.
    CutMember(Box<[T]>),
}

/// By its place in `nodes` or in `leaves`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Child {
    Node(u32),
    Leaf(u32),
}

/// Where its votes lie in `votes`; a target comes once at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Leaf {
    pub first: u32,
    pub count: u32,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Vote<T> {
    pub target: u32,
    pub weight: T,
}

impl<T: Real> Test<T> {
    pub(crate) fn holds(&self, value: T) -> bool {
        match self {
            Self::AtMost(threshold) => value <= *threshold,
            Self::Below(threshold) => value < *threshold,
            Self::AtLeast(threshold) => value >= *threshold,
            Self::Above(threshold) => value > *threshold,
            Self::Equal(threshold) => value == *threshold,
            Self::NotEqual(threshold) => value != *threshold,
            Self::Member(members) => is_among(members, value),
            Self::CutMember(members) => is_among(members, value.cut()),
        }
    }

    fn widened(&self) -> Test<f64> {
        match self {
            Self::AtMost(threshold) => Test::AtMost(threshold.to_f64()),
            Self::Below(threshold) => Test::Below(threshold.to_f64()),
            Self::AtLeast(threshold) => Test::AtLeast(threshold.to_f64()),
            Self::Above(threshold) => Test::Above(threshold.to_f64()),
            Self::Equal(threshold) => Test::Equal(threshold.to_f64()),
            Self::NotEqual(threshold) => Test::NotEqual(threshold.to_f64()),
            Self::Member(members) => Test::Member(members.iter().map(|member| member.to_f64()).collect()),
            Self::CutMember(members) => Test::CutMember(members.iter().map(|member| member.to_f64()).collect()),
        }
    }
}

fn is_among<T: Real>(members: &[T], value: T) -> bool {
    members.binary_search_by(|member| member.partial_cmp(&value).unwrap_or(Ordering::Less)).is_ok()
}

impl<T: Real> Ensemble<T> {
    /// The votes of the leaf that `row` reaches from `root`; the row has at least `columns` values.
    pub(crate) fn votes_of(&self, root: Child, row: &[T]) -> &[Vote<T>] {
        let mut at = root;
        loop {
            match at {
                Child::Node(node) => {
                    let node = &self.nodes[node as usize];
                    let value = row[node.feature as usize];
                    let holds = node.test.holds(value) || (node.missing_is_true && value.is_nan());
                    at = if holds { node.when_true } else { node.when_false };
                }
                Child::Leaf(leaf) => return self.votes_at(self.leaves[leaf as usize]),
            }
        }
    }

    pub(crate) fn votes_at(&self, leaf: Leaf) -> &[Vote<T>] {
        &self.votes[leaf.first as usize..][..leaf.count as usize]
    }

    /// The same ensemble for rows of float64: no threshold and no weight changes its value.
    pub(crate) fn widened(&self) -> Ensemble<f64> {
        let nodes = self.nodes.iter().map(|node| Node {
            feature: node.feature,
            test: node.test.widened(),
            missing_is_true: node.missing_is_true,
            when_true: node.when_true,
            when_false: node.when_false,
        });
        let votes = self.votes.iter().map(|vote| Vote { target: vote.target, weight: vote.weight.to_f64() });
        Ensemble {
            nodes: nodes.collect(),
            leaves: self.leaves.clone(),
            votes: votes.collect(),
            roots: self.roots.clone(),
            targets: self.targets,
            columns: self.columns,
            covers: self.covers.clone(),
            shares: self.shares,
        }
    }
}

/// What the trees have given one target so far.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Score<T> {
    pub value: T,
    /// Some leaf voted for it. What nobody voted for is given out as zero, even where it has a base value.
    pub voted: bool,
}

impl<T: Real> Score<T> {
    pub(crate) const NONE: Self = Self { value: T::ZERO, voted: false };

    fn given(self) -> T {
        if self.voted { self.value } else { T::ZERO }
    }
}
