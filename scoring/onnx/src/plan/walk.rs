//! Follows a graph from its inputs to its outputs on symbols instead of tensors.

use std::collections::HashMap;

use tract_onnx::model::{Onnx, ParsingContext};
use tract_onnx::pb::{ModelProto, NodeProto};
use tract_onnx::tract_hir::internal::*;

use super::standard;
use super::symbol::{Column, Columns, MOST_COLUMNS, Source, Symbol};
use crate::{GraphInput, Kind, operators};

/// Columns are copied from node to node: a graph of more stays with tract, so that no file can take all memory here.
const MOST_NODES: usize = 512;

/// What the tensors of a graph are, by name; those that are not known this way are left out.
pub(crate) type Symbols = HashMap<String, Symbol>;

/// `None` for a graph that is not followed.
pub(crate) fn symbols(proto: &ModelProto, inputs: &[GraphInput]) -> Option<Symbols> {
    let graph = proto.graph.as_ref().filter(|graph| graph.node.len() <= MOST_NODES)?;
    let mut known = given(inputs)?;
    for initializer in &graph.initializer {
        if let Some(constant) = standard::constant(initializer) {
            known.insert(initializer.name.clone(), constant);
        }
    }
    let framework = Onnx::default();
    let context = ParsingContext {
        onnx_operator_set_version: proto.opset_import.first().map_or(0, |import| import.version),
        framework: &framework,
        model: proto,
        parent_graphs: Vec::new(),
        model_dir: None,
        template: InferenceModel::default(),
    };
    for node in &graph.node {
        let read = node.input.iter().map(|name| known.get(name).cloned()).collect::<Option<Vec<_>>>();
        let Some(made) = read.and_then(|read| made(&context, node, &read)) else { continue };
        let names = node.output.iter().filter(|name| !name.is_empty());
        known.extend(names.cloned().zip(made));
    }
    Some(known)
}

/// An operator that refuses its node here has refused it before, when the graph was loaded.
fn made(context: &ParsingContext, node: &NodeProto, read: &[Symbol]) -> Option<Vec<Symbol>> {
    match operators::ours(context, node) {
        // With an output left out, the names would not stand by the symbols.
        Some(_) if node.output.iter().any(String::is_empty) => None,
        Some(operator) => operator.symbols(read),
        None => standard::symbols(node, read).map(|symbol| vec![symbol]),
    }
}

/// The inputs, each any number of rows of float32, int64 or text.
fn given(inputs: &[GraphInput]) -> Option<HashMap<String, Symbol>> {
    let mut known = HashMap::new();
    let mut next = 0;
    for input in inputs {
        let [None, Some(width)] = input.shape[..] else { return None };
        let places = next..next + width;
        next += width;
        if next > MOST_COLUMNS {
            return None;
        }
        let source: fn(usize) -> Source = match input.kind {
            Kind::Float32 => Source::Number,
            Kind::Text => Source::Text,
            Kind::Int64 => Source::Integer,
            Kind::Float64 | Kind::Int32 | Kind::Int16 | Kind::Bool => return None,
        };
        let columns = places.map(|place| Column { source: source(place), steps: Vec::new() }).collect();
        known.insert(input.name.clone(), Symbol::Columns(Columns { shape: vec![width], columns }));
    }
    Some(known)
}
