//! Where ONNX Runtime 1.32 is known to answer something else than the operator's definition says. Its answer is kept, as a
//! package is proven on it; what a graph meets is told, so that nobody looks for the fault in the training.

use std::collections::BTreeSet;

use tract_onnx::pb::{AttributeProto, ModelProto, NodeProto};

/// One line for each fault of each node.
pub(crate) fn known_faults(proto: &ModelProto) -> Vec<String> {
    let nodes = proto.graph.iter().flat_map(|graph| &graph.node);
    let trees = nodes.filter(|node| node.domain == "ai.onnx.ml" && node.op_type == "TreeEnsembleClassifier");
    trees.flat_map(|node| of_two_classes(node).into_iter().map(|fault| format!("`{}`: {fault}", name(node)))).collect()
}

fn name(node: &NodeProto) -> &str {
    if node.name.is_empty() { &node.op_type } else { &node.name }
}

fn of_two_classes(node: &NodeProto) -> Vec<&'static str> {
    let attribute = |name: &str| node.attribute.iter().find(|attribute| attribute.name == name);
    let integers = |name: &str| attribute(name).map_or(&[][..], |attribute| &attribute.ints);
    let (numbers, texts) = (integers("classlabels_int64s"), attribute("classlabels_strings"));
    if numbers.len() != 2 && texts.is_none_or(|texts| texts.strings.len() != 2) {
        return Vec::new();
    }
    let votes: BTreeSet<i64> = integers("class_ids").iter().copied().collect();
    let bases = count(attribute("base_values")) + count(attribute("base_values_as_tensor"));
    let mut faults = Vec::new();
    match (bases, votes.contains(&1)) {
        (2, true) => faults.push(
            "with two base values ONNX Runtime makes the score of the second class of the votes for the first one and the \
             second base value",
        ),
        (2, false) => faults.push("ONNX Runtime leaves out the base value of the second class, which no leaf votes for"),
        (1, true) if votes.len() == 1 => faults.push("ONNX Runtime leaves out the base value"),
        _ => {}
    }
    let weights = attribute("class_weights").map_or(&[][..], |weights| &weights.floats);
    let is_transformed = attribute("post_transform").is_some_and(|transform| transform.s != b"NONE");
    if votes.len() == 1 && is_transformed && !weights.is_empty() && weights.iter().all(|weight| *weight >= 0.0) {
        faults.push(
            "with no negative leaf ONNX Runtime gives the second label where the sum of the leaves is above 0.5, and not \
             where its probability is",
        );
    }
    if votes.len() > 1 && numbers != [0, 1] {
        faults.push("ONNX Runtime gives 0 and 1 for labels, whatever the labels are");
    }
    faults
}

fn count(attribute: Option<&AttributeProto>) -> usize {
    let values = |attribute: &AttributeProto| {
        let dims = attribute.t.as_ref().map_or(0, |tensor| tensor.dims.iter().product::<i64>().max(0));
        attribute.floats.len() + usize::try_from(dims).unwrap_or(0)
    };
    attribute.map_or(0, values)
}
