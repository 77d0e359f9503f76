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
