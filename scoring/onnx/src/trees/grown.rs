//! Trees of all shapes for the tests.

use proptest::prelude::*;

use super::grow::{Growth, Listing};
use super::{Ensemble, Test, Vote};

pub(super) const COLUMNS: usize = 4;

/// A tree before its parts have places.
#[derive(Debug, Clone)]
pub(super) enum Grown {
    /// Votes and cover.
    Leaf(Vec<(u32, f32)>, f32),
    Branch(u32, Test<f32>, bool, Box<[Grown; 2]>),
}

/// So few that thresholds, values and members meet.
pub(super) fn value() -> impl Strategy<Value = f32> {
    let extremes = vec![f32::NEG_INFINITY, f32::INFINITY, f32::MIN, f32::MAX, 1e-45, -1e-45, f32::MIN_POSITIVE];
    prop_oneof![
        8 => prop::sample::select(vec![-2.0_f32, -1.0, -0.0, 0.0, 0.5, 1.0, 2.0]),
        1 => prop::sample::select(extremes),
        1 => Just(f32::NAN),
        1 => any::<f32>(),
    ]
}

fn test() -> impl Strategy<Value = Test<f32>> {
    let members = || prop::collection::btree_set(-2..3_i8, 1..4);
    let floats = |members: std::collections::BTreeSet<i8>| members.into_iter().map(f32::from).collect();
    prop_oneof![
        8 => value().prop_map(Test::AtMost),
        4 => value().prop_map(Test::Below),
        2 => value().prop_map(Test::AtLeast),
        2 => value().prop_map(Test::Above),
        1 => value().prop_map(Test::Equal),
        1 => value().prop_map(Test::NotEqual),
        1 => members().prop_map(move |members| Test::Member(floats(members))),
        1 => members().prop_map(move |members| Test::CutMember(floats(members))),
    ]
}

fn leaf(targets: u32) -> impl Strategy<Value = Grown> {
    let votes = prop::collection::btree_map(0..targets, -8.0..8.0_f32, if targets == 1 { 1..=1 } else { 0..=2 });
    // Now and then one that no row reached.
    (votes, prop_oneof![Just(0), 1..1000_u16, 1..1000_u16])
        .prop_map(|(votes, cover)| Grown::Leaf(votes.into_iter().collect(), f32::from(cover)))
}

pub(super) fn tree(targets: u32) -> impl Strategy<Value = Grown> {
    leaf(targets).prop_recursive(12, 60, 2, |inner| {
        let sides = [inner.clone(), inner];
        let branch = (0..u32::try_from(COLUMNS).unwrap(), test(), any::<bool>(), sides);
        branch.prop_map(|(feature, test, missing, sides)| Grown::Branch(feature, test, missing, Box::new(sides)))
    })
}

/// One that leans to one side, as deep as such a tree may well be.
pub(super) fn chain(depth: u16) -> Grown {
    (0..depth).map(f32::from).fold(Grown::Leaf(vec![(0, -1.0)], 1.0), |tree, level| {
        let leaf = Grown::Leaf(vec![(0, level)], 1.0);
        Grown::Branch(0, Test::Above(level), level > 7.0, Box::new([tree, leaf]))
    })
}

/// One that has all of its leaves at one depth; `place` is that of its root, counted level by level from 1.
pub(super) fn full(depth: u32, place: u16) -> Grown {
    if depth == 0 {
        return Grown::Leaf(vec![(0, f32::from(place))], 1.0);
    }
    let test = Test::AtMost(f32::from(place * 7 % 11) - 5.0);
    let sides = [2 * place, 2 * place + 1].map(|place| full(depth - 1, place));
    Grown::Branch(u32::from(place) % 4, test, place.is_multiple_of(3), Box::new(sides))
}

impl Grown {
    pub(super) fn cover(&self) -> f32 {
        match self {
            Self::Leaf(_, cover) => *cover,
            Self::Branch(.., sides) => sides[0].cover() + sides[1].cover(),
        }
    }
}

pub(super) fn ensemble(trees: Vec<Grown>, targets: u32) -> Ensemble<f32> {
    let mut growth = Growth::new(targets as usize);
    for tree in trees {
        let read = |grown: Grown| {
            let cover = grown.cover();
            Ok(match grown {
                Grown::Leaf(votes, _) => {
                    let votes = votes.into_iter().map(|(target, weight)| Vote { target, weight });
                    Listing::Leaf(votes.collect(), cover)
                }
                Grown::Branch(feature, test, missing_is_true, sides) => {
                    let [when_true, when_false] = *sides;
                    Listing::Branch { feature, test, missing_is_true, when_true, when_false, cover }
                }
            })
        };
        growth.tree(tree, |_| None, read).unwrap();
    }
    growth.finish().unwrap()
}
