//! Many rows through trees of at most 32 leaves: no tree is walked. Each leaf is a bit; every node, whatever tree it is of,
//! takes away the leaves of its first side in the rows that its answer sends to the second; the first leaf that is left is
//! where the row ends. The nodes of one column stand together, so its values are fetched once, and one step is the same for
//! all rows of a block, without a branch and without waiting for memory.
//!
//! Source: Lucchese et al., "QuickScorer: a fast algorithm to rank documents with additive ensembles of regression trees",
//! SIGIR 2015; of many rows at once, "Exploiting CPU SIMD extensions to speed-up document scoring with tree ensembles", SIGIR 2016.

use super::flat::{LANES, Lanes};
use crate::wide::{Wide, wide};

/// Bits of a word.
pub(super) const MOST_LEAVES: usize = 32;

/// A leaf, or a node that asks whether a slot's value is at most the threshold.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    Leaf(f32),
    Node { slot: usize, threshold: f32, children: [u32; 2] },
}

#[derive(Debug, Clone, Copy)]
struct Node {
    threshold: f32,
    tree: u32,
    /// The leaves that are left where the value is not at most the threshold.
    left: u32,
}

#[derive(Debug, Clone)]
pub(super) struct QuickScorer {
    nodes: Vec<Node>,
    /// Slots, and how many nodes ask each.
    asked: Vec<(usize, usize)>,
    /// What stands at the leaves of each tree.
    leaves: Vec<[f32; MOST_LEAVES]>,
}

impl QuickScorer {
    /// `at` tells what stands where; `None` where some tree has too many leaves.
    pub(super) fn of(roots: impl Iterator<Item = u32>, at: impl Fn(u32) -> Place) -> Option<Self> {
        let (mut nodes, mut leaves) = (Vec::new(), Vec::new());
        for (root, tree) in roots.zip(0..) {
            let mut of_tree = Vec::new();
            gather(root, tree, &at, &mut of_tree, &mut nodes)?;
            of_tree.resize(MOST_LEAVES, 0.0);
            leaves.push(of_tree.try_into().expect("there are as many"));
        }
        nodes.sort_by_key(|(slot, _)| *slot);
        let asked = nodes.chunk_by(|(one, _), (other, _)| one == other).map(|nodes| (nodes[0].0, nodes.len()));
        Some(Self { asked: asked.collect(), nodes: nodes.into_iter().map(|(_, node)| node).collect(), leaves })
    }

    /// What stands at the leaf of each tree, in the order of the roots.
    pub(super) fn find(&self, block: &Lanes, left: &mut Vec<[u32; LANES]>, found: &mut [[f32; LANES]]) {
        left.clear();
        left.resize(self.leaves.len(), [u32::MAX; LANES]);
        wide(Sift { scorer: self, block, left });
        for ((found, left), leaves) in found.iter_mut().zip(left).zip(&self.leaves) {
            *found = left.map(|left| leaves[left.trailing_zeros() as usize % MOST_LEAVES]);
        }
    }
}

/// Appends leaves and nodes of the tree under `place`.
fn gather(
    place: u32,
    tree: u32,
    at: &impl Fn(u32) -> Place,
    leaves: &mut Vec<f32>,
    nodes: &mut Vec<(usize, Node)>,
) -> Option<()> {
    match at(place) {
        Place::Leaf(leaf) => {
            leaves.push(leaf);
            (leaves.len() <= MOST_LEAVES).then_some(())
        }
        Place::Node { slot, threshold, children: [first, second] } => {
            let from = leaves.len();
            gather(first, tree, at, leaves, nodes)?;
            let first_side = (u32::MAX >> (MOST_LEAVES - (leaves.len() - from))) << from;
            nodes.push((slot, Node { threshold, tree, left: !first_side }));
            gather(second, tree, at, leaves, nodes)
        }
    }
}

struct Sift<'a> {
    scorer: &'a QuickScorer,
    block: &'a Lanes,
    left: &'a mut [[u32; LANES]],
}

impl Wide for Sift<'_> {
    #[inline(always)]
    fn run(self) {
        let mut nodes = self.scorer.nodes.as_slice();
        for (slot, count) in &self.scorer.asked {
            // Taken by value: what is written below is then seen to change none of it, and all lanes go at once.
            let values = self.block[*slot];
            let (of_slot, others) = nodes.split_at(*count);
            nodes = others;
            for Node { threshold, tree, left: rest } in of_slot.iter().copied() {
                let left = &mut self.left[tree as usize];
                // NaN is not at most anything.
                let keeps = values.map(|value| if value <= threshold { u32::MAX } else { rest });
                *left = std::array::from_fn(|lane| left[lane] & keeps[lane]);
            }
        }
    }
}
