//! The fast way through an ensemble of float32: nodes of eight bytes in one table, siblings side by side, and a walk without a
//! branch that takes many trees of one row, or many rows of one tree, a step at a time. It finds the leaves that
//! [`Ensemble::votes_of`] finds; adding up their votes in the order of the trees is the caller's.
//!
//! A step asks only one thing, whether a value is at most the threshold, and goes to the first sibling or to the second.
//! Whatever else a node may ask becomes a column beside the row's own ([`super::views`]), made once a row. A leaf asks of a value
//! that is always NaN and is its own second sibling, so that every tree may be walked to the depth of the deepest.
//!
//! Every index is cut to the size of its table, which costs less than a check and needs no trust in what was built.

use std::cmp::Reverse;
use std::collections::VecDeque;

use super::quick_scorer::Place;
use super::tops::Tops;
use super::views::{Asked, LANES, Lanes, SLOTS, Slots, Views};
use super::{Child, Ensemble, Vote};
use crate::wide::Aligned;

const CHILD_BITS: u32 = 32 - SLOTS.trailing_zeros();
const CHILD_MASK: u32 = (1 << CHILD_BITS) - 1;

/// Trees of one row that are walked together: so many steps hide each other's waiting for memory.
const TOGETHER: usize = 16;
#[derive(Debug, Clone, Copy)]
#[repr(align(8))]
struct Flattened {
    /// Of a leaf, what the walk gives out.
    threshold: f32,
    /// The slot that is asked above, the place of the first of the two children below.
    slot_and_child: u32,
}

#[derive(Debug, Clone, Copy)]
struct Tree {
    root: u32,
    depth: u32,
    /// Its place in the ensemble.
    place: u32,
}

/// What stands at a leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    /// The weight of its one vote, which in all leaves is for this target.
    WeightFor(usize),
    /// The place of the leaf in the ensemble, as a float.
    Leaf,
}

#[derive(Debug, Clone)]
pub(crate) struct Flat {
    /// As many as a power of two.
    nodes: Vec<Flattened>,
    /// The deepest first, so that trees that are walked together are of like depth.
    trees: Vec<Tree>,
    views: Views,
    found: Found,
    /// The way of many rows through the tops of the trees, in the order of the ensemble.
    tops: Tops,
}

/// Memory that blocks take in turn.
#[derive(Debug, Default)]
pub(crate) struct Swept {
    /// Of each block in turn, what stands at the leaves of each tree.
    pub found: Vec<Aligned<[f32; LANES]>>,
    left: Vec<Aligned<[u32; LANES]>>,
}

impl Flat {
    /// For rows of `columns`; `None` for an ensemble that does not fit in the table.
    pub(crate) fn of(ensemble: &Ensemble<f32>, columns: usize) -> Option<Self> {
        let places = 2 * (ensemble.nodes.len() + ensemble.roots.len());
        if ensemble.shares || columns < ensemble.columns || places.next_power_of_two() > 1 << CHILD_BITS {
            return None;
        }
        let mut building = Building { ensemble, nodes: Vec::new(), views: Views::of(columns)? };
        let found = single_target(ensemble).map_or(Found::Leaf, Found::WeightFor);
        let roots = ensemble.roots.iter().zip(0..);
        let mut trees = roots.map(|(root, place)| building.tree(*root, place, found)).collect::<Option<Vec<_>>>()?;
        let Building { mut nodes, views, .. } = building;
        let roots: Vec<_> = trees.iter().map(|tree| (tree.root, tree.depth)).collect();
        let tops = Tops::of(&roots, |at| nodes[at as usize].place(&views));
        trees.sort_by_key(|tree| Reverse(tree.depth));
        nodes.resize(places.next_power_of_two(), leaf_at(0, &views, 0.0));
        Some(Self { nodes, trees, views, found, tops })
    }

    /// The same as it is where the processor has nothing of its own.
    #[cfg(test)]
    pub(super) fn portable(&self) -> Self {
        let mut trees = self.trees.clone();
        trees.sort_by_key(|tree| tree.place);
        let roots: Vec<_> = trees.iter().map(|tree| (tree.root, tree.depth)).collect();
        let tops = Tops::portable(&roots, |at| self.nodes[at as usize].place(&self.views));
        Self { tops, ..self.clone() }
    }

    /// How many there are.
    pub(crate) const fn trees(&self) -> usize {
        self.trees.len()
    }

    /// The target that all leaves vote for with one weight each: then the weights are what is found.
    pub(crate) const fn target(&self) -> Option<usize> {
        match self.found {
            Found::WeightFor(target) => Some(target),
            Found::Leaf => None,
        }
    }

    /// The votes that `found` stands for.
    pub(crate) fn votes(&self, ensemble: &Ensemble<f32>, found: f32, each: impl FnMut(&Vote<f32>)) {
        match self.found {
            Found::WeightFor(target) => {
                let target = u32::try_from(target).expect("targets are few");
                std::iter::once(&Vote { target, weight: found }).for_each(each);
            }
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is the place of a leaf")]
            Found::Leaf => ensemble.votes_at(ensemble.leaves[found as usize]).iter().for_each(each),
        }
    }

    /// What stands at the leaf of each tree, in the order of the trees. The columns of the row stand in the first slots.
    pub(crate) fn walk(&self, slots: &mut Slots, found: &mut Vec<f32>) {
        self.views.fill(slots);
        found.resize(self.trees.len(), 0.0);
        let nodes = self.nodes.as_slice();
        let last = nodes.len() - 1;
        for trees in self.trees.chunks(TOGETHER) {
            let mut at = [0_u32; TOGETHER];
            at.iter_mut().zip(trees).for_each(|(at, tree)| *at = tree.root);
            for _ in 0..trees[0].depth {
                for at in &mut at {
                    let node = nodes[*at as usize & last];
                    *at = node.next(slots[node.slot()]);
                }
            }
            for (tree, at) in trees.iter().zip(at) {
                found[tree.place as usize] = nodes[at as usize & last].threshold;
            }
        }
    }

    /// The same for many rows.
    pub(crate) fn walk_blocks(&self, blocks: &mut [Box<Lanes>], Swept { found, left }: &mut Swept) {
        blocks.iter_mut().for_each(|block| self.views.fill_lanes(block));
        found.resize(blocks.len() * self.trees.len(), Aligned([0.0; LANES]));
        let nodes = self.nodes.as_slice();
        let last = nodes.len() - 1;
        for (block, found) in blocks.iter().zip(found.chunks_exact_mut(self.trees.len())) {
            for (Aligned(found), (mut ends, steps)) in found.iter_mut().zip(self.tops.find(block, left)) {
                // Not compiled for the wide units: by their gathers a step takes longer.
                for _ in 0..steps {
                    for (lane, at) in ends.iter_mut().enumerate() {
                        let node = nodes[*at as usize & last];
                        *at = node.next(block[node.slot()].0[lane]);
                    }
                }
                *found = match steps {
                    0 => ends.map(f32::from_bits),
                    _ => ends.map(|at| nodes[at as usize & last].threshold),
                };
            }
        }
    }
}

impl Flattened {
    fn place(self, views: &Views) -> Place {
        let first = self.slot_and_child & CHILD_MASK;
        match self.slot() {
            slot if slot == views.nothing() => Place::Leaf { found: self.threshold },
            slot => Place::Node { slot, threshold: self.threshold, children: [first, first + 1] },
        }
    }

    const fn slot(self) -> usize {
        (self.slot_and_child >> CHILD_BITS) as usize
    }

    /// NaN, which is not at most anything, goes to the second child.
    fn next(self, value: f32) -> u32 {
        let at_most = value <= self.threshold;
        (self.slot_and_child & CHILD_MASK) + u32::from(!at_most)
    }
}

/// The target that every leaf votes for, and for it alone.
fn single_target(ensemble: &Ensemble<f32>) -> Option<usize> {
    let target = ensemble.votes.first()?.target;
    let single =
        ensemble.leaves.iter().all(|leaf| leaf.count == 1) && ensemble.votes.iter().all(|v| v.target == target);
    single.then_some(target as usize)
}

/// Its own second child: the place before it is the first.
fn leaf_at(at: usize, views: &Views, found: f32) -> Flattened {
    let before = u32::try_from(at).map_or(CHILD_MASK, |at| at.wrapping_sub(1)) & CHILD_MASK;
    Flattened { threshold: found, slot_and_child: slot_bits(views.nothing()) | before }
}

fn slot_bits(slot: usize) -> u32 {
    u32::try_from(slot).expect("slots are few") << CHILD_BITS
}

struct Building<'a> {
    ensemble: &'a Ensemble<f32>,
    nodes: Vec<Flattened>,
    views: Views,
}

impl Building<'_> {
    /// Level by level, so that what every row passes lies close together.
    fn tree(&mut self, root: Child, place: u32, found: Found) -> Option<Tree> {
        let first = self.pair();
        let mut waiting = VecDeque::from([(root, first, 0)]);
        let mut depth = 0;
        while let Some((child, at, level)) = waiting.pop_front() {
            depth = level;
            match child {
                Child::Leaf(leaf) => {
                    let value = match found {
                        Found::WeightFor(_) => self.ensemble.votes_at(self.ensemble.leaves[leaf as usize])[0].weight,
                        #[allow(clippy::cast_precision_loss, reason = "there are fewer than two to the twentieth")]
                        Found::Leaf => leaf as f32,
                    };
                    self.nodes[at] = leaf_at(at, &self.views, value);
                }
                Child::Node(node) => {
                    let node = &self.ensemble.nodes[node as usize];
                    let Asked { slot, threshold, swapped } = self.views.asked(node)?;
                    let children = self.pair();
                    let child = u32::try_from(children).expect("places were counted before");
                    self.nodes[at] = Flattened { threshold, slot_and_child: slot_bits(slot) | child };
                    let sides =
                        if swapped { [node.when_false, node.when_true] } else { [node.when_true, node.when_false] };
                    waiting.push_back((sides[0], children, level + 1));
                    waiting.push_back((sides[1], children + 1, level + 1));
                }
            }
        }
        Some(Tree { root: u32::try_from(first).expect("places were counted before"), depth, place })
    }

    fn pair(&mut self) -> usize {
        let unused = leaf_at(0, &self.views, 0.0);
        self.nodes.extend([unused, unused]);
        self.nodes.len() - 2
    }
}
