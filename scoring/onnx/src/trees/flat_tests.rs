//! The flat form against the evaluator of the canonical one, on ensembles of all shapes and rows of all values.

use proptest::prelude::*;

use super::grown::{COLUMNS, Grown, chain, ensemble, full, tree, value};
use super::*;
use crate::operators::post_transform::PostTransform;
use crate::wide::Aligned;

fn slots() -> Box<Slots> {
    vec![7.0; SLOTS].into_boxed_slice().try_into().unwrap()
}

/// What both ways find in one row, tree by tree.
fn expect_alike(ensemble: &Ensemble<f32>, rows: &[[f32; COLUMNS]]) {
    let flat = Flat::of(ensemble, COLUMNS).unwrap();
    let votes = |found: f32| {
        let mut votes = Vec::new();
        flat.votes(ensemble, found, |vote| votes.push((vote.target, vote.weight.to_bits())));
        votes
    };
    let expected = |row: &[f32]| -> Vec<Vec<(u32, u32)>> {
        let each = ensemble.roots.iter().map(|root| ensemble.votes_of(*root, row));
        each.map(|votes| votes.iter().map(|vote| (vote.target, vote.weight.to_bits())).collect()).collect()
    };
    let (mut slots, mut found) = (slots(), Vec::new());
    for row in rows {
        slots[..COLUMNS].copy_from_slice(row);
        flat.walk(&mut slots, &mut found);
        let ours: Vec<_> = found.iter().map(|found| votes(*found)).collect();
        assert_eq!(ours, expected(row), "{row:?}");
    }
    let block: Box<Lanes> = vec![Aligned([7.0; LANES]); SLOTS].into_boxed_slice().try_into().unwrap();
    let mut blocks = vec![block; rows.len().div_ceil(LANES)];
    for (at, row) in rows.iter().enumerate() {
        row.iter().enumerate().for_each(|(column, value)| blocks[at / LANES][column].0[at % LANES] = *value);
    }
    for flat in [&flat, &flat.portable()] {
        let mut swept = Swept::default();
        flat.walk_blocks(&mut blocks, &mut swept);
        for (at, row) in rows.iter().enumerate() {
            let of_block = &swept.found[at / LANES * flat.trees()..][..flat.trees()];
            let ours: Vec<_> = of_block.iter().map(|found| votes(found.0[at % LANES])).collect();
            assert_eq!(ours, expected(row), "{row:?}");
        }
    }
}

fn cases() -> ProptestConfig {
    ProptestConfig::with_cases(400)
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    #[cfg_attr(miri, ignore = "an hour")]
    fn the_flat_form_finds_the_leaves_that_the_reference_finds(
        (targets, trees) in (1..4_u32).prop_flat_map(|targets| (Just(targets), prop::collection::vec(tree(targets), 1..40))),
        rows in prop::collection::vec(prop::array::uniform4(value()), 1..40),
    ) {
        expect_alike(&ensemble(trees, targets), &rows);
    }
}

#[test]
fn a_tree_of_any_depth_is_walked_to_its_end() {
    let trees = vec![chain(0), chain(if cfg!(miri) { 30 } else { 1500 }), chain(1)];
    let rows: Vec<_> = [-1.0, 0.0, 0.5, 700.0, 1498.5, 1e9, f32::NAN].map(|value| [value; COLUMNS]).into();
    expect_alike(&ensemble(trees, 1), &rows);
}

#[test]
fn trees_around_32_leaves_go_where_the_reference_goes_where_rows_are_many() {
    let rows: Vec<_> = (0..40_u8).map(|at| [f32::from(at) - 2.5; COLUMNS]).chain([[f32::NAN; COLUMNS]]).collect();
    for nodes in [4, 5, 6, 30, 31, 32, 33] {
        expect_alike(&ensemble(vec![chain(3), chain(nodes), chain(0)], 1), &rows);
    }
}

#[test]
fn full_trees_of_any_depth_end_where_the_reference_ends() {
    // Every leaf of the smaller ones: all pairs of values of two columns, with others beside them.
    let rows: Vec<_> = (0..2_401_u16)
        .map(|at| {
            [at % 7, at / 7 % 7, at / 49 % 7, at / 343]
                .map(|of| [-5.5, -3.0, -0.5, 0.0, 2.5, 5.5, f32::NAN][of as usize])
        })
        .collect();
    expect_alike(&ensemble((0..=9).map(|depth| full(depth, 1)).collect(), 1), &rows);
}

#[test]
fn infinite_thresholds_keep_their_meaning() {
    let thresholds = [f32::NEG_INFINITY, f32::INFINITY, f32::MIN, f32::MAX, f32::NAN, 0.0, -0.0];
    let tests: [fn(f32) -> Test<f32>; 6] =
        [Test::AtMost, Test::Below, Test::AtLeast, Test::Above, Test::Equal, Test::NotEqual];
    let mut trees = Vec::new();
    for threshold in thresholds {
        for (missing, test) in [true, false].into_iter().flat_map(|missing| tests.map(|test| (missing, test))) {
            let sides = [1.0, 2.0].map(|weight| Grown::Leaf(vec![(0, weight)], 1.0));
            trees.push(Grown::Branch(0, test(threshold), missing, Box::new(sides)));
        }
    }
    let rows: Vec<_> = thresholds.map(|value| [value; COLUMNS]).into();
    expect_alike(&ensemble(trees, 1), &rows);
}

#[test]
fn an_ensemble_of_more_columns_than_slots_has_no_flat_form() {
    let sides = [1.0, 2.0].map(|weight| Grown::Leaf(vec![(0, weight)], 1.0));
    let wide = Grown::Branch(u32::try_from(SLOTS).unwrap(), Test::AtMost(0.0), false, Box::new(sides));
    let wide = ensemble(vec![wide], 1);
    assert!(Flat::of(&wide, wide.columns).is_none());
    assert!(Flat::of(&ensemble(vec![chain(3)], 1), 0).is_none());
}

#[test]
fn scores_of_a_row_are_those_of_the_reference() {
    let trees = ensemble(vec![chain(5), chain(9)], 1);
    let regression = Regression::new(trees, Aggregate::Average, vec![0.5], PostTransform::None).unwrap();
    let flat = Flat::of(&regression.ensemble, COLUMNS).unwrap();
    let (mut slots, mut found) = (slots(), Vec::new());
    slots[..COLUMNS].copy_from_slice(&[3.5; COLUMNS]);
    flat.walk(&mut slots, &mut found);
    let mut tally = vec![Score::NONE];
    for found in found {
        flat.votes(&regression.ensemble, found, |vote| regression.add(&mut tally, vote));
    }
    let (mut ours, mut expected) = (Vec::new(), Vec::new());
    regression.finish(&mut tally, &mut ours);
    regression.row(&[3.5; COLUMNS], &mut expected);
    assert_eq!(ours, expected);
}
