//! With what the trees of a plan compare the columns of a row. Of a column that is prepared first nothing is said: its
//! threshold is one of what it becomes.

use super::{Formula, Plan, Source};
use crate::trees::{Node, Test};

impl Plan {
    /// Each once, by column and value.
    pub(crate) fn thresholds(&self) -> Vec<(usize, f32)> {
        let mut found = Vec::new();
        for model in &self.models {
            let nodes = match &model.formula {
                Formula::TreeClasses(trees, ..) => &trees.ensemble.nodes,
                Formula::TreeSums(trees, _) => &trees.ensemble.nodes,
                Formula::LinearClasses(_) | Formula::LinearSums(_) => continue,
            };
            for node in nodes {
                let column = model.columns.get(node.feature as usize);
                if let Some(Source::Number(place)) = column.filter(|one| one.steps.is_empty()).map(|one| &one.source) {
                    found.extend(compared(node).iter().map(|value| (*place, *value)));
                }
            }
        }
        found.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        found.dedup();
        found
    }
}

fn compared(node: &Node<f32>) -> &[f32] {
    match &node.test {
        Test::AtMost(value)
        | Test::Below(value)
        | Test::AtLeast(value)
        | Test::Above(value)
        | Test::Equal(value)
        | Test::NotEqual(value) => std::slice::from_ref(value),
        Test::Member(values) | Test::CutMember(values) => values,
    }
}

#[cfg(test)]
mod tests {
    use crate::{Cell, Scorer};

    fn of_corpus(name: &str) -> Scorer {
        let path = format!("{}/tests/corpus/models/{name}.onnx", std::env::var("CARGO_MANIFEST_DIR").unwrap());
        Scorer::load(&std::fs::read(path).unwrap()).unwrap()
    }

    fn scores(scorer: &Scorer, row: Vec<Cell>) -> Vec<f32> {
        let (order, mut found): (Vec<usize>, _) = ((0..row.len()).collect(), Vec::new());
        scorer.scores(scorer.outputs().len() - 1, &[row], &order, |scores| found.extend(scores)).unwrap();
        found
    }

    #[test]
    fn a_score_changes_at_the_thresholds_of_its_trees_and_a_linear_model_has_none() {
        let forest = of_corpus("sk_random_forest_three");
        let (columns, thresholds) = (forest.columns().unwrap().len(), forest.thresholds());
        assert!(forest.is_compiled() && thresholds.len() > 20, "{}", thresholds.len());
        let changes = |&(column, threshold): &(usize, f32)| {
            // Around some of the values that other columns are compared with, so that the node is reached in some row.
            let around = |(_, value): &(usize, f32)| {
                let row = |at_column: f32| {
                    let mut row = vec![Cell::Number(*value); columns];
                    row[column] = Cell::Number(at_column);
                    scores(&forest, row)
                };
                row(threshold) != row(threshold.next_up())
            };
            thresholds.iter().step_by(7).any(around)
        };
        let changed = thresholds.iter().filter(|one| changes(one)).count();
        assert!(changed * 2 > thresholds.len(), "{changed} of {}", thresholds.len());
        let linear = of_corpus("pipeline_logistic");
        assert!(linear.is_compiled() && linear.thresholds().is_empty());
    }
}
