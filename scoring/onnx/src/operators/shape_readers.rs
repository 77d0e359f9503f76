//! Standard operators whose output has the shape that an input's values say, so that with such an input among those of the
//! graph nothing is known before the call.

use tract_onnx::pb::{ModelProto, NodeProto};

/// By operator the place from which on inputs decide on shapes. Of the parameters of `BatchNormalization` and the axis of
/// `CumSum` tract asks that they be constant.
const READERS: &[(&str, usize)] = &[
    ("BatchNormalization", 1),
    ("Compress", 1),
    ("ConstantOfShape", 0),
    ("CumSum", 1),
    ("Expand", 1),
    ("OneHot", 1),
    ("Pad", 1),
    ("Range", 0),
    ("ReduceL1", 1),
    ("ReduceL2", 1),
    ("ReduceLogSum", 1),
    ("ReduceLogSumExp", 1),
    ("ReduceMax", 1),
    ("ReduceMean", 1),
    ("ReduceMin", 1),
    ("ReduceProd", 1),
    ("ReduceSum", 1),
    ("ReduceSumSquare", 1),
    ("Reshape", 1),
    ("Slice", 1),
    ("Split", 1),
    ("Squeeze", 1),
    ("Tile", 1),
    ("TopK", 1),
    ("Unsqueeze", 1),
];

/// Whether an input of the graph decides on shapes.
pub(crate) fn reads_shapes(proto: &ModelProto) -> bool {
    let Some(graph) = &proto.graph else { return false };
    let is_input = |name: &String| {
        graph.input.iter().any(|input| input.name == *name)
            && !graph.initializer.iter().any(|tensor| tensor.name == *name)
    };
    graph.node.iter().any(|node| shape_inputs(node).iter().any(is_input))
}

fn shape_inputs(node: &NodeProto) -> &[String] {
    match READERS.iter().find(|(operator, _)| *operator == node.op_type) {
        Some((_, first)) => node.input.get(*first..).unwrap_or_default(),
        None => &[],
    }
}
