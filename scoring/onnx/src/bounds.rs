//! How large tensors may become. Shapes are known before values are computed, so what would take too much memory is refused
//! instead of computed: while the graph is loaded by [`Bounded`], afterwards by [`Volumes`].

use tract_onnx::tract_hir::infer::InferenceOp;
use tract_onnx::tract_hir::internal::*;

/// What stands in shapes for the number of rows.
pub(crate) const ROWS: &str = "rows";
/// Values of one tensor of a graph for one row.
const MOST_VALUES: usize = 1 << 24;
/// Values of all tensors of a graph for the rows of one call.
const MOST_VALUES_OF_A_CALL: usize = 1 << 28;

/// A text takes the room of many numbers.
const VALUES_OF_A_TEXT: usize = 64;

/// One step of a graph within the graph takes as long and as much room as so many values, whatever it computes.
const VALUES_OF_A_STEP: usize = 1 << 10;

/// Its output has no known shape and still never holds more than a few values for each of its input.
const SHRINKING: &str = "NonZero";

/// Operators whose inputs say how large the output is, as tract calls them. It cuts such values to 32 bits on the way.
const SIZED: [&str; 7] = ["ConstantOfShape", "MultiBroadcastTo", "OneHot", "Pad", "Range", "Reshape", "Tile"];

/// How many values `NonZero` is taken to find where nothing is known of it but the rows: a few for each.
const FOUND: i64 = 1 << 20;
const FOUND_OF_A_ROW: i64 = 1 << 10;

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

impl Bounded {
    /// That the values which say a size are none that nobody could mean.
    fn check_sizes(&self, inputs: &[&InferenceFact]) -> TractResult<()> {
        let name = self.0.name();
        if !SIZED.contains(&&*name) {
            return Ok(());
        }
        for value in inputs.iter().filter_map(|input| input.value.concretize()) {
            if value.datum_type() == DatumType::I64 {
                let plain = value.try_as_plain_ram()?;
                let sizes = plain.as_slice::<i64>()?;
                let large = sizes.iter().find(|size| size.unsigned_abs() > MOST_VALUES as u64);
                ensure!(large.is_none(), "{name}: a size of {} values is not supported", large.unwrap_or(&0));
            }
        }
        if let ("Range", [start, _, step]) = (&*name, inputs) {
            let float = start.datum_type.concretize().is_some_and(|kind| kind.is_float());
            ensure!(!float, "Range: floats are not supported");
            if let Some(step) = step.value.concretize() {
                let step = step.cast_to_scalar::<i64>()?;
                ensure!(step > 0, "Range: a step of {step} is not supported");
            }
        }
        Ok(())
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
        self.check_sizes(&inputs)?;
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
        let shrinks = self.0.name() == SHRINKING;
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
        if self.0.name() == "Range" {
            let length = node.outputs[0].fact.shape.concretize();
            ensure!(length.is_some(), "{}: Range: its length is not known before the call", node.name);
        }
        self.0.to_typed(source, node, target, mapping)
    }

    as_op!();
}

/// How many values a tensor holds with `rows` in the place of the rows; `None` where it cannot be told.
fn volume(kind: Option<DatumType>, shape: &[TDim], rows: i64) -> Option<usize> {
    let mut volume = if kind == Some(DatumType::String) { VALUES_OF_A_TEXT } else { 1 };
    for dim in shape {
        let dim = match dim.to_i64() {
            Ok(dim) => dim,
            Err(_) => {
                let found = FOUND.max(rows.saturating_mul(FOUND_OF_A_ROW));
                let of = |symbol: &Symbol| if symbol.to_string() == ROWS { rows } else { found };
                let values = dim.symbols().into_iter().fold(SymbolValues::default(), |values, symbol| {
                    let value = of(&symbol);
                    values.with(&symbol, value)
                });
                dim.eval(&values).to_i64().ok()?
            }
        };
        volume = volume.saturating_mul(usize::try_from(dim).ok()?);
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
    /// So many rows were seen to be allowed.
    allowed: usize,
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
        let volumes = Self { fixed, open, allowed: 0 };
        volumes.allow(1)?;
        Ok(Self { allowed: 1, ..volumes })
    }

    /// Refuses rows that would take too much memory.
    pub(crate) fn allow(&self, rows: usize) -> TractResult<()> {
        if rows <= self.allowed {
            return Ok(());
        }
        let Ok(of_symbol) = i64::try_from(rows) else { bail!("{rows} rows are not supported") };
        let values = self.values(of_symbol);
        ensure!(
            values <= MOST_VALUES_OF_A_CALL,
            "its tensors would hold {values} values for {rows} rows, at most {MOST_VALUES_OF_A_CALL} are supported"
        );
        Ok(())
    }

    /// Refuses a graph within the graph that so many steps for so many rows would keep busy for too long.
    pub(crate) fn allow_steps(&self, steps: usize, rows: i64) -> TractResult<()> {
        let values = self.values(rows).saturating_add(VALUES_OF_A_STEP).saturating_mul(steps);
        ensure!(
            values <= MOST_VALUES_OF_A_CALL,
            "its {steps} steps for {rows} rows would take as long as {values} values, at most {MOST_VALUES_OF_A_CALL} are supported"
        );
        Ok(())
    }

    fn values(&self, rows: i64) -> usize {
        let open = self
            .open
            .iter()
            .map(|(kind, shape, count)| volume(Some(*kind), shape, rows).unwrap_or(usize::MAX).saturating_mul(*count));
        open.fold(self.fixed, usize::saturating_add)
    }
}
