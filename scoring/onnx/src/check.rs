//! What a file must be before the runtime sees it: operators that are known, all its data inside, tensors as large as
//! their data, and nodes that lead from inputs to outputs without a circle.

use std::collections::{HashMap, HashSet};

use tract_onnx::model::OnnxOpRegister;
use tract_onnx::pb::tensor_proto::{DataLocation, DataType};
use tract_onnx::pb::{GraphProto, ModelProto, NodeProto, TensorProto};
use tract_onnx::tract_hir::internal::*;

use crate::operators;

/// More nodes than any pipeline of preprocessing and model has.
const MOST_NODES: usize = 10_000;

/// Of ONNX-ML; what a newer version means nobody here knows.
const NEWEST_ML: i64 = 5;
/// Bytes of one text of the file; a graph may copy it to every row.
const LONGEST_TEXT: usize = 4096;

pub(crate) fn check(proto: &ModelProto, known: &OnnxOpRegister) -> TractResult<()> {
    let outer = proto.graph.as_ref().context("it holds no graph")?;
    let bodies = outer.node.iter().filter_map(body);
    let nodes = bodies.map(|body| body.node.len()).fold(outer.node.len(), usize::saturating_add);
    ensure!(nodes <= MOST_NODES, "expected at most {MOST_NODES} nodes, found {nodes}");
    for import in proto.opset_import.iter().filter(|import| import.domain == "ai.onnx.ml") {
        let known = (1..=NEWEST_ML).contains(&import.version);
        ensure!(known, "`ai.onnx.ml` of version {} is not supported, at most {NEWEST_ML} is", import.version);
    }
    ensure!(proto.functions.is_empty(), "functions of the file's own are not supported");
    for node in &outer.node {
        if let Some(body) = body(node) {
            let checked = graph(body, known, false).and_then(|()| {
                names(body).context("it sees its own inputs and tensors alone, and none of the graph around it")
            });
            checked.context("its body").with_context(|| named(node))?;
        }
    }
    graph(outer, known, true)?;
    names(outer)
}

/// The graph within the graph that a `Scan` runs; no other operator, and no node of a body, has one.
fn body(node: &NodeProto) -> Option<&GraphProto> {
    let scan = node.op_type == "Scan";
    node.attribute.iter().find(|attribute| scan && attribute.name == "body").and_then(|attribute| attribute.g.as_ref())
}

fn graph(graph: &GraphProto, known: &OnnxOpRegister, bodies: bool) -> TractResult<()> {
    ensure!(graph.sparse_initializer.is_empty(), "sparse initializers are not supported");
    for node in &graph.node {
        operator(node, known).with_context(|| named(node))?;
        attributes(node, bodies).with_context(|| named(node))?;
    }
    for initializer in &graph.initializer {
        tensor(initializer).with_context(|| format!("tensor `{}`", initializer.name))?;
    }
    Ok(())
}

pub(crate) fn named(node: &NodeProto) -> String {
    let name = if node.name.is_empty() { node.output.first().map_or("", String::as_str) } else { &node.name };
    format!("node `{name}` ({})", node.op_type)
}

fn operator(node: &NodeProto, known: &OnnxOpRegister) -> TractResult<()> {
    let ours = operators::is_ml(&node.op_type);
    match node.domain.as_str() {
        "" | "ai.onnx" if ours => bail!("operator of domain `ai.onnx.ml` in domain `{}`", node.domain),
        "ai.onnx.ml" if !ours => bail!("{}", operators::absence(&node.op_type)),
        "" | "ai.onnx" | "ai.onnx.ml" => {}
        other => bail!("operator domain `{other}` is not supported"),
    }
    ensure!(known.0.contains_key(&node.op_type), "{}", operators::absence(&node.op_type));
    Ok(())
}

fn attributes(node: &NodeProto, bodies: bool) -> TractResult<()> {
    for attribute in &node.attribute {
        let known = bodies && node.op_type == "Scan" && attribute.name == "body";
        let graphs = attribute.g.is_some() && !known || !attribute.graphs.is_empty();
        ensure!(!graphs, "attribute `{}` holds a graph, which is not supported", attribute.name);
        text(attribute.strings.iter().chain([&attribute.s]))
            .with_context(|| format!("attribute `{}`", attribute.name))?;
        for value in attribute.t.iter().chain(&attribute.tensors) {
            tensor(value).with_context(|| format!("attribute `{}`", attribute.name))?;
        }
    }
    Ok(())
}

fn text<'a>(mut texts: impl Iterator<Item = &'a Vec<u8>>) -> TractResult<()> {
    match texts.find(|text| text.len() > LONGEST_TEXT) {
        Some(text) => bail!("a text of {} bytes, at most {LONGEST_TEXT} are supported", text.len()),
        None => Ok(()),
    }
}

/// That it holds exactly the values that its shape asks for, in itself.
#[allow(clippy::wildcard_enum_match_arm, reason = "ONNX has many data types, and those not named are refused")]
fn tensor(tensor: &TensorProto) -> TractResult<()> {
    let inside = tensor.external_data.is_empty() && tensor.data_location != Some(DataLocation::External as i32);
    ensure!(inside, "its data lies in another file");
    let volume = tensor.dims.iter().try_fold(1_usize, |volume, dim| volume.checked_mul(usize::try_from(*dim).ok()?));
    let volume = volume.context("its shape cannot be")?;
    let kind = DataType::try_from(tensor.data_type).ok().context("its data type is not known")?;
    let (width, values) = match kind {
        DataType::Float => (4, tensor.float_data.len()),
        DataType::Double => (8, tensor.double_data.len()),
        DataType::Int64 | DataType::Uint64 => (8, tensor.int64_data.len()),
        DataType::Int32 | DataType::Uint32 => (4, tensor.int32_data.len()),
        DataType::Int16 | DataType::Uint16 | DataType::Float16 => (2, tensor.int32_data.len()),
        DataType::Int8 | DataType::Uint8 | DataType::Bool => (1, tensor.int32_data.len()),
        DataType::String => {
            text(tensor.string_data.iter())?;
            ensure!(tensor.raw_data.is_empty(), "texts as raw data are not supported");
            (1, tensor.string_data.len())
        }
        _ => bail!("data type {kind:?} is not supported"),
    };
    let found = if tensor.raw_data.is_empty() { Some(values) } else { exact_quotient(tensor.raw_data.len(), width) };
    ensure!(found == Some(volume), "its data does not fill its shape {:?}", tensor.dims);
    Ok(())
}

const fn exact_quotient(length: usize, width: usize) -> Option<usize> {
    if length.is_multiple_of(width) { Some(length / width) } else { None }
}

/// Every tensor has one origin, what is read has one, and no node waits for itself.
fn names(graph: &GraphProto) -> TractResult<()> {
    let mut origins: HashMap<&str, Option<usize>> = HashMap::new();
    for name in graph.input.iter().map(|input| &input.name) {
        ensure!(origins.insert(name, None).is_none(), "input `{name}` comes twice");
    }
    let mut initialised = HashSet::new();
    for name in graph.initializer.iter().map(|tensor| &tensor.name) {
        ensure!(initialised.insert(name), "initializer `{name}` comes twice");
        origins.insert(name, None);
    }
    for (at, node) in graph.node.iter().enumerate() {
        for output in node.output.iter().filter(|output| !output.is_empty()) {
            ensure!(origins.insert(output, Some(at)).is_none(), "{}: `{output}` is given twice", named(node));
        }
    }
    for output in graph.output.iter().map(|output| output.name.as_str()) {
        ensure!(origins.contains_key(output), "nothing gives the output `{output}`");
    }
    order(graph, &origins)
}

/// Takes away nodes whose inputs are all there, until none is left.
fn order(graph: &GraphProto, origins: &HashMap<&str, Option<usize>>) -> TractResult<()> {
    let mut waits_for = vec![0_usize; graph.node.len()];
    let mut readers = vec![Vec::new(); graph.node.len()];
    for (at, node) in graph.node.iter().enumerate() {
        for input in node.input.iter().filter(|input| !input.is_empty()) {
            match origins.get(input.as_str()) {
                Some(Some(origin)) => {
                    waits_for[at] += 1;
                    readers[*origin].push(at);
                }
                Some(None) => {}
                None => bail!("{}: nothing gives the tensor `{input}`", named(node)),
            }
        }
    }
    let mut ready: Vec<usize> = (0..graph.node.len()).filter(|at| waits_for[*at] == 0).collect();
    while let Some(at) = ready.pop() {
        for reader in &readers[at] {
            waits_for[*reader] -= 1;
            if waits_for[*reader] == 0 {
                ready.push(*reader);
            }
        }
    }
    match waits_for.iter().position(|count| *count > 0) {
        Some(at) => bail!("{}: it waits for itself", named(&graph.node[at])),
        None => Ok(()),
    }
}
