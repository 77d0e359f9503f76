//! Many rows from the roots of trees to their leaves, or to where a walk goes on. The first levels are sifted ([`QuickScorer`]);
//! where the processor can, the next are taken in registers ([`Held`]). Of a tree of few leaves all is sifted.
//!
//! Each sifted level takes twice as long as the one above it, a level in registers about as long as the fourth.

#[cfg(target_arch = "x86_64")]
use super::held::{self, Held};
use super::quick_scorer::{MOST_PLACES, Place, QuickScorer, Top, ends};
use super::views::{LANES, Lanes};
use crate::wide::Aligned;
#[cfg(target_arch = "x86_64")]
use crate::wide::avx512::Avx512;

#[derive(Debug, Clone)]
pub(super) struct Tops {
    scorer: QuickScorer,
    below: Below,
    /// Of each tree, how many steps lead from its ends to the deepest leaf.
    steps: Vec<u32>,
}

/// From the places under the tops to the ends.
#[derive(Debug, Clone)]
enum Below {
    Listed(Vec<[u32; MOST_PLACES]>),
    #[cfg(target_arch = "x86_64")]
    Held(Held),
}

impl Tops {
    /// Of trees by root and depth; `at` tells what stands where.
    pub(super) fn of(trees: &[(u32, u32)], at: impl Fn(u32) -> Place) -> Self {
        #[cfg(target_arch = "x86_64")]
        if let Some(avx512) = Avx512::here() {
            let (tops, steps) = tops(trees, 3, held::LEVELS, &at);
            let below = Below::Held(Held::of(avx512, &tops, &steps, &at));
            return Self { scorer: QuickScorer::of(&tops), below, steps };
        }
        Self::portable(trees, at)
    }

    /// The same without what only some processors have.
    pub(super) fn portable(trees: &[(u32, u32)], at: impl Fn(u32) -> Place) -> Self {
        let (tops, steps) = tops(trees, 5, 0, &at);
        let listed = tops.iter().zip(&steps).map(|(top, steps)| ends(&top.places, *steps, &at)).collect();
        Self { scorer: QuickScorer::of(&tops), below: Below::Listed(listed), steps }
    }

    /// Of each tree, in the order of the trees, the [`ends`] that the rows of the block come to, and how many steps follow.
    pub(super) fn find<'a>(
        &'a self,
        block: &Lanes,
        left: &'a mut Vec<Aligned<[u32; LANES]>>,
    ) -> impl Iterator<Item = ([u32; LANES], u32)> + 'a {
        self.scorer.sift(block, left);
        match &self.below {
            Below::Listed(ends) => {
                for (Aligned(left), ends) in left.iter_mut().zip(ends) {
                    // The last place is on no first side: some bit is always left.
                    *left =
                        left.map(|left| ends[(left | 1 << (MOST_PLACES - 1)).trailing_zeros() as usize % MOST_PLACES]);
                }
            }
            #[cfg(target_arch = "x86_64")]
            Below::Held(held) => held.descend(block, left),
        }
        left.iter().map(|left| left.0).zip(self.steps.iter().copied())
    }
}

/// The tops of so many levels, where `follow` levels more are no walk, and the steps below both.
fn tops(trees: &[(u32, u32)], levels: u32, follow: u32, at: &impl Fn(u32) -> Place) -> (Vec<Top>, Vec<u32>) {
    let reach = levels + follow;
    let top = |((root, depth), tree): (&(u32, u32), u32)| {
        // Sixteen are sifted in the time that the other way takes, and twice as many in that of a walk. A deeper tree has more.
        let most = if *depth <= reach { MOST_PLACES / 2 } else { MOST_PLACES };
        let whole = ((*depth as usize) < MOST_PLACES).then(|| Top::of(*root, tree, *depth, most, at)).flatten();
        let part = || Top::of(*root, tree, levels, MOST_PLACES, at).expect("a top has fewer places than bits");
        whole.map_or_else(|| (part(), depth.saturating_sub(reach)), |whole| (whole, 0))
    };
    trees.iter().zip(0..).map(top).unzip()
}
