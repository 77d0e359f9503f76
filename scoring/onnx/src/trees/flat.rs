//! The fast way through an ensemble of float32: nodes of eight bytes in one table, siblings side by side, and a walk without a
//! branch that takes many trees of one row, or many rows of one tree, a step at a time. It finds the leaves that
//! [`Ensemble::votes_of`] finds; adding up their votes in the order of the trees is the caller's.
//!
//! A step asks only one thing, whether a value is at most the threshold, and goes to the first sibling or to the second.
//! Whatever else a node may ask becomes a column beside the row's own (a [`View`]), made once a row. A leaf asks of a value
//! that is always NaN and is its own second sibling, so that every tree may be walked to the depth of the deepest.
//!
//! Every index is cut to the size of its table, which costs less than a check and needs no trust in what was built.

use std::cmp::Reverse;
use std::collections::{HashMap, VecDeque};

use super::{Child, Ensemble, Node, Test, Vote};

/// Columns of a row and views of them together; more has no flat form.
pub(crate) const SLOTS: usize = 1 << SLOT_BITS;
const SLOT_BITS: u32 = 12;
const CHILD_BITS: u32 = 32 - SLOT_BITS;
const CHILD_MASK: u32 = (1 << CHILD_BITS) - 1;

/// Trees of one row that are walked together: so many steps hide each other's waiting for memory.
const TOGETHER: usize = 16;
/// Rows that are walked together through one tree.
pub(crate) const LANES: usize = 16;

/// The values of one row, then the views of them.
pub(crate) type Slots = [f32; SLOTS];
/// The same for as many rows as are walked together.
pub(crate) type Lanes = [[f32; LANES]; SLOTS];

#[derive(Debug, Clone, Copy)]
#[repr(align(8))]
struct Flattened {
    /// Of a leaf, what the walk gives out.
    threshold: f32,
    /// The slot that is asked above, the place of the first of the two children below.
    slot_and_child: u32,
}

/// A column that is made of another, so that "at most" is all that is ever asked.
#[derive(Debug, Clone, PartialEq)]
enum View {
    /// What is missing is below all, and so on the first side.
    MissingBelow,
    /// Minus infinity where the test holds, and NaN elsewhere.
    Answer(Test<f32>, bool),
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
    views: Vec<(usize, View)>,
    /// How many columns a row has; the slot behind them is always NaN, and then come the views.
    columns: usize,
    found: Found,
}

impl Flat {
    /// For rows of `columns`; `None` for an ensemble that does not fit in the table.
    pub(crate) fn of(ensemble: &Ensemble<f32>, columns: usize) -> Option<Self> {
        let places = 2 * (ensemble.nodes.len() + ensemble.roots.len());
        if columns < ensemble.columns || columns >= SLOTS || places.next_power_of_two() > 1 << CHILD_BITS {
            return None;
        }
        let mut building = Building { ensemble, columns, nodes: Vec::new(), views: Vec::new(), known: HashMap::new() };
        let found = single_target(ensemble).map_or(Found::Leaf, Found::WeightFor);
        let roots = ensemble.roots.iter().zip(0..);
        let mut trees = roots.map(|(root, place)| building.tree(*root, place, found)).collect::<Option<Vec<_>>>()?;
        trees.sort_by_key(|tree| Reverse(tree.depth));
        let Building { mut nodes, views, .. } = building;
        nodes.resize(places.next_power_of_two(), building_leaf(0, columns, 0.0));
        Some(Self { nodes, trees, views, columns, found })
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
        slots[self.columns] = f32::NAN;
        for ((column, view), slot) in self.views.iter().zip(self.columns + 1..) {
            slots[slot] = view.of(slots[*column]);
        }
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

    /// The same for many rows: of each block in turn, what stands at the leaves of each tree.
    pub(crate) fn walk_blocks(&self, blocks: &mut [Box<Lanes>], found: &mut Vec<[f32; LANES]>) {
        for block in blocks.iter_mut() {
            block[self.columns] = [f32::NAN; LANES];
            for ((column, view), slot) in self.views.iter().zip(self.columns + 1..) {
                block[slot] = block[*column].map(|value| view.of(value));
            }
        }
        found.resize(blocks.len() * self.trees.len(), [0.0; LANES]);
        let nodes = self.nodes.as_slice();
        let last = nodes.len() - 1;
        for tree in &self.trees {
            for (number, block) in blocks.iter().enumerate() {
                let mut at = [tree.root; LANES];
                for _ in 0..tree.depth {
                    for (lane, at) in at.iter_mut().enumerate() {
                        let node = nodes[*at as usize & last];
                        *at = node.next(block[node.slot()][lane]);
                    }
                }
                let place = number * self.trees.len() + tree.place as usize;
                found[place] = at.map(|at| nodes[at as usize & last].threshold);
            }
        }
    }
}

impl Flattened {
    const fn slot(self) -> usize {
        (self.slot_and_child >> CHILD_BITS) as usize
    }

    /// NaN, which is not at most anything, goes to the second child.
    fn next(self, value: f32) -> u32 {
        let at_most = value <= self.threshold;
        (self.slot_and_child & CHILD_MASK) + u32::from(!at_most)
    }
}

impl View {
    fn of(&self, value: f32) -> f32 {
        match self {
            Self::MissingBelow if value.is_nan() => f32::NEG_INFINITY,
            Self::MissingBelow => value,
            Self::Answer(test, missing_is_true) if test.holds(value) || (*missing_is_true && value.is_nan()) => {
                f32::NEG_INFINITY
            }
            Self::Answer(..) => f32::NAN,
        }
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
fn building_leaf(at: usize, columns: usize, found: f32) -> Flattened {
    let before = u32::try_from(at).map_or(CHILD_MASK, |at| at.wrapping_sub(1)) & CHILD_MASK;
    Flattened { threshold: found, slot_and_child: slot_bits(columns) | before }
}

fn slot_bits(slot: usize) -> u32 {
    u32::try_from(slot).expect("slots are few") << CHILD_BITS
}

struct Building<'a> {
    ensemble: &'a Ensemble<f32>,
    columns: usize,
    nodes: Vec<Flattened>,
    views: Vec<(usize, View)>,
    /// The slot of a column's view, by all that makes the view.
    known: HashMap<(u32, ViewKey), usize>,
}

/// A float has no hash; its bits do.
#[derive(PartialEq, Eq, Hash)]
enum ViewKey {
    MissingBelow,
    Answer(u8, Vec<u32>, bool),
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
                    self.nodes[at] = building_leaf(at, self.columns, value);
                }
                Child::Node(node) => {
                    let node = &self.ensemble.nodes[node as usize];
                    let Asked { slot, threshold, swapped } = self.asked(node)?;
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
        let unused = building_leaf(0, self.columns, 0.0);
        self.nodes.extend([unused, unused]);
        self.nodes.len() - 2
    }

    /// What a node asks, said as "at most". With `swapped` the first side is that of "false".
    fn asked(&mut self, node: &Node<f32>) -> Option<Asked> {
        let below = |threshold: f32| (threshold > f32::NEG_INFINITY).then(|| threshold.next_down());
        let (threshold, swapped) = match node.test {
            Test::AtMost(threshold) if !threshold.is_nan() => (Some(threshold), false),
            Test::Above(threshold) if !threshold.is_nan() => (Some(threshold), true),
            Test::Below(threshold) => (below(threshold), false),
            Test::AtLeast(threshold) => (below(threshold), true),
            Test::AtMost(_) | Test::Above(_) | Test::Equal(_) | Test::NotEqual(_) | Test::Member(_) => (None, false),
        };
        let Some(threshold) = threshold else {
            let view = View::Answer(node.test.clone(), node.missing_is_true);
            return Some(Asked { slot: self.slot(node.feature, view)?, threshold: 0.0, swapped: false });
        };
        let missing_is_first = node.missing_is_true != swapped;
        let slot = if missing_is_first { self.slot(node.feature, View::MissingBelow)? } else { node.feature as usize };
        Some(Asked { slot, threshold, swapped })
    }

    fn slot(&mut self, feature: u32, view: View) -> Option<usize> {
        let next = self.columns + 1 + self.views.len();
        let slot = *self.known.entry((feature, view.key())).or_insert(next);
        if slot == next {
            self.views.push((feature as usize, view));
        }
        (slot < SLOTS).then_some(slot)
    }
}

struct Asked {
    slot: usize,
    threshold: f32,
    swapped: bool,
}

impl View {
    fn key(&self) -> ViewKey {
        let Self::Answer(test, missing_is_true) = self else { return ViewKey::MissingBelow };
        let (kind, values) = match test {
            Test::AtMost(value) => (0, vec![*value]),
            Test::Below(value) => (1, vec![*value]),
            Test::AtLeast(value) => (2, vec![*value]),
            Test::Above(value) => (3, vec![*value]),
            Test::Equal(value) => (4, vec![*value]),
            Test::NotEqual(value) => (5, vec![*value]),
            Test::Member(values) => (6, values.to_vec()),
        };
        ViewKey::Answer(kind, values.into_iter().map(f32::to_bits).collect(), *missing_is_true)
    }
}
