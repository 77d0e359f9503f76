//! From nodes as a file names them to an [`Ensemble`]: walks each tree from its root and refuses what goes in a circle.

use std::collections::HashMap;

use tract_onnx::prelude::TractResult;
use tract_onnx::tract_hir::internal::{bail, ensure};

use super::{Child, Covers, DEEPEST, Ensemble, Leaf, Node, Test, Vote};
use crate::operators::real::Real;

/// A node or a leaf as the file has it; `Key` is how the file points at one. A cover that it does not have is zero.
pub(super) enum Listing<T, Key> {
    Branch { feature: u32, test: Test<T>, missing_is_true: bool, when_true: Key, when_false: Key, cover: f32 },
    Leaf(Vec<Vote<T>>, f32),
}

/// Where to write the place of the next child.
enum Slot {
    Root,
    True(usize),
    False(usize),
}

pub(super) struct Growth<T> {
    ensemble: Ensemble<T>,
    covers: Covers,
    /// Branches that have a place, by how the file names them.
    placed: HashMap<usize, Child>,
}

impl<T: Real> Growth<T> {
    pub(super) fn new(targets: usize) -> Self {
        let (nodes, leaves, votes, roots) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let covers = Covers { nodes: Vec::new(), leaves: Vec::new() };
        let ensemble = Ensemble { nodes, leaves, votes, roots, targets, columns: 0, covers: None, shares: false };
        Self { ensemble, covers, placed: HashMap::new() }
    }

    /// `read` gives what a key points at. `number` tells branches apart that several parents may share; a leaf that several
    /// share is one leaf for each of them.
    pub(super) fn tree<Key>(
        &mut self,
        root: Key,
        number: impl Fn(&Key) -> Option<usize>,
        mut read: impl FnMut(Key) -> TractResult<Listing<T, Key>>,
    ) -> TractResult<()> {
        let mut waiting = vec![(root, Slot::Root, 0)];
        while let Some((key, slot, depth)) = waiting.pop() {
            ensure!(depth <= DEEPEST, "a tree is deeper than {DEEPEST} nodes");
            let number = number(&key);
            if let Some(child) = number.and_then(|number| self.placed.get(&number)).copied() {
                self.ensemble.shares = true;
                self.put(child, slot);
                continue;
            }
            let child = match read(key)? {
                Listing::Leaf(votes, cover) => {
                    self.covers.leaves.push(cover);
                    self.leaf(votes)?
                }
                Listing::Branch { feature, test, missing_is_true, when_true, when_false, cover } => {
                    self.covers.nodes.push(cover);
                    let at = self.ensemble.nodes.len();
                    let child = Child::Node(place(at)?);
                    self.placed.extend(number.map(|number| (number, child)));
                    self.ensemble.columns = self.ensemble.columns.max(feature as usize + 1);
                    self.ensemble.nodes.push(Node {
                        feature,
                        test,
                        missing_is_true,
                        when_true: child,
                        when_false: child,
                    });
                    waiting.push((when_false, Slot::False(at), depth + 1));
                    waiting.push((when_true, Slot::True(at), depth + 1));
                    child
                }
            };
            self.put(child, slot);
        }
        Ok(())
    }

    fn put(&mut self, child: Child, slot: Slot) {
        match slot {
            Slot::Root => self.ensemble.roots.push(child),
            Slot::True(parent) => self.ensemble.nodes[parent].when_true = child,
            Slot::False(parent) => self.ensemble.nodes[parent].when_false = child,
        }
    }

    fn leaf(&mut self, votes: Vec<Vote<T>>) -> TractResult<Child> {
        let mut targets: Vec<u32> = votes.iter().map(|vote| vote.target).collect();
        targets.sort_unstable();
        if let Some(pair) = targets.windows(2).find(|pair| pair[0] == pair[1]) {
            bail!("a leaf votes twice for target {}", pair[0]);
        }
        if let Some(target) = targets.last().filter(|target| **target as usize >= self.ensemble.targets) {
            bail!("a leaf votes for {target}, and there are {} targets", self.ensemble.targets);
        }
        let leaf = Leaf { first: place(self.ensemble.votes.len())?, count: place(votes.len())? };
        self.ensemble.votes.extend(votes);
        self.ensemble.leaves.push(leaf);
        Ok(Child::Leaf(place(self.ensemble.leaves.len() - 1)?))
    }

    pub(super) fn finish(mut self) -> TractResult<Ensemble<T>> {
        ensure!(!self.ensemble.roots.is_empty(), "it holds no tree");
        if self.ensemble.shares {
            ensure!(!goes_in_a_circle(&self.ensemble), "a tree goes in a circle");
            return Ok(self.ensemble);
        }
        self.ensemble.covers =
            Some(self.covers).filter(|covers| covers.is_sound(&self.ensemble.nodes, &self.ensemble.roots));
        Ok(self.ensemble)
    }
}

fn place(at: usize) -> TractResult<u32> {
    match u32::try_from(at) {
        Ok(at) => Ok(at),
        Err(_) => bail!("it holds more than {} nodes", u32::MAX),
    }
}

/// Takes away nodes that no other waits for, until none is left.
fn goes_in_a_circle<T>(ensemble: &Ensemble<T>) -> bool {
    let children = |node: &Node<T>| [node.when_true, node.when_false];
    let mut parents = vec![0_usize; ensemble.nodes.len()];
    for child in ensemble.nodes.iter().flat_map(children) {
        if let Child::Node(node) = child {
            parents[node as usize] += 1;
        }
    }
    let mut free: Vec<usize> = (0..parents.len()).filter(|node| parents[*node] == 0).collect();
    let mut left = parents.len();
    while let Some(node) = free.pop() {
        left -= 1;
        for child in children(&ensemble.nodes[node]) {
            if let Child::Node(node) = child {
                parents[node as usize] -= 1;
                free.extend((parents[node as usize] == 0).then_some(node as usize));
            }
        }
    }
    left > 0
}
