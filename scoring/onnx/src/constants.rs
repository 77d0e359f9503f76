//! The single numbers that a graph holds: what it adds, subtracts, compares and divides by. Where an input meets one of them a
//! graph may turn into something without a value.

use tract_onnx::pb::{ModelProto, TensorProto};
use tract_onnx::tract_hir::internal::*;

/// A tensor of more values holds weights, each of which means little by itself.
pub(crate) const FEW: usize = 16;

/// Each once, ascending; finite. Of tensors and attributes of at most `few` values.
pub(crate) fn constants(proto: &ModelProto, few: usize) -> Vec<f32> {
    let Some(graph) = &proto.graph else { return Vec::new() };
    let attributes = graph.node.iter().flat_map(|node| &node.attribute);
    let tensors = graph.initializer.iter().chain(attributes.clone().filter_map(|attribute| attribute.t.as_ref()));
    let mut found: Vec<f32> = tensors.filter_map(|tensor| numbers(tensor, few).ok()).flatten().collect();
    let short = attributes.clone().filter(|attribute| attribute.floats.len() <= few);
    found.extend(
        short.flat_map(|attribute| attribute.floats.iter().chain((attribute.f != 0.0).then_some(&attribute.f))),
    );
    found.retain(|value| value.is_finite());
    found.sort_by(f32::total_cmp);
    found.dedup();
    found
}

fn numbers(proto: &TensorProto, few: usize) -> TractResult<Vec<f32>> {
    let values = proto.dims.iter().try_fold(1_usize, |product, dim| product.checked_mul(usize::try_from(*dim).ok()?));
    ensure!(values.is_some_and(|values| values <= few), "it holds many values");
    let nothing_outside = tract_onnx::data_resolver::MmapDataResolver;
    let tensor = tract_onnx::tensor::load_tensor(&nothing_outside, proto, None)?;
    ensure!(tensor.datum_type().is_number(), "it holds no numbers");
    Ok(tensor.cast_to::<f32>()?.try_as_plain_ram()?.as_slice::<f32>()?.to_vec())
}
