//! `Scan`: a graph within the graph, run for each slice of its inputs, as exports of nearest neighbours use it to measure
//! distances. What the body needs it gets as inputs; tensors of the graph around it are none of its own.

use std::sync::{Arc, Mutex, PoisonError};

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::{GraphProto, NodeProto};
use tract_onnx::tract_hir::internal::*;

use super::super::attributes::Attributes;
use super::super::operator::{Built, Operator, built};
use super::axes::axis_of;
use crate::bounds::{self, Volumes};
use crate::graph::planned;

/// One input that is sliced, or one output that is stacked.
#[derive(Debug, Clone, Copy)]
struct Slices {
    axis: i64,
    backward: bool,
}

impl Slices {
    /// What the steps gave, each a slice of what comes out.
    fn stack(self, mut slices: Vec<Tensor>) -> TractResult<Tensor> {
        let rank = slices.first().map_or(0, Tensor::rank);
        let axis = axis_of(self.axis, rank + 1)?;
        if self.backward {
            slices.reverse();
        }
        slices.iter_mut().try_for_each(|slice| slice.insert_axis(axis))?;
        Tensor::stack_tensors(axis, &slices)
    }
}

#[derive(Debug)]
struct Scan {
    body: InferenceModel,
    /// Inputs and outputs that go from step to step come before those that are sliced and stacked.
    states: usize,
    sliced: Vec<Slices>,
    stacked: Vec<Slices>,
    /// For the inputs that were asked about last.
    planned: Mutex<Option<Arc<Body>>>,
}

/// The body for inputs of these types and shapes.
#[derive(Debug)]
struct Body {
    inputs: TVec<TypedFact>,
    plan: Arc<TypedRunnableModel>,
    outputs: TVec<TypedFact>,
    volumes: Volumes,
}

pub(super) fn build(context: &ParsingContext, node: &NodeProto) -> Built {
    let honoured = [
        "body",
        "num_scan_inputs",
        "scan_input_axes",
        "scan_input_directions",
        "scan_output_axes",
        "scan_output_directions",
    ];
    ensure!(context.onnx_operator_set_version >= 9, "before version 9 of the operators it is not supported");
    let attributes = Attributes::new(node, &honoured)?;
    let graph = node.get_attr_opt::<&GraphProto>("body")?.context("attribute `body` is missing")?;
    let (inputs, outputs) = (graph.input.len(), graph.output.len());
    let found = node.input.len();
    ensure!(inputs == found, "its body takes {inputs} inputs, found {found}");
    let found = attributes.integer("num_scan_inputs", 0)?;
    let sliced = usize::try_from(found).ok().filter(|sliced| (1..=inputs).contains(sliced));
    let sliced =
        sliced.with_context(|| format!("attribute `num_scan_inputs`: expected 1 to {inputs}, found {found}"))?;
    let states = inputs - sliced;
    let stacked = outputs.checked_sub(states);
    let stacked = stacked.with_context(|| format!("its body gives {outputs} outputs for {states} states"))?;
    let twice = graph.input.iter().find(|input| graph.initializer.iter().any(|tensor| tensor.name == input.name));
    ensure!(
        twice.is_none(),
        "its body holds a tensor by the name of an input: `{}`",
        twice.map_or("", |one| &one.name)
    );
    let parsed = context.parse_graph(graph)?;
    ensure!(parsed.unresolved_inputs.is_empty(), "its body takes tensors of the graph around it");
    let mut body = parsed.model;
    bounds::bound(&mut body);
    let scan = Scan {
        body,
        states,
        sliced: slices(&attributes, "scan_input", sliced)?,
        stacked: slices(&attributes, "scan_output", stacked)?,
        planned: Mutex::default(),
    };
    built(node, outputs, scan)
}

/// Of attributes that are left out where all have axis 0 and go forward.
fn slices(attributes: &Attributes, which: &str, count: usize) -> TractResult<Vec<Slices>> {
    let integers = |name: String| {
        let integers = attributes.integers(&name)?;
        let found = integers.len();
        ensure!(found == count || found == 0, "attribute `{name}`: expected {count} values, found {found}");
        Ok((0..count).map(|at| integers.get(at).copied().unwrap_or(0)).collect::<Vec<_>>())
    };
    let (axes, directions) = (integers(format!("{which}_axes"))?, integers(format!("{which}_directions"))?);
    axes.into_iter()
        .zip(directions)
        .map(|(axis, direction)| match direction {
            0 | 1 => Ok(Slices { axis, backward: direction == 1 }),
            other => bail!("attribute `{which}_directions`: expected 0 or 1, found {other}"),
        })
        .collect()
}

impl Scan {
    /// What the body is given of these inputs, and how many steps there are.
    fn inner(&self, inputs: &[&TypedFact]) -> TractResult<(TVec<TypedFact>, TDim)> {
        let mut steps: Option<TDim> = None;
        let mut inner = tvec!();
        for (at, input) in inputs.iter().enumerate() {
            let mut shape: TVec<TDim> = input.shape.iter().cloned().collect();
            if let Some(slices) = at.checked_sub(self.states).map(|at| &self.sliced[at]) {
                let length = shape.remove(axis_of(slices.axis, shape.len())?);
                let same = steps.as_ref().is_none_or(|steps| *steps == length);
                ensure!(same, "its sliced inputs have different lengths");
                steps = Some(length);
            }
            inner.push(input.datum_type.fact(&*shape));
        }
        Ok((inner, steps.context("expected an input that is sliced")?))
    }

    fn planned(&self, inputs: TVec<TypedFact>) -> TractResult<Arc<Body>> {
        let mut last = self.planned.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some(body) if body.inputs == inputs => Ok(Arc::clone(body)),
            Some(_) | None => {
                let body = Arc::new(self.plan(inputs)?);
                *last = Some(Arc::clone(&body));
                Ok(body)
            }
        }
    }

    fn plan(&self, inputs: TVec<TypedFact>) -> TractResult<Body> {
        let mut model = self.body.clone();
        for (at, input) in inputs.iter().enumerate() {
            model.set_input_fact(at, InferenceFact::from(input))?;
        }
        let (plan, volumes) = planned(model).context("its body")?;
        let outputs = (0..plan.model().outputs.len()).map(|at| Ok(plan.model().output_fact(at)?.without_value()));
        let outputs = outputs.collect::<TractResult<TVec<_>>>()?;
        for (at, (given, back)) in inputs.iter().zip(&outputs).take(self.states).enumerate() {
            let same = given.datum_type == back.datum_type && given.shape == back.shape;
            ensure!(same, "state {at} changes its type or its shape from step to step");
        }
        Ok(Body { inputs, plan, outputs, volumes })
    }
}

impl Body {
    /// What the open dimensions are for inputs of a call; `None` where it was planned for others.
    fn symbols(&self, inputs: &[TypedFact]) -> Option<SymbolValues> {
        let mut symbols = SymbolValues::default();
        for (planned, given) in self.inputs.iter().zip(inputs) {
            if planned.datum_type != given.datum_type || planned.rank() != given.rank() {
                return None;
            }
            for (dim, found) in planned.shape.iter().zip(given.shape.iter()) {
                match dim {
                    TDim::Sym(symbol) if symbols.get(symbol).is_none() => symbols.set(symbol, found.to_i64().ok()?),
                    dim if dim.eval(&symbols) == *found => {}
                    _ => return None,
                }
            }
        }
        Some(symbols)
    }
}

impl Operator for Scan {
    fn name(&self) -> &'static str {
        "Scan"
    }

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let (inner, steps) = self.inner(inputs)?;
        let body = self.planned(inner)?;
        if let Ok(steps) = steps.to_usize() {
            body.volumes.allow_steps(steps, 1)?;
        }
        let mut facts = body.outputs.clone();
        for (fact, slices) in facts.iter_mut().skip(self.states).zip(&self.stacked) {
            let mut shape: TVec<TDim> = fact.shape.iter().cloned().collect();
            shape.insert(axis_of(slices.axis, shape.len() + 1)?, steps.clone());
            *fact = fact.datum_type.fact(&*shape);
        }
        Ok(facts)
    }

    fn eval(&self, inputs: &[&Tensor]) -> TractResult<TVec<Tensor>> {
        let facts: TVec<TypedFact> = inputs.iter().map(|input| input.datum_type().fact(input.shape())).collect();
        let (inner, steps) = self.inner(&facts.iter().collect::<TVec<_>>())?;
        let last = self.planned.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let open = last.and_then(|body| body.symbols(&inner).map(|symbols| (body, symbols)));
        let (body, symbols) = match open {
            Some(planned) => planned,
            None => (Arc::new(self.plan(inner)?), SymbolValues::default()),
        };
        let (steps, rows) = (steps.to_usize()?, symbols.get(&body.plan.model().symbols.sym(bounds::ROWS)).unwrap_or(1));
        body.volumes.allow_steps(steps, rows)?;
        // ONNX Runtime has no answer then.
        ensure!(steps > 0, "it has no step");
        let (states, sliced) = inputs.split_at(self.states);
        let mut states: TVec<TValue> = states.iter().map(|state| (*state).clone().into_tvalue()).collect();
        let mut stacked: Vec<Vec<Tensor>> = self.stacked.iter().map(|_| Vec::with_capacity(steps)).collect();
        let mut state_of_plan = body.plan.spawn()?;
        for step in 0..steps {
            let slices = self.sliced.iter().zip(sliced).map(|(slices, input)| {
                let axis = axis_of(slices.axis, input.rank())?;
                let at = if slices.backward { steps - 1 - step } else { step };
                let mut slice = input.slice(axis, at, at + 1)?;
                slice.remove_axis(axis)?;
                Ok(slice.into_tvalue())
            });
            let slices = slices.collect::<TractResult<TVec<_>>>()?;
            let mut outputs = state_of_plan.run(states.into_iter().chain(slices).collect())?;
            let scanned = outputs.drain(self.states..).map(IntoTensor::into_tensor);
            stacked.iter_mut().zip(scanned).for_each(|(stack, slice)| stack.push(slice));
            states = outputs;
        }
        let mut outputs: TVec<Tensor> = states.into_iter().map(IntoTensor::into_tensor).collect();
        for (slices, stack) in self.stacked.iter().zip(stacked) {
            outputs.push(slices.stack(stack)?);
        }
        Ok(outputs)
    }
}
