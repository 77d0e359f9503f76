//! How large tensors may become. Shapes are known before values are computed, so what would take too much memory is refused
//! instead of computed: while the graph is loaded by [`Bounded`], afterwards by [`Volumes`].

use tract_onnx::tract_hir::infer::InferenceOp;
use tract_onnx::tract_hir::internal::*;

/// Values of one tensor of a graph for one row.
const MOST_VALUES: usize = 1 << 24;
/// Values of all tensors of a graph for the rows of one call.
const MOST_VALUES_OF_A_CALL: usize = 1 << 28;

/// A text takes the room of many numbers.
const VALUES_OF_A_TEXT: usize = 64;

/// Operators whose output has no known shape and still never holds more than a few values for each of its input.
const SHRINKING: [&str; 2] = ["NonZero", "Compress"];

/// An operator that is computed while the graph is loaded only if the size of its output is known and small enough.
#[derive(Debug, Clone)]
pub(crate) struct Bounded(Box<dyn InferenceOp>);

/// Wraps every operator of the graph; inputs and constants stay as they are.
pub(crate) fn bound(model: &mut InferenceModel) {
    for node in model.nodes_mut().iter_mut().filter(|node| !node.inputs.is_empty()) {
        let inner = node.op.clone();
        node.op = Box::new(Bounded(inner));
    }
}

impl PartialEq for Bounded {
    fn eq(&self, _: &Self) -> bool {
        false
    }
}

impl Eq for Bounded {}

impl Op for Bounded {
    fn name(&self) -> StaticName {
        self.0.name()
    }

    fn as_typed(&self) -> Option<&dyn TypedOp> {
        None
    }
}

impl EvalOp for Bounded {
    fn eval(&self, context: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        self.0.eval(context, inputs)
    }

    fn eval_out_of_plan(&self, inputs: TVec<TValue>) -> TractResult<Option<TVec<TValue>>> {
        self.0.eval_out_of_plan(inputs)
    }
}

type Facts = (TVec<InferenceFact>, TVec<InferenceFact>, TVec<InferenceFact>);

impl InferenceOp for Bounded {
    fn infer(
        &mut self,
        inputs: TVec<&InferenceFact>,
        outputs: TVec<&InferenceFact>,
        observed: TVec<&InferenceFact>,
    ) -> TractResult<Facts> {
        let facts = self.0.infer_facts(inputs.clone(), outputs.clone(), observed.clone())?;
        let mut known = true;
        for output in &facts.1 {
            match output.shape.concretize() {
                Some(shape) => {
                    let kind = output.datum_type.concretize();
                    if let Some(volume) = volume(kind, &shape, 1) {
                        ensure!(
                            volume <= MOST_VALUES,
                            "its output would hold {volume} values, at most {MOST_VALUES} are supported"
                        );
                    }
                }
                None => known = false,
            }
        }
        let shrinks = SHRINKING.contains(&&*self.0.name());
        if known || shrinks { self.0.infer(inputs, outputs, observed) } else { Ok(facts) }
    }

    fn infer_facts(
        &mut self,
        inputs: TVec<&InferenceFact>,
        outputs: TVec<&InferenceFact>,
        observed: TVec<&InferenceFact>,
    ) -> TractResult<Facts> {
        self.0.infer_facts(inputs, outputs, observed)
    }

    fn observe_outlets(&self, model: &InferenceModel, node: &InferenceNode) -> TractResult<Vec<OutletId>> {
        self.0.observe_outlets(model, node)
    }

    fn incorporate(&self, model: &InferenceModel, node: &InferenceNode) -> TractResult<Option<InferenceModelPatch>> {
        self.0.incorporate(model, node)
    }

    fn nboutputs(&self) -> TractResult<usize> {
        self.0.nboutputs()
    }

    fn to_typed(
        &self,
        source: &InferenceModel,
        node: &InferenceNode,
        target: &mut TypedModel,
        mapping: &HashMap<OutletId, OutletId>,
    ) -> TractResult<TVec<OutletId>> {
        self.0.to_typed(source, node, target, mapping)
    }

    as_op!();
}

/// How many values a tensor holds with `rows` in the place of every symbol; `None` where it cannot be told.
fn volume(kind: Option<DatumType>, shape: &[TDim], rows: i64) -> Option<usize> {
    let mut volume = if kind == Some(DatumType::String) { VALUES_OF_A_TEXT } else { 1 };
    for dim in shape {
        let dim = match dim.to_i64() {
            Ok(dim) => dim,
            Err(_) => {
                let values = dim
                    .symbols()
                    .into_iter()
                    .fold(SymbolValues::default(), |values, symbol| values.with(&symbol, rows));
                dim.eval(&values).to_i64().ok()?
            }
        };
        volume = volume.saturating_mul(usize::try_from(dim).unwrap_or(0));
    }
    Some(volume)
}

/// The shapes of all tensors of a graph.
#[derive(Debug)]
pub(crate) struct Volumes {
    /// Values of the tensors whose size is always the same.
    fixed: usize,
    /// Shapes that the number of rows decides, each with the number of tensors that have it.
    open: Vec<(DatumType, TVec<TDim>, usize)>,
}

impl Volumes {
    /// Refuses a graph of which a tensor is too large for one row.
    pub(crate) fn new(model: &TypedModel) -> TractResult<Self> {
        let mut counts = HashMap::<(DatumType, TVec<TDim>), usize>::new();
        for node in model.nodes() {
            for output in &node.outputs {
                let shape = output.fact.shape.iter().cloned().collect();
                *counts.entry((output.fact.datum_type, shape)).or_default() += 1;
            }
        }
        let (mut fixed, mut open) = (0_usize, Vec::new());
        for ((kind, shape), count) in counts {
            let values = volume(Some(kind), &shape, 1)
                .with_context(|| format!("a tensor of shape {shape:?} is not supported"))?;
            ensure!(values <= MOST_VALUES, "a tensor would hold {values} values, at most {MOST_VALUES} are supported");
            if shape.iter().all(|dim| dim.to_i64().is_ok()) {
                fixed = fixed.saturating_add(values.saturating_mul(count));
            } else {
                open.push((kind, shape, count));
            }
        }
        let volumes = Self { fixed, open };
        volumes.allow(1)?;
        Ok(volumes)
    }

    /// Refuses rows that would take too much memory.
    pub(crate) fn allow(&self, rows: usize) -> TractResult<()> {
        let Ok(of_symbol) = i64::try_from(rows) else { bail!("{rows} rows are not supported") };
        let open = self.open.iter().map(|(kind, shape, count)| {
            volume(Some(*kind), shape, of_symbol).unwrap_or(usize::MAX).saturating_mul(*count)
        });
        let values = open.fold(self.fixed, usize::saturating_add);
        ensure!(
            values <= MOST_VALUES_OF_A_CALL,
            "its tensors would hold {values} values for {rows} rows, at most {MOST_VALUES_OF_A_CALL} are supported"
        );
        Ok(())
    }
}
