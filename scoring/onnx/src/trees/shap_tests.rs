//! SHAP values against the sums over all subsets of columns that define them.

use proptest::prelude::*;

use super::grown::{COLUMNS, Grown, chain, ensemble, tree, value};
use super::*;

fn weight(votes: &[Vote<f32>]) -> f64 {
    votes.iter().map(|vote| f64::from(vote.weight)).sum()
}

/// What the tree gives on average where only the columns of `known`, a set of bits, are.
fn expected(ensemble: &Ensemble<f32>, at: Child, row: &[f32], known: u32) -> f64 {
    match at {
        Child::Leaf(leaf) => weight(ensemble.votes_at(ensemble.leaves[leaf as usize])),
        Child::Node(node) => {
            let node = &ensemble.nodes[node as usize];
            let value = row[node.feature as usize];
            let of = |side: Child| expected(ensemble, side, row, known);
            if known & (1 << node.feature) != 0 {
                let holds = node.test.holds(value) || (node.missing_is_true && value.is_nan());
                return of(if holds { node.when_true } else { node.when_false });
            }
            let covers = [node.when_true, node.when_false].map(|side| ensemble.covers.as_ref().unwrap().of(side));
            let [to_true, to_false] = if covers == [0.0; 2] { [1.0; 2] } else { covers };
            (to_true * of(node.when_true) + to_false * of(node.when_false)) / (to_true + to_false)
        }
    }
}

fn factorial(n: u32) -> f64 {
    (1..=n).map(f64::from).product()
}

fn by_definition(ensemble: &Ensemble<f32>, row: &[f32]) -> Vec<f64> {
    let columns = u32::try_from(row.len()).unwrap();
    let game = |known| ensemble.roots.iter().map(|root| expected(ensemble, *root, row, known)).sum::<f64>();
    let of = |column: u32| -> f64 {
        let others = (0..1_u32 << columns).filter(|known| known & (1 << column) == 0);
        let each = others.map(|known| {
            let size = known.count_ones();
            let share = factorial(size) * factorial(columns - size - 1) / factorial(columns);
            share * (game(known | 1 << column) - game(known))
        });
        each.sum()
    };
    (0..columns).map(of).collect()
}

fn ours(ensemble: &Ensemble<f32>, row: &[f32]) -> (f64, Vec<f64>) {
    let shap = Shap::of(ensemble, row.len(), weight).unwrap();
    let mut contributions = vec![0.0; row.len()];
    let mut slots: Box<Slots> = vec![7.0; SLOTS].into_boxed_slice().try_into().unwrap();
    slots[..row.len()].copy_from_slice(row);
    shap.add(&mut slots, &mut Sweep::default(), &mut contributions);
    (shap.average(), contributions)
}

fn near(ours: f64, theirs: f64) -> bool {
    (ours - theirs).abs() <= 1e-9 * theirs.abs().max(1.0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    #[cfg_attr(miri, ignore = "an hour")]
    fn contributions_are_those_of_the_definition(
        trees in prop::collection::vec(tree(1), 1..4),
        row in prop::array::uniform4(value()),
    ) {
        prop_assume!(trees.iter().all(|tree| tree.cover() > 0.0));
        let ensemble = ensemble(trees, 1);
        let (average, contributions) = ours(&ensemble, &row);
        for (ours, theirs) in contributions.iter().zip(by_definition(&ensemble, &row)) {
            prop_assert!(near(*ours, theirs), "{} is not {}", ours, theirs);
        }
        let margin: f64 = ensemble.roots.iter().map(|root| weight(ensemble.votes_of(*root, &row))).sum();
        prop_assert!(near(average + contributions.iter().sum::<f64>(), margin));
    }
}

/// One column after the other, so that every leaf at the end of it asks them all.
fn ladder(columns: u16) -> Grown {
    (0..columns).fold(Grown::Leaf(vec![(0, 100.0)], 3.0), |tree, column| {
        let leaf = Grown::Leaf(vec![(0, f32::from(column))], 2.0);
        Grown::Branch(u32::from(column), Test::AtMost(0.0), false, Box::new([tree, leaf]))
    })
}

#[test]
fn as_many_columns_as_a_way_may_ask_are_exact() {
    for columns in if cfg!(miri) { vec![1, 5] } else { vec![1, 2, 7, 8, 9, 11] } {
        let ensemble = ensemble(vec![ladder(columns)], 1);
        let row: Vec<f32> = (0..columns).map(|column| if column % 3 == 0 { 1.0 } else { -1.0 }).collect();
        let (_, contributions) = ours(&ensemble, &row);
        for (ours, theirs) in contributions.iter().zip(by_definition(&ensemble, &row)) {
            assert!(near(*ours, theirs), "{columns}: {ours} is not {theirs}");
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "an hour")]
fn contributions_of_deep_trees_sum_to_the_margin() {
    for (tree, columns) in [(ladder(300), 300), (chain(900), COLUMNS)] {
        let ensemble = ensemble(vec![tree], 1);
        for row in [vec![-1.0; columns], vec![1.0; columns], vec![450.5; columns], vec![f32::NAN; columns]] {
            let (average, contributions) = ours(&ensemble, &row);
            let margin = weight(ensemble.votes_of(ensemble.roots[0], &row));
            assert!(near(average + contributions.iter().sum::<f64>(), margin), "{margin}");
        }
    }
}

#[test]
fn covers_that_do_not_add_up_are_none() {
    let mut listed = super::tests::listed();
    assert!(listed.ensemble(1).unwrap().covers.is_some());
    for rates in [vec![1.0; 5], vec![10.0, 4.0, 6.0, 5.0, 0.0], vec![0.0; 5], vec![], vec![f32::NAN; 5]] {
        listed.hit_rates = rates;
        let ensemble = listed.ensemble(1).unwrap();
        assert!(ensemble.covers.is_none() && Shap::of(&ensemble, 2, weight).is_none());
    }
}

/// The case of `data/edges`: base and contributions by hand, over the four ways to know two columns.
#[test]
fn a_node_that_no_training_row_reached_has_no_share() {
    let leaf = |value: f32, cover: f32| Grown::Leaf(vec![(0, value)], cover);
    let branch = |column, sides| Grown::Branch(column, Test::AtMost(0.5), false, Box::new(sides));
    let known = branch(1, [leaf(-1.0, 6.0), leaf(1.0, 4.0)]);
    let ensemble = ensemble(vec![branch(0, [known, leaf(-2.0, 0.0)])], 1);
    for (row, expected) in [([0.0, 0.0], [0.0, -0.8]), ([0.0, 1.0], [0.0, 1.2]), ([1.0, 0.0], [-1.4, -0.4])] {
        let (average, contributions) = ours(&ensemble, &row);
        assert!(near(average, -0.2), "{average}");
        assert!(contributions.iter().zip(expected).all(|(ours, theirs)| near(*ours, theirs)), "{contributions:?}");
    }
}
