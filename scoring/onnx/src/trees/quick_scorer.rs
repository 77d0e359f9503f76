//! Many rows through the tops of trees: nothing is walked. Each place under the top is a bit; every node of the top, whatever tree
//! it is of, takes away the places of its first side in the rows that its answer sends to the second; the first place that is
//! left is where the row goes on. The nodes of one column stand together, so its values are fetched once, and one step is the
//! same for all rows of a block, without a branch and without waiting for memory. Of trees of at most 32 leaves the top is all.
//!
//! Source: Lucchese et al., "QuickScorer: a fast algorithm to rank documents with additive ensembles of regression trees",
//! SIGIR 2015; of many rows at once, "Exploiting CPU SIMD extensions to speed-up document scoring with tree ensembles", SIGIR 2016.

use super::flat::{LANES, Lanes};
use crate::wide::{Wide, wide};

/// Bits of a word.
const MOST_LEAVES: usize = 32;
/// Levels of the top of larger trees: each level further down takes as long as the step that it saves, or longer.
const TOP: u32 = 5;

/// A leaf, or a node that asks whether a slot's value is at most the threshold.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    Leaf,
    Node { slot: usize, threshold: f32, children: [u32; 2] },
}

#[derive(Debug, Clone, Copy)]
struct Node {
    threshold: f32,
    tree: u32,
    /// The places that are left where the value is not at most the threshold.
    left: u32,
}

#[derive(Debug, Clone)]
pub(super) struct QuickScorer {
    nodes: Vec<Node>,
    /// Slots, and how many nodes ask each.
    asked: Vec<(usize, usize)>,
    /// The places under the top of each tree.
    places: Vec<[u32; MOST_LEAVES]>,
    /// Of each tree, how many steps lead from there to the deepest leaf.
    steps: Vec<u32>,
}

impl QuickScorer {
    /// Of trees by root and depth; `at` tells what stands where.
    pub(super) fn of(trees: impl Iterator<Item = (u32, u32)>, at: impl Fn(u32) -> Place) -> Self {
        let (mut nodes, mut places, mut steps) = (Vec::new(), Vec::new(), Vec::new());
        for ((root, depth), tree) in trees.zip(0..) {
            let (mut of_tree, first) = (Vec::new(), nodes.len());
            // A deeper tree has more leaves.
            let may_fit = (depth as usize) < MOST_LEAVES;
            let whole = may_fit && gather(root, tree, depth, &at, &mut of_tree, &mut nodes).is_some();
            if !whole {
                of_tree.clear();
                nodes.truncate(first);
                gather(root, tree, TOP, &at, &mut of_tree, &mut nodes).expect("a top has fewer places than bits");
            }
            of_tree.resize(MOST_LEAVES, 0);
            places.push(of_tree.try_into().expect("there are as many"));
            steps.push(if whole { 0 } else { depth - TOP });
        }
        nodes.sort_by_key(|(slot, _)| *slot);
        let asked = nodes.chunk_by(|(one, _), (other, _)| one == other).map(|nodes| (nodes[0].0, nodes.len()));
        Self { asked: asked.collect(), nodes: nodes.into_iter().map(|(_, node)| node).collect(), places, steps }
    }

    /// Of each tree, in the order of the roots, the places where the rows go on, and for how many steps at most.
    pub(super) fn find<'a>(
        &'a self,
        block: &Lanes,
        left: &'a mut Vec<[u32; LANES]>,
    ) -> impl Iterator<Item = ([u32; LANES], u32)> + 'a {
        left.clear();
        left.resize(self.places.len(), [u32::MAX; LANES]);
        wide(Sift { scorer: self, block, left });
        left.iter().zip(&self.places).zip(&self.steps).map(|((left, places), steps)| {
            // The last place is on no first side: some bit is always left.
            let first = |left: u32| (left | 1 << (MOST_LEAVES - 1)).trailing_zeros() as usize;
            (std::array::from_fn(|lane| places[first(left[lane]) % MOST_LEAVES]), *steps)
        })
    }
}

/// Appends the nodes of so many levels under `place`, and the places below them; `None` where those are too many.
fn gather(
    place: u32,
    tree: u32,
    levels: u32,
    at: &impl Fn(u32) -> Place,
    places: &mut Vec<u32>,
    nodes: &mut Vec<(usize, Node)>,
) -> Option<()> {
    match at(place) {
        Place::Node { slot, threshold, children: [first, second] } if levels > 0 => {
            let from = places.len();
            gather(first, tree, levels - 1, at, places, nodes)?;
            let first_side = (u32::MAX >> (MOST_LEAVES - (places.len() - from))) << from;
            nodes.push((slot, Node { threshold, tree, left: !first_side }));
            gather(second, tree, levels - 1, at, places, nodes)
        }
        Place::Node { .. } | Place::Leaf => {
            places.push(place);
            (places.len() <= MOST_LEAVES).then_some(())
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
