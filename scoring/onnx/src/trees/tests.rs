//! Ensembles that must be refused, and the evaluator on one small tree.

use super::*;
use crate::operators::post_transform::PostTransform;

/// A change, and a part of the refusal that it leads to.
type Case<T> = (&'static str, fn(&mut T));

/// `x0 <= 0.5 ? 1 : (x1 > 2 ? 2 : 3)`, with NaN on the true side of the first node.
pub(super) fn listed() -> Listed<f32> {
    Listed {
        tree_ids: vec![7; 5],
        node_ids: vec![0, 1, 2, 3, 4],
        feature_ids: vec![0, 0, 1, 0, 0],
        modes: ["BRANCH_LEQ", "LEAF", "BRANCH_GT", "LEAF", "LEAF"].map(str::to_owned).to_vec(),
        values: vec![0.5, 0.0, 2.0, 0.0, 0.0],
        true_ids: vec![1, 0, 3, 0, 0],
        false_ids: vec![2, 0, 4, 0, 0],
        missing_is_true: vec![1, 0, 0, 0, 0],
        hit_rates: vec![10.0, 4.0, 6.0, 1.0, 5.0],
        weight_tree_ids: vec![7; 3],
        weight_node_ids: vec![1, 3, 4],
        weight_targets: vec![0; 3],
        weights: vec![1.0, 2.0, 3.0],
    }
}

fn scores(rows: &[[f32; 2]]) -> Vec<f32> {
    let ensemble = listed().ensemble(1).unwrap();
    let regression = Regression::new(ensemble, Aggregate::Sum, vec![10.0], PostTransform::None).unwrap();
    let mut out = Vec::new();
    rows.iter().for_each(|row| regression.row(row, &mut out));
    out
}

fn refusal(change: impl FnOnce(&mut Listed<f32>)) -> String {
    let mut changed = listed();
    change(&mut changed);
    changed.ensemble(1).unwrap_err().to_string()
}

#[test]
fn a_row_goes_where_its_values_lead() {
    let rows = [[0.5, 9.0], [0.6, 2.1], [0.6, 2.0], [f32::NAN, 2.1], [0.6, f32::NAN]];
    assert_eq!(scores(&rows), [11.0, 12.0, 13.0, 11.0, 13.0]);
}

#[test]
fn children_lie_behind_their_parent() {
    let ensemble = listed().ensemble(1).unwrap();
    assert_eq!(ensemble.roots, [Child::Node(0)]);
    assert_eq!((ensemble.nodes[0].when_true, ensemble.nodes[0].when_false), (Child::Leaf(0), Child::Node(1)));
    assert_eq!(ensemble.columns, 2);
}

#[test]
fn what_is_no_tree_is_refused() {
    let cases: [Case<Listed<f32>>; 9] = [
        ("node 4 of tree 7 is never reached", |listed| listed.false_ids[2] = 0),
        ("node 4 of tree 7 is never reached", |listed| listed.false_ids[2] = 2),
        ("node 4 of tree 7 is never reached", |listed| listed.false_ids[2] = 3),
        ("points at node 9, which is not there", |listed| listed.true_ids[0] = 9),
        ("node 1 of tree 7 comes twice", |listed| listed.node_ids[2] = 1),
        ("node 3 of tree 7 is never reached", |listed| {
            listed.modes[2] = "LEAF".to_owned();
            listed.values[2] = 0.0;
        }),
        ("a weight belongs to node 1 of tree 8", |listed| listed.weight_tree_ids[0] = 8),
        ("reads feature -1", |listed| listed.feature_ids[0] = -1),
        ("`nodes_modes`: `BRANCH_XOR`", |listed| listed.modes[2] = "BRANCH_XOR".to_owned()),
    ];
    for (part, change) in cases {
        let found = refusal(change);
        assert!(found.contains(part), "{found}");
    }
}

#[test]
fn lists_of_unlike_lengths_are_refused_by_name() {
    let found = refusal(|listed| listed.values.truncate(4));
    assert_eq!(found, "attribute `nodes_values`: expected 5 entries, found 4");
    let found = refusal(|listed| listed.missing_is_true = vec![1]);
    assert!(found.contains("nodes_missing_value_tracks_true"), "{found}");
    let found = refusal(|listed| listed.weight_targets.truncate(2));
    assert!(found.contains("the ids of weights"), "{found}");
}

#[test]
fn a_vote_for_no_target_or_twice_for_one_is_refused() {
    assert!(refusal(|listed| listed.weight_targets[0] = 1).contains("a leaf votes for 1"));
    assert!(refusal(|listed| listed.weight_targets[0] = -1).contains("no target"));
    assert!(refusal(|listed| listed.weight_node_ids[0] = 3).contains("a leaf votes twice for target 0"));
}

#[test]
fn a_tree_deeper_than_any_that_was_grown_is_refused() {
    let count = 2 * (DEEPEST + 1) + 1;
    let nodes = i64::try_from(count).unwrap();
    let branch = |at: i64| at % 2 == 0 && at + 1 < nodes;
    let list = |of: &dyn Fn(i64) -> i64| (0..nodes).map(of).collect::<Vec<_>>();
    let chain = Listed::<f32> {
        tree_ids: list(&|_| 0),
        node_ids: list(&|at| at),
        feature_ids: list(&|_| 0),
        modes: (0..nodes).map(|at| if branch(at) { "BRANCH_LT" } else { "LEAF" }.to_owned()).collect(),
        values: vec![0.0; count],
        true_ids: list(&|at| at + 1),
        false_ids: list(&|at| at + 2),
        ..Listed::default()
    };
    assert!(chain.ensemble(1).unwrap_err().to_string().contains("deeper than"));
}

#[test]
fn nodes_of_two_trees_that_mix_are_refused() {
    let found = refusal(|listed| listed.tree_ids = vec![7, 7, 8, 7, 7]);
    assert!(found.contains("the nodes of tree 7 do not stand together"), "{found}");
}

fn rooted() -> Rooted<f32> {
    Rooted {
        roots: vec![0],
        feature_ids: vec![0, 0],
        modes: vec![6, 6],
        splits: vec![0.0; 2],
        true_ids: vec![0, 1],
        true_is_leaf: vec![1, 1],
        false_ids: vec![1, 2],
        false_is_leaf: vec![0, 1],
        missing_is_true: Vec::new(),
        members: vec![8.0, 2.0, 2.0, f32::NAN, 1.0, f32::NAN],
        leaf_targets: vec![0; 3],
        leaf_weights: vec![1.0, 2.0, 3.0],
    }
}

#[test]
fn a_member_is_found_in_any_order_of_the_set() {
    let ensemble = rooted().ensemble(1).unwrap();
    let weight = |value: f32| ensemble.votes_of(ensemble.roots[0], &[value])[0].weight;
    assert_eq!([2.0, 8.0, 1.0, 3.0, f32::NAN].map(weight), [1.0, 1.0, 2.0, 3.0, 3.0]);
}

#[test]
fn of_a_large_set_a_value_is_asked_without_its_fraction() {
    let mut large = rooted();
    large.members = vec![2.0, 40.0, f32::NAN, 3.0];
    let ensemble = large.ensemble(1).unwrap();
    let weight = |value: f32| ensemble.votes_of(ensemble.roots[0], &[value])[0].weight;
    assert_eq!([2.9, 40.0, 3.0, 3.1, f32::INFINITY].map(weight), [1.0, 1.0, 2.0, 3.0, 3.0]);
    large.members[1] = 40.5;
    assert!(large.ensemble(1).unwrap_err().to_string().contains("members that are no int32"));
}

#[test]
fn places_that_point_at_nothing_are_refused() {
    let cases: [Case<Rooted<f32>>; 8] = [
        ("`tree_roots`: 2 points at nothing", |rooted| rooted.roots = vec![2]),
        ("`nodes_falsenodeids`: 3 points at nothing", |rooted| rooted.false_ids[1] = 3),
        ("`nodes_truenodeids`: -1 points at nothing", |rooted| rooted.true_ids[0] = -1),
        ("goes in a circle", |rooted| (rooted.false_ids[1], rooted.false_is_leaf[1]) = (0, 0)),
        ("goes in a circle", |rooted| (rooted.false_ids[1], rooted.false_is_leaf[1]) = (1, 0)),
        ("node 1 is never reached", |rooted| (rooted.false_ids[0], rooted.false_is_leaf[0]) = (1, 1)),
        ("asks for members and has none", |rooted| rooted.members = vec![1.0]),
        ("more sets than nodes", |rooted| rooted.members.extend([1.0])),
    ];
    for (part, change) in cases {
        let mut changed = rooted();
        change(&mut changed);
        let found = changed.ensemble(1).unwrap_err().to_string();
        assert!(found.contains(part), "{found}");
    }
}
