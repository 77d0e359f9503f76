//! What an operator of ours is: shapes from shapes and tensors from tensors, both pure. Here alone it meets tract.

use std::borrow::Cow;
use std::fmt::Debug;

use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::infer::InferenceOp;
use tract_onnx::tract_hir::internal::*;

use crate::plan::Symbol;

pub(crate) trait Operator: Debug + Send + Sync {
    fn name(&self) -> &'static str;

    /// Types and shapes of all outputs; refuses inputs that the operator does not take.
    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>>;

    /// All outputs, in the types and shapes that `facts` says.
    fn eval(&self, inputs: &[&Tensor]) -> TractResult<TVec<Tensor>>;

    /// Whether it works value by value, so that the only output may take the place of the only input.
    fn overwrites(&self) -> bool {
        false
    }

    /// As `eval`, in place; only asked where it [`Self::overwrites`].
    fn overwrite(&self, _tensor: &mut Tensor) -> TractResult<()> {
        bail!("{} makes new tensors", self.name())
    }

    /// The same said of columns instead of tensors, for every output; `None` where it cannot be said so.
    fn symbols(&self, _inputs: &[Symbol]) -> Option<Vec<Symbol>> {
        None
    }
}

pub(super) type Built = TractResult<(Box<dyn InferenceOp>, Vec<String>)>;

/// `operator` as the node of a graph that `node` asks for; `outputs` is how many the operator has.
pub(super) fn built(node: &NodeProto, outputs: usize, operator: impl Operator + 'static) -> Built {
    let wanted: Vec<bool> = node.output.iter().map(|output| !output.is_empty()).collect();
    ensure!(wanted.len() <= outputs, "expected at most {outputs} outputs, found {}", wanted.len());
    Ok((Box::new(Ours { operator: Arc::new(operator), wanted }), vec![]))
}

/// Whether inputs of these types are taken, each as far as it is known.
pub(super) type Takes = fn(&[Option<DatumType>]) -> bool;

/// The same, with tract's own operator in its place for inputs that it does not take.
pub(super) fn beside(
    node: &NodeProto,
    outputs: usize,
    operator: impl Operator + 'static,
    tracts: Option<Box<dyn InferenceOp>>,
    takes: Takes,
) -> Built {
    let (ours, inputs) = built(node, outputs, operator)?;
    Ok(match tracts {
        Some(tracts) => (Box::new(OursOrTracts { ours, tracts, takes }), inputs),
        None => (ours, inputs),
    })
}

/// The operator within, where it is one of ours.
pub(super) fn within(built: &dyn InferenceOp) -> Option<Arc<dyn Operator>> {
    built.as_op().downcast_ref::<Ours>().map(|ours| Arc::clone(&ours.operator))
}

/// tract computes with symbolic dimensions where ONNX has int64.
fn plain(tensor: &Tensor) -> TractResult<Cow<'_, Tensor>> {
    if tensor.datum_type() == DatumType::TDim { tensor.cast_to::<i64>() } else { Ok(Cow::Borrowed(tensor)) }
}

fn plain_fact(fact: TypedFact) -> TypedFact {
    if fact.datum_type == DatumType::TDim { i64::fact(fact.shape) } else { fact }
}

#[derive(Debug, Clone)]
struct Ours {
    operator: Arc<dyn Operator>,
    /// Which of the operator's outputs the graph names.
    wanted: Vec<bool>,
}

impl Ours {
    fn wanted<V>(&self, outputs: TVec<V>) -> TVec<V> {
        outputs.into_iter().zip(&self.wanted).filter(|(_, wanted)| **wanted).map(|(output, _)| output).collect()
    }
}

/// One node of the file, however often tract copies it.
impl PartialEq for Ours {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.operator, &other.operator)
    }
}

impl Eq for Ours {}

impl Op for Ours {
    fn name(&self) -> StaticName {
        Cow::Borrowed(self.operator.name())
    }

    op_as_typed_op!();
}

impl EvalOp for Ours {
    op_out_of_plan!();

    fn eval(&self, _: &EvalContext, mut inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        if self.operator.overwrites() && inputs.len() == 1 {
            let mut tensor = inputs.remove(0).into_tensor();
            self.operator.overwrite(&mut tensor).with_context(|| self.operator.name())?;
            return Ok(tvec!(tensor.into_tvalue()));
        }
        let inputs = inputs.iter().map(|input| plain(input)).collect::<TractResult<TVec<_>>>()?;
        let inputs: TVec<&Tensor> = inputs.iter().map(|input| &**input).collect();
        let outputs = self.operator.eval(&inputs).with_context(|| self.operator.name())?;
        Ok(self.wanted(outputs).into_iter().map(IntoTValue::into_tvalue).collect())
    }
}

impl TypedOp for Ours {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let inputs: TVec<TypedFact> = inputs.iter().map(|input| plain_fact((*input).clone())).collect();
        Ok(self.wanted(self.operator.facts(&inputs.iter().collect::<TVec<_>>())?))
    }

    fn axes_mapping(&self, inputs: &[&TypedFact], outputs: &[&TypedFact]) -> TractResult<AxesMapping> {
        match self.operator.overwrites() {
            true => AxesMapping::natural(inputs, outputs),
            false => AxesMapping::disconnected(inputs, outputs),
        }
    }

    /// What overwrites value by value does so in any order of the axes: the product before it need not turn its result.
    fn change_axes(
        &self,
        model: &TypedModel,
        node: &TypedNode,
        _: InOut,
        change: &AxisOp,
    ) -> TractResult<Option<AxisChangeConsequence>> {
        Ok(self.operator.overwrites().then(|| AxisChangeConsequence::new(model, node, None, change)))
    }

    as_op!();
}

impl InferenceOp for Ours {
    fn infer_facts(
        &mut self,
        inputs: TVec<&InferenceFact>,
        outputs: TVec<&InferenceFact>,
        observed: TVec<&InferenceFact>,
    ) -> TractResult<(TVec<InferenceFact>, TVec<InferenceFact>, TVec<InferenceFact>)> {
        let known = inputs.iter().map(|input| TypedFact::try_from(*input).ok().map(plain_fact));
        let known = known.collect::<Option<TVec<_>>>();
        let outputs = match known {
            None => outputs.into_iter().cloned().collect(),
            Some(known) => {
                let facts = self.operator.facts(&known.iter().collect::<TVec<_>>())?;
                self.wanted(facts).iter().map(InferenceFact::from).collect()
            }
        };
        Ok((inputs.into_iter().cloned().collect(), outputs, observed.into_iter().cloned().collect()))
    }

    fn nboutputs(&self) -> TractResult<usize> {
        Ok(self.wanted.iter().filter(|wanted| **wanted).count())
    }

    fn to_typed(
        &self,
        _: &InferenceModel,
        node: &InferenceNode,
        target: &mut TypedModel,
        mapping: &HashMap<OutletId, OutletId>,
    ) -> TractResult<TVec<OutletId>> {
        let inputs: TVec<OutletId> = node.inputs.iter().map(|input| mapping[input]).collect();
        target.wire_node(&node.name, self.clone(), &inputs)
    }

    as_op!();
}

/// Which of the two a node is shows when the types of its inputs are known.
#[derive(Debug, Clone)]
struct OursOrTracts {
    ours: Box<dyn InferenceOp>,
    tracts: Box<dyn InferenceOp>,
    takes: Takes,
}

impl OursOrTracts {
    fn chosen(&self, kinds: impl Iterator<Item = Option<DatumType>>) -> &dyn InferenceOp {
        if (self.takes)(&kinds.collect::<TVec<_>>()) { &*self.ours } else { &*self.tracts }
    }
}

impl PartialEq for OursOrTracts {
    fn eq(&self, _: &Self) -> bool {
        false
    }
}

impl Eq for OursOrTracts {}

impl Op for OursOrTracts {
    fn name(&self) -> StaticName {
        self.ours.name()
    }

    not_a_typed_op!();
}

impl EvalOp for OursOrTracts {
    fn eval(&self, context: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        self.chosen(inputs.iter().map(|input| Some(input.datum_type()))).eval(context, inputs)
    }

    fn eval_out_of_plan(&self, inputs: TVec<TValue>) -> TractResult<Option<TVec<TValue>>> {
        self.chosen(inputs.iter().map(|input| Some(input.datum_type()))).eval_out_of_plan(inputs)
    }
}

impl InferenceOp for OursOrTracts {
    fn infer_facts(
        &mut self,
        inputs: TVec<&InferenceFact>,
        outputs: TVec<&InferenceFact>,
        observed: TVec<&InferenceFact>,
    ) -> TractResult<(TVec<InferenceFact>, TVec<InferenceFact>, TVec<InferenceFact>)> {
        let kinds: TVec<_> = inputs.iter().map(|input| input.datum_type.concretize()).collect();
        let chosen = match (self.takes)(&kinds) {
            true => &mut self.ours,
            false => &mut self.tracts,
        };
        chosen.infer_facts(inputs, outputs, observed)
    }

    fn nboutputs(&self) -> TractResult<usize> {
        self.ours.nboutputs()
    }

    fn to_typed(
        &self,
        source: &InferenceModel,
        node: &InferenceNode,
        target: &mut TypedModel,
        mapping: &HashMap<OutletId, OutletId>,
    ) -> TractResult<TVec<OutletId>> {
        let kinds = node.inputs.iter().map(|input| Ok(target.outlet_fact(mapping[input])?.datum_type));
        let kinds = kinds.collect::<TractResult<TVec<_>>>()?;
        self.chosen(kinds.into_iter().map(Some)).to_typed(source, node, target, mapping)
    }

    as_op!();
}
