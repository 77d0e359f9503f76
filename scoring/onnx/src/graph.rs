//! An ONNX graph run by tract: loaded from bytes, checked operator by operator, then fed tensors by input name.
//! Knows nothing of packages, features or scores. A hostile file is refused and never ends the process.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tract_onnx::model::ParseResult;
use tract_onnx::pb::{ModelProto, NodeProto};
use tract_onnx::tract_hir::internal::*;

use crate::operators;
use crate::{Kind, ModelError, Tensor};

/// Larger files are not scorecards.
const LARGEST_FILE: usize = 16 << 20;

/// Operator domains whose operators are known here.
const DOMAINS: [&str; 3] = ["", "ai.onnx", "ai.onnx.ml"];

pub struct Graph {
    plan: Arc<TypedRunnableModel>,
    inputs: Vec<GraphInput>,
    outputs: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphInput {
    pub name: String,
    pub kind: Kind,
    /// `None` where the file leaves a dimension open.
    pub shape: Vec<Option<usize>>,
}

impl Graph {
    /// With the shapes that the file declares; an open first dimension stands for any number of rows.
    pub fn load(bytes: &[u8]) -> Result<Self, ModelError> {
        if bytes.len() > LARGEST_FILE {
            let reason = format!("expected at most {LARGEST_FILE} bytes, found {}", bytes.len());
            return Err(ModelError::Refused { reason });
        }
        guarded(|| Self::build(bytes)).map_err(|reason| ModelError::Refused { reason })
    }

    fn build(bytes: &[u8]) -> TractResult<Self> {
        let onnx = tract_onnx::model::Onnx { op_register: operators::register(), ..Default::default() };
        let proto = onnx.proto_model_for_read(&mut &*bytes).context("it is no ONNX model")?;
        check(&proto, &onnx)?;
        let ParseResult { mut model, unresolved_inputs, .. } = onnx.parse(&proto, None)?;
        ensure!(unresolved_inputs.is_empty(), "nothing gives the tensor `{}`", unresolved_inputs[0]);
        let rows = model.symbols.sym("rows");
        let mut inputs = Vec::new();
        for at in 0..model.input_outlets()?.len() {
            let fact = model.input_fact(at)?.clone();
            let kind = fact.datum_type.concretize().context("an input declares no type")?;
            let name = model.node(model.input_outlets()?[at].node).name.clone();
            let dims = dimensions(&fact, &rows).with_context(|| format!("input `{name}`"))?;
            let shape = dims.iter().map(|dim| dim.to_usize().ok()).collect();
            model.set_input_fact(at, InferenceFact::dt_shape(kind, &dims))?;
            let kind =
                Kind::of(kind).with_context(|| format!("input `{name}` is of {kind:?}, which cannot be given"))?;
            inputs.push(GraphInput { name, kind, shape });
        }
        let outputs = proto.graph.iter().flat_map(|graph| &graph.output).map(|output| output.name.clone()).collect();
        let plan = model.into_optimized()?.into_runnable()?;
        Ok(Self { plan, inputs, outputs })
    }

    pub fn inputs(&self) -> &[GraphInput] {
        &self.inputs
    }

    pub fn outputs(&self) -> &[String] {
        &self.outputs
    }

    /// Tensors in the order of `inputs`; answers in the order of `outputs`.
    pub fn run(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>, ModelError> {
        let run = || {
            let inputs = inputs.into_iter().map(|tensor| Ok(tensor.into_inner()?.into_tvalue()));
            let outputs = self.plan.run(inputs.collect::<TractResult<_>>()?)?;
            let named = outputs.iter().zip(&self.outputs);
            named.map(|(inner, name)| Tensor::of(inner).with_context(|| format!("output `{name}`"))).collect()
        };
        guarded(run).map_err(|reason| ModelError::Failed { reason })
    }
}

/// The declared dimensions, with `rows` where the first is left open.
fn dimensions(fact: &InferenceFact, rows: &Symbol) -> TractResult<TVec<TDim>> {
    let declared = fact.shape.dims().map(Factoid::concretize).enumerate();
    let dimensions = declared.map(|(axis, dimension)| match dimension {
        Some(dimension) if dimension.to_i64().is_ok() => Ok(dimension),
        Some(_) | None if axis == 0 => Ok(rows.into()),
        Some(_) | None => bail!("dimension {axis} is left open, and only the first may be"),
    });
    dimensions.collect()
}

impl fmt::Debug for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Graph").field("inputs", &self.inputs).field("outputs", &self.outputs).finish_non_exhaustive()
    }
}

/// Before tract sees the file: every node's operator is known, and nothing lies outside it.
fn check(proto: &ModelProto, onnx: &tract_onnx::model::Onnx) -> TractResult<()> {
    let graph = proto.graph.as_ref().context("it holds no graph")?;
    for node in &graph.node {
        ensure!(
            DOMAINS.contains(&node.domain.as_str()),
            "{}: operator domain `{}` is not supported",
            named(node),
            node.domain
        );
        ensure!(
            onnx.op_register.0.contains_key(&node.op_type),
            "{}: {}",
            named(node),
            operators::absence(&node.op_type)
        );
    }
    for tensor in &graph.initializer {
        ensure!(tensor.external_data.is_empty(), "tensor `{}` lies in another file", tensor.name);
    }
    Ok(())
}

fn named(node: &NodeProto) -> String {
    let name = if node.name.is_empty() { node.output.first().map_or("", String::as_str) } else { &node.name };
    format!("node `{name}` ({})", node.op_type)
}

/// A panic inside tract is a refusal like any other. The text is one line.
fn guarded<T>(run: impl FnOnce() -> TractResult<T>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(one_line(&format!("{error:#}"))),
        Err(_) => Err("the model runtime gave up on it".to_owned()),
    }
}

fn one_line(text: &str) -> String {
    let mut line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((at, _)) = line.char_indices().nth(300) {
        line.truncate(at);
    }
    line
}
