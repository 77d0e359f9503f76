//! Inputs that are maps. The runtime has only tensors, so such an input becomes one whose columns are the keys that its
//! reader asks for. What a map holds is read from the bytes of the file: the runtime's decoder leaves it out.

use std::collections::HashMap;

use tract_onnx::pb::tensor_shape_proto::{Dimension, dimension};
use tract_onnx::pb::type_proto::{Tensor, Value};
use tract_onnx::pb::{GraphProto, ModelProto, TensorShapeProto, TypeProto};
use tract_onnx::tract_hir::internal::*;

use crate::check::named;
use crate::operators;
use crate::wire::{fields, number};

/// The keys that become columns, by input.
pub(crate) type Keys = HashMap<String, Vec<String>>;

/// Makes tensors of the maps among the inputs.
pub(crate) fn resolve(bytes: &[u8], proto: &mut ModelProto) -> TractResult<Keys> {
    let mut keys = Keys::new();
    let Some(graph) = &mut proto.graph else { return Ok(keys) };
    let untyped = |at: &usize| graph.input[*at].r#type.as_ref().is_some_and(|kind| kind.value.is_none());
    let maps: Vec<usize> = (0..graph.input.len()).filter(untyped).collect();
    if maps.is_empty() {
        return Ok(keys);
    }
    let kinds = value_kinds(bytes)?;
    for at in maps {
        let name = graph.input[at].name.clone();
        let kind = kinds.get(&name).with_context(|| format!("input `{name}` is neither a tensor nor a map"))?;
        let columns = asked(graph, &name)?;
        graph.input[at].r#type = Some(tensor(*kind, columns.len())?);
        keys.insert(name, columns);
    }
    Ok(keys)
}

/// All who read the map ask for the same keys.
fn asked(graph: &GraphProto, name: &str) -> TractResult<Vec<String>> {
    let mut asked = None;
    for node in graph.node.iter().filter(|node| node.input.iter().any(|input| input == name)) {
        let keys = operators::keys(node).with_context(|| format!("{}: a map cannot be read", named(node)))?;
        let keys = keys.with_context(|| named(node))?;
        ensure!(asked.is_none() || asked.as_ref() == Some(&keys), "{}: other keys than another node's", named(node));
        asked = Some(keys);
    }
    asked.with_context(|| format!("input `{name}` is a map that nobody reads"))
}

fn tensor(kind: i32, columns: usize) -> TractResult<TypeProto> {
    let columns = dimension::Value::DimValue(i64::try_from(columns)?);
    let dim = |value| Dimension { value, ..Default::default() };
    let shape = TensorShapeProto { dim: vec![dim(None), dim(Some(columns))] };
    let value = Value::TensorType(Tensor { elem_type: kind, shape: Some(shape) });
    Ok(TypeProto { value: Some(value), ..Default::default() })
}

/// The data type of the values of each input that is a map, by the field numbers of onnx.proto: model.graph (7), its inputs
/// (11), their name (1) and type (2), that map's (5) value (2), its tensor's (1) data type (1).
fn value_kinds(bytes: &[u8]) -> TractResult<HashMap<String, i32>> {
    let mut kinds = HashMap::new();
    for graph in fields(bytes, 7)? {
        for input in fields(graph, 11)? {
            let name = fields(input, 1)?.pop().unwrap_or_default();
            for kind in fields(input, 2)? {
                for map in fields(kind, 5)? {
                    for value in fields(map, 2)? {
                        for tensor in fields(value, 1)? {
                            let kind = number(tensor, 1)?.and_then(|kind| i32::try_from(kind).ok());
                            kinds.extend(kind.map(|kind| (String::from_utf8_lossy(name).into_owned(), kind)));
                        }
                    }
                }
            }
        }
    }
    Ok(kinds)
}
