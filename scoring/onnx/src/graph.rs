//! An ONNX graph run by tract: loaded from bytes, checked operator by operator, then fed tensors by input name.
//! A hostile file is refused and never ends the process.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tract_onnx::model::ParseResult;
use tract_onnx::pb::{GraphProto, ModelProto};
use tract_onnx::tract_hir::internal::*;

use crate::bounds::{self, Volumes};
use crate::calibrated::Calibrated;
use crate::check::{check, named};
use crate::constants::{FEW, constants};
use crate::known_faults::known_faults;
use crate::map_inputs::Keys;
use crate::{Kind, ModelError, Tensor, map_inputs, memory, operators, plan, wire};

pub struct Graph {
    plan: Plan,
    inputs: Vec<GraphInput>,
    outputs: Vec<GraphOutput>,
    constants: Vec<f32>,
    known_faults: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphInput {
    pub name: String,
    pub kind: Kind,
    /// `None` where the file leaves a dimension open.
    pub shape: Vec<Option<usize>>,
    /// Where the file asks for maps: the keys whose values stand in the columns, zero or empty for a key that is absent.
    pub columns: Option<Vec<String>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphOutput {
    pub name: String,
    /// Kind and shape, which may have a dimension open; `None` where only a call tells.
    pub form: Option<(Kind, Vec<Option<usize>>)>,
    /// What the columns are called, where the graph says it by a `ZipMap`.
    pub columns: Option<Vec<String>>,
}

enum Plan {
    /// For any number of rows.
    Open(Arc<TypedRunnableModel>, Volumes),
    /// Made anew for each call: shapes are not known before it.
    OfCall { proto: Box<ModelProto>, values_decide: bool },
}

impl Graph {
    /// With the shapes that the file declares; an open first dimension stands for any number of rows. A graph with other open
    /// dimensions, or with shapes that depend on an input's values, is planned at each call, which takes longer.
    pub fn load(bytes: &[u8]) -> Result<Self, ModelError> {
        refused(bytes, || {
            let (proto, keys) = read(bytes)?;
            Self::build(proto, keys)
        })
    }

    /// The same, with the plan that may stand in its place, or else what explains its outputs.
    pub(crate) fn load_with_plan(bytes: &[u8]) -> Result<(Self, Option<plan::Plan>, Vec<Calibrated>), ModelError> {
        refused(bytes, || {
            let (proto, keys) = read(bytes)?;
            let graph = Self::build(proto.clone(), keys)?;
            let Some(known) = plan::symbols(&proto, &graph.inputs) else { return Ok((graph, None, Vec::new())) };
            let plan = plan::Plan::of(&proto, &known);
            let calibrated = if plan.is_some() { Vec::new() } else { Calibrated::of(&proto, &known) };
            Ok((graph, plan, calibrated))
        })
    }

    pub(crate) fn build(proto: ModelProto, mut keys: Keys) -> TractResult<Self> {
        let (mut model, mut inputs) = parsed(&proto)?;
        inputs.iter_mut().for_each(|input| input.columns = keys.remove(&input.name));
        let (mut outputs, constants, known_faults) = (outputs(&proto)?, constants(&proto, FEW), known_faults(&proto));
        let values_decide = operators::reads_shapes(&proto);
        if values_decide || inputs.iter().any(|input| input.shape.iter().skip(1).any(Option::is_none)) {
            return Ok(Self {
                plan: Plan::OfCall { proto: Box::new(proto), values_decide },
                inputs,
                outputs,
                constants,
                known_faults,
            });
        }
        let rows = model.symbols.sym(bounds::ROWS);
        for (at, input) in inputs.iter().enumerate() {
            let dims = input.shape.iter().map(|dim| dim.map_or_else(|| rows.to_dim(), |dim| dim.to_dim()));
            let fact = InferenceFact::dt_shape(input.kind.inner(), dims.collect::<TVec<TDim>>());
            model.set_input_fact(at, fact)?;
        }
        let (plan, volumes) = planned(model)?;
        for (at, output) in outputs.iter_mut().enumerate() {
            output.form = form(plan.model().output_fact(at)?);
        }
        Ok(Self { plan: Plan::Open(plan, volumes), inputs, outputs, constants, known_faults })
    }

    #[must_use]
    pub fn inputs(&self) -> &[GraphInput] {
        &self.inputs
    }

    #[must_use]
    pub fn outputs(&self) -> &[GraphOutput] {
        &self.outputs
    }

    /// The single numbers that it holds, ascending.
    pub(crate) fn constants(&self) -> &[f32] {
        &self.constants
    }

    pub(crate) fn known_faults(&self) -> &[String] {
        &self.known_faults
    }

    /// Tensors in the order of `inputs`; answers in the order of `outputs`.
    pub fn run(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>, ModelError> {
        guarded(|| self.answer(inputs)).map_err(|reason| ModelError::Failed { reason })
    }

    fn answer(&self, inputs: Vec<Tensor>) -> TractResult<Vec<Tensor>> {
        let rows = rows(&self.inputs, &inputs, matches!(self.plan, Plan::Open(..)))?;
        let inputs = inputs.into_iter().map(|tensor| Ok(tensor.into_inner()?.into_tvalue()));
        let inputs = inputs.collect::<TractResult<TVec<TValue>>>()?;
        let mut symbols = SymbolValues::default();
        let outputs = match &self.plan {
            Plan::Open(plan, volumes) => {
                if let Some(rows) = rows {
                    volumes.allow(rows)?;
                    symbols.set(&plan.model().symbols.sym(bounds::ROWS), i64::try_from(rows)?);
                }
                plan.run(inputs)?
            }
            Plan::OfCall { proto, values_decide } => {
                let (mut model, _) = parsed(proto)?;
                for (at, input) in inputs.iter().enumerate() {
                    let fact = InferenceFact::from(input.clone().into_tensor());
                    model.set_input_fact(at, if *values_decide { fact } else { fact.without_value() })?;
                }
                planned(model)?.0.run(inputs)?
            }
        };
        let named = outputs.iter().zip(&self.outputs);
        named
            .map(|(inner, output)| Tensor::of(inner, &symbols).with_context(|| format!("output `{}`", output.name)))
            .collect()
    }
}

/// How many rows the open dimensions have; all inputs fit and, where they must, agree on it.
pub(crate) fn rows(declared: &[GraphInput], given: &[Tensor], agree: bool) -> TractResult<Option<usize>> {
    let (expected, found) = (declared.len(), given.len());
    ensure!(expected == found, "expected {expected} inputs, found {found}");
    let mut rows = None;
    for (input, tensor) in declared.iter().zip(given) {
        let (kind, shape) = (tensor.values().kind(), tensor.shape());
        let fits = shape.len() == input.shape.len()
            && input.shape.iter().zip(shape).all(|(expected, found)| expected.is_none_or(|dim| dim == *found));
        let (expected, name) = (input.kind, &input.name);
        ensure!(kind == expected, "input `{name}`: expected {expected}, found {kind}");
        ensure!(fits, "input `{name}`: expected a shape like {}, found {shape:?}", shown(&input.shape));
        for found in input.shape.iter().zip(shape).filter(|(dim, _)| dim.is_none()).map(|(_, found)| *found) {
            let agrees = rows.is_none_or(|rows| rows == found) || !agree;
            ensure!(agrees, "input `{name}`: expected as many rows as the others, found {found}");
            rows = Some(found);
        }
    }
    Ok(rows)
}

fn refused<T>(bytes: &[u8], load: impl FnOnce() -> TractResult<T>) -> Result<T, ModelError> {
    let most = memory::largest_file();
    if bytes.len() > most {
        let reason = format!("expected at most {most} bytes, by the memory of this machine, found {}", bytes.len());
        return Err(ModelError::Refused { reason });
    }
    guarded(load).map_err(|reason| ModelError::Refused { reason })
}

/// Checked, so that tract may see it.
fn read(bytes: &[u8]) -> TractResult<(ModelProto, Keys)> {
    wire::check(bytes)?;
    let mut proto = onnx().proto_model_for_read(&mut &*bytes).context("it is no ONNX model")?;
    check(&proto, &onnx().op_register)?;
    let keys = map_inputs::resolve(bytes, &mut proto)?;
    proto.graph.iter_mut().for_each(forget_hints);
    Ok((proto, keys))
}

/// Shapes of inner tensors are inferred; what a file says of them is a hint, in names of its own.
fn forget_hints(graph: &mut GraphProto) {
    graph.value_info.clear();
    for body in graph.node.iter_mut().flat_map(|node| &mut node.attribute).filter_map(|attribute| attribute.g.as_mut())
    {
        body.output.iter_mut().for_each(|output| output.r#type = None);
        forget_hints(body);
    }
}

fn shown(shape: &[Option<usize>]) -> String {
    let dims = shape.iter().map(|dim| dim.map_or_else(|| "any".to_owned(), |dim| dim.to_string()));
    format!("[{}]", dims.collect::<Vec<_>>().join(", "))
}

fn onnx() -> tract_onnx::model::Onnx {
    tract_onnx::model::Onnx { op_register: operators::register(), ..Default::default() }
}

/// The graph as tract reads it, and its inputs as the file declares them.
fn parsed(proto: &ModelProto) -> TractResult<(InferenceModel, Vec<GraphInput>)> {
    let ParseResult { mut model, unresolved_inputs, .. } = onnx().parse(proto, None)?;
    ensure!(unresolved_inputs.is_empty(), "nothing gives the tensor `{}`", unresolved_inputs[0]);
    bounds::bound(&mut model);
    let mut inputs = Vec::new();
    for at in 0..model.input_outlets()?.len() {
        let name = model.node(model.input_outlets()?[at].node).name.clone();
        let input = declared(name.clone(), model.input_fact(at)?).with_context(|| format!("input `{name}`"))?;
        inputs.push(input);
    }
    Ok((model, inputs))
}

fn declared(name: String, fact: &InferenceFact) -> TractResult<GraphInput> {
    let kind = fact.datum_type.concretize().context("it declares no type")?;
    let kind = Kind::of(kind).with_context(|| format!("{kind:?} cannot be given"))?;
    ensure!(fact.shape.rank().concretize().is_some(), "it declares no shape");
    let shape = fact.shape.dims().map(|dim| dim.concretize().and_then(|dim| dim.to_usize().ok()));
    Ok(GraphInput { name, kind, shape: shape.collect(), columns: None })
}

fn outputs(proto: &ModelProto) -> TractResult<Vec<GraphOutput>> {
    let graph = proto.graph.as_ref().context("it holds no graph")?;
    let outputs = graph.output.iter().map(|output| {
        let origin = graph.node.iter().find(|node| node.output.contains(&output.name));
        let columns = match origin {
            Some(node) if node.op_type == "ZipMap" => Some(operators::columns(node).with_context(|| named(node))?),
            Some(_) | None => None,
        };
        Ok(GraphOutput { name: output.name.clone(), form: None, columns })
    });
    outputs.collect()
}

fn form(fact: &TypedFact) -> Option<(Kind, Vec<Option<usize>>)> {
    Some((Kind::of(fact.datum_type)?, fact.shape.iter().map(|dim| dim.to_usize().ok()).collect()))
}

/// With the sizes of its tensors, none of which is too large for one row.
pub(crate) fn planned(model: InferenceModel) -> TractResult<(Arc<TypedRunnableModel>, Volumes)> {
    let typed = model.into_typed()?;
    Volumes::new(&typed)?;
    let optimized = typed.into_optimized()?;
    let volumes = Volumes::new(&optimized)?;
    Ok((optimized.into_runnable()?, volumes))
}

impl fmt::Debug for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Graph").field("inputs", &self.inputs).field("outputs", &self.outputs).finish_non_exhaustive()
    }
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
