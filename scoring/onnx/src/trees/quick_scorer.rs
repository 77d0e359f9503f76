//! Many rows through the tops of trees: nothing is walked. Each place under the top is a bit; every node of the top, whatever tree
//! it is of, takes away the places of its first side in the rows that its answer sends to the second; the first place that is
//! left is where the row goes on. The nodes of one column stand together, so its values are fetched once, and one step is the
//! same for all rows of a block, without a branch and without waiting for memory.
//!
//! Source: Lucchese et al., "QuickScorer: a fast algorithm to rank documents with additive ensembles of regression trees",
//! SIGIR 2015; of many rows at once, "Exploiting CPU SIMD extensions to speed-up document scoring with tree ensembles", SIGIR 2016.

use super::views::{LANES, Lanes};
use crate::wide::{Aligned, Wide, wide};

/// Bits of a word: as many places under a top, at most.
pub(super) const MOST_PLACES: usize = 32;

/// A leaf and what is found there, or a node that asks whether a slot's value is at most the threshold.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    Leaf { found: f32 },
    Node { slot: usize, threshold: f32, children: [u32; 2] },
}

#[derive(Debug, Clone, Copy)]
struct Node {
    threshold: f32,
    tree: u32,
    /// The places that are left where the value is not at most the threshold.
    left: u32,
}

/// Of one tree.
#[derive(Debug, Clone, Default)]
pub(super) struct Top {
    /// Slots, and the nodes that ask them.
    nodes: Vec<(usize, Node)>,
    /// The places under it from the first on: at least one, and at most as many as a word has bits.
    pub places: Vec<u32>,
}

#[derive(Debug, Clone)]
pub(super) struct QuickScorer {
    nodes: Vec<Node>,
    /// Slots, and how many nodes ask each.
    asked: Vec<(usize, usize)>,
    trees: usize,
}

impl Top {
    /// So many levels from the root on; `None` where more than `most` places are under them.
    pub(super) fn of(root: u32, tree: u32, levels: u32, most: usize, at: &impl Fn(u32) -> Place) -> Option<Self> {
        let mut top = Self::default();
        top.gather(root, tree, levels, most.min(MOST_PLACES), at).map(|()| top)
    }

    fn gather(&mut self, place: u32, tree: u32, levels: u32, most: usize, at: &impl Fn(u32) -> Place) -> Option<()> {
        match at(place) {
            Place::Node { slot, threshold, children: [first, second] } if levels > 0 => {
                let from = self.places.len();
                self.gather(first, tree, levels - 1, most, at)?;
                let first_side = (u32::MAX >> (MOST_PLACES - (self.places.len() - from))) << from;
                self.nodes.push((slot, Node { threshold, tree, left: !first_side }));
                self.gather(second, tree, levels - 1, most, at)
            }
            Place::Node { .. } | Place::Leaf { .. } => {
                self.places.push(place);
                (self.places.len() <= most).then_some(())
            }
        }
    }
}

/// Of places from which so many steps follow: where none do, the bits of what is found, else the place to go on from. There are at
/// most so many places; what stands behind them is never asked.
pub(super) fn ends<const N: usize>(places: &[u32], steps: u32, at: &impl Fn(u32) -> Place) -> [u32; N] {
    let mut ends = [0; N];
    for (end, place) in ends.iter_mut().zip(places) {
        *end = match at(*place) {
            Place::Leaf { found } if steps == 0 => found.to_bits(),
            Place::Leaf { .. } | Place::Node { .. } => *place,
        };
    }
    ends
}

impl QuickScorer {
    pub(super) fn of(tops: &[Top]) -> Self {
        let mut nodes: Vec<_> = tops.iter().flat_map(|top| top.nodes.iter().copied()).collect();
        nodes.sort_by_key(|(slot, _)| *slot);
        let asked = nodes.chunk_by(|(one, _), (other, _)| one == other).map(|nodes| (nodes[0].0, nodes.len()));
        Self { asked: asked.collect(), nodes: nodes.into_iter().map(|(_, node)| node).collect(), trees: tops.len() }
    }

    /// Of each tree, in the order of the tops, the places that are left: the row goes on at the first of them.
    pub(super) fn sift(&self, block: &Lanes, left: &mut Vec<Aligned<[u32; LANES]>>) {
        left.clear();
        left.resize(self.trees, Aligned([u32::MAX; LANES]));
        wide(Sift { scorer: self, block, left });
    }
}

struct Sift<'a> {
    scorer: &'a QuickScorer,
    block: &'a Lanes,
    left: &'a mut [Aligned<[u32; LANES]>],
}

impl Wide for Sift<'_> {
    #[inline(always)]
    fn run(self) {
        let mut nodes = self.scorer.nodes.as_slice();
        for (slot, count) in &self.scorer.asked {
            // Taken by value: what is written below is then seen to change none of it, and all lanes go at once.
            let Aligned(values) = self.block[*slot];
            let (of_slot, others) = nodes.split_at(*count);
            nodes = others;
            for Node { threshold, tree, left: rest } in of_slot.iter().copied() {
                let Aligned(left) = &mut self.left[tree as usize];
                // NaN is not at most anything.
                let keeps = values.map(|value| if value <= threshold { u32::MAX } else { rest });
                *left = std::array::from_fn(|lane| left[lane] & keeps[lane]);
            }
        }
    }
}
