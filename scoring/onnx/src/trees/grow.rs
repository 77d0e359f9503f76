//! From nodes as a file names them to an [`Ensemble`]: walks each tree from its root and refuses what is no tree.

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
}

impl<T: Real> Growth<T> {
    pub(super) fn new(targets: usize) -> Self {
        let (nodes, leaves, votes, roots) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let covers = Covers { nodes: Vec::new(), leaves: Vec::new() };
        Self { ensemble: Ensemble { nodes, leaves, votes, roots, targets, columns: 0, covers: None }, covers }
    }

    /// `read` gives what a key points at, and refuses a key that it has given as a branch before.
    pub(super) fn tree<Key>(
        &mut self,
        root: Key,
        mut read: impl FnMut(Key) -> TractResult<Listing<T, Key>>,
    ) -> TractResult<()> {
        let mut waiting = vec![(root, Slot::Root, 0)];
        while let Some((key, slot, depth)) = waiting.pop() {
            ensure!(depth <= DEEPEST, "a tree is deeper than {DEEPEST} nodes");
            let child = match read(key)? {
                Listing::Leaf(votes, cover) => {
                    self.covers.leaves.push(cover);
                    self.leaf(votes)?
                }
                Listing::Branch { feature, test, missing_is_true, when_true, when_false, cover } => {
                    self.covers.nodes.push(cover);
                    let at = self.ensemble.nodes.len();
                    let child = Child::Node(place(at)?);
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
            match slot {
                Slot::Root => self.ensemble.roots.push(child),
                Slot::True(parent) => self.ensemble.nodes[parent].when_true = child,
                Slot::False(parent) => self.ensemble.nodes[parent].when_false = child,
            }
        }
        Ok(())
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
        self.ensemble.covers = Some(self.covers).filter(|covers| covers.is_sound(&self.ensemble.nodes));
        Ok(self.ensemble)
    }
}

fn place(at: usize) -> TractResult<u32> {
    match u32::try_from(at) {
        Ok(at) => Ok(at),
        Err(_) => bail!("it holds more than {} nodes", u32::MAX),
    }
}
