//! Three levels of a tree that stand in the registers of AVX-512: what the few places of a level ask is chosen from there, and only the
//! values of the rows are fetched from memory, one for each row of a block at once.

use super::quick_scorer::{MOST_PLACES, Place, Top, ends};
use super::views::{LANES, Lanes};
use crate::wide::Aligned;
use crate::wide::avx512::{Avx512, Stepped};

/// From at most 8 places to at most 64.
pub(super) const LEVELS: u32 = 3;

#[derive(Debug, Clone)]
pub(super) struct Held {
    avx512: Avx512,
    trees: Vec<Tree>,
}

#[derive(Debug, Clone)]
enum Tree {
    /// Where the top is all of the tree.
    Sifted(Box<Aligned<[u32; MOST_PLACES]>>),
    Levels(Box<Levels>),
}

#[derive(Debug, Clone)]
#[repr(C)]
struct Levels {
    first: Level<16>,
    second: Level<16>,
    third: Level<32>,
    /// Under the first children of the last level, and under the second.
    ends: [[u32; MOST_PLACES]; 2],
}

/// What the places of a level ask. A leaf asks what it does not care for, and is both of its children.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
struct Level<const N: usize> {
    /// As bits.
    thresholds: [u32; N],
    slots: [u32; N],
}

impl Held {
    /// Of trees with at most 8 places under their tops, or with all of them.
    pub(super) fn of(avx512: Avx512, tops: &[Top], steps: &[u32], at: &impl Fn(u32) -> Place) -> Self {
        let tree = |(top, steps): (&Top, &u32)| {
            let is_end = |place: &u32| matches!(at(*place), Place::Leaf { .. });
            if top.places.iter().all(is_end) {
                return Tree::Sifted(Box::new(Aligned(ends(&top.places, *steps, at))));
            }
            let (first, [left, right]) = Level::of(&top.places, at);
            let (second, [left, right]) = Level::of(&between(&left, &right), at);
            let (third, below) = Level::of(&between(&left, &right), at);
            let ends = below.map(|places| ends(&places, *steps, at));
            Tree::Levels(Box::new(Levels { first, second, third, ends }))
        };
        Self { avx512, trees: tops.iter().zip(steps).map(tree).collect() }
    }

    /// From the places that are left to the ends.
    pub(super) fn descend(&self, block: &Lanes, left: &mut [Aligned<[u32; LANES]>]) {
        self.avx512.run(Descent { trees: &self.trees, block, left });
    }
}

/// Each first child with the second beside it.
fn between(first: &[u32], second: &[u32]) -> Vec<u32> {
    first.iter().zip(second).flat_map(|(first, second)| [*first, *second]).collect()
}

impl<const N: usize> Level<N> {
    /// Also gives the first children and the second.
    fn of(places: &[u32], at: &impl Fn(u32) -> Place) -> (Self, [Vec<u32>; 2]) {
        let mut level = Self { thresholds: [0; N], slots: [0; N] };
        let mut children = [Vec::new(), Vec::new()];
        for ((place, bits), asked) in places.iter().zip(&mut level.thresholds).zip(&mut level.slots) {
            let of_place = match at(*place) {
                Place::Leaf { .. } => [*place; 2],
                Place::Node { slot, threshold, children } => {
                    (*bits, *asked) = (threshold.to_bits(), u32::try_from(slot).expect("slots are few"));
                    children
                }
            };
            children.iter_mut().zip(of_place).for_each(|(children, child)| children.push(child));
        }
        (level, children)
    }
}

struct Descent<'a> {
    trees: &'a [Tree],
    block: &'a Lanes,
    left: &'a mut [Aligned<[u32; LANES]>],
}

impl Stepped for Descent<'_> {
    #[inline(always)]
    fn run(self, avx512: Avx512) {
        let Self { trees, block, left } = self;
        for (Aligned(left), tree) in left.iter_mut().zip(trees) {
            let at = avx512.lowest(*left);
            *left = match tree {
                Tree::Sifted(ends) => avx512.of_32(&ends.0, at),
                Tree::Levels(levels) => {
                    let Levels { first, second, third, ends: [firsts, seconds] } = levels.as_ref();
                    let values = avx512.fetch(block, avx512.of_16(&first.slots, at));
                    let at = avx512.descend(at, values, avx512.of_16(&first.thresholds, at));
                    let values = avx512.fetch(block, avx512.of_16(&second.slots, at));
                    let at = avx512.descend(at, values, avx512.of_16(&second.thresholds, at));
                    let values = avx512.fetch(block, avx512.of_32(&third.slots, at));
                    let thresholds = avx512.of_32(&third.thresholds, at);
                    avx512.choose(values, thresholds, [avx512.of_32(firsts, at), avx512.of_32(seconds, at)])
                }
            };
        }
    }
}
