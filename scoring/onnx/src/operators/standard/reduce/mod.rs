//! The reductions. Integers are added up in float64 and held to the range of their type, as ONNX Runtime does; floats in their own
//! type, one after the other or in packets, as it does for a row alone.

mod number;
mod packets;

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::super::attributes::Attributes;
use super::super::operator::{Built, Operator};
use super::axes::axis_of;
use super::broadcast::{Runs, values};
use super::{built, constant_integers};
use crate::tensor::array;
use number::Number;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reduction {
    L1,
    L2,
    LogSum,
    LogSumExp,
    Max,
    Mean,
    Min,
    Prod,
    Sum,
    SumSquare,
}

#[derive(Debug)]
struct Reduce {
    name: &'static str,
    reduction: Reduction,
    /// Of the node; a second input may say others.
    axes: Vec<i64>,
    keep: bool,
    /// Whether no axes are none, and not all.
    none_are_none: bool,
}

impl Reduce {
    /// Which axes go.
    fn reduced(&self, rank: usize, given: Option<Vec<i64>>) -> TractResult<Vec<bool>> {
        let axes = given.unwrap_or_else(|| self.axes.clone());
        if axes.is_empty() {
            return Ok(vec![!self.none_are_none; rank]);
        }
        let mut reduced = vec![false; rank];
        for axis in axes {
            reduced[axis_of(axis, rank)?] = true;
        }
        Ok(reduced)
    }

    fn shape<D: Clone + From<usize>>(&self, shape: &[D], reduced: &[bool], keep: bool) -> TVec<D> {
        let kept = shape.iter().zip(reduced).filter_map(|(dim, reduced)| match reduced {
            false => Some(dim.clone()),
            true => keep.then(|| 1.into()),
        });
        kept.collect()
    }

    fn over<T: Number>(&self, input: &Tensor, reduced: &[bool]) -> TractResult<Tensor> {
        let kept = self.shape(input.shape(), reduced, true);
        let gone = input.shape().iter().zip(reduced).filter(|(_, reduced)| **reduced);
        let count: usize = gone.map(|(dim, _)| dim).product();
        let cells = Cells { values: values::<T>(input)?, shape: input.shape(), kept: &kept };
        let folded: Vec<T> = match self.reduction {
            Reduction::Max => cells.extremes(T::LEAST, |value, most| value > most),
            Reduction::Min => cells.extremes(T::GREATEST, |value, least| value < least),
            Reduction::LogSumExp => cells.log_sum_exp(),
            reduction => {
                #[allow(clippy::cast_precision_loss, reason = "a tensor holds fewer values than 2^53")]
                let count = count as f64;
                let sums =
                    matches!(reduction, Reduction::Sum | Reduction::Mean).then(|| cells.side_by_side()).flatten();
                if let Some(sums) = sums {
                    let ended = sums.into_iter().map(|sum| reduction.end::<T>(sum.double(), count));
                    return array(&self.shape(input.shape(), reduced, self.keep), ended.collect());
                }
                let mut folded = vec![if reduction == Reduction::Prod { 1.0 } else { 0.0 }; cells.count()];
                cells.each(|cell, value| folded[cell] = reduction.step(folded[cell], value));
                folded.into_iter().map(|folded| reduction.end(folded, count)).collect()
            }
        };
        array(&self.shape(input.shape(), reduced, self.keep), folded)
    }

    fn over_bools(&self, input: &Tensor, reduced: &[bool]) -> TractResult<Tensor> {
        let integers = input.cast_to::<i32>()?;
        Ok(self.over::<i32>(&integers, reduced)?.cast_to::<bool>()?.into_owned())
    }
}

/// The values of a tensor, each in a cell of the result.
struct Cells<'a, T> {
    values: &'a [T],
    shape: &'a [usize],
    /// One where an axis goes.
    kept: &'a [usize],
}

impl<T: Number> Cells<'_, T> {
    fn count(&self) -> usize {
        self.kept.iter().product()
    }

    fn each(&self, mut put: impl FnMut(usize, T)) {
        let mut rest = self.values.iter();
        Runs::new(self.shape, [self.kept]).each(|[cell], [step], length| {
            for (at, value) in (0..length).zip(&mut rest) {
                put(cell + at * step, *value);
            }
        });
    }

    /// A first NaN stays, a later one is passed over: so ONNX Runtime compares.
    fn extremes(&self, empty: T, beyond: impl Fn(T, T) -> bool) -> Vec<T> {
        let mut extremes: Vec<Option<T>> = vec![None; self.count()];
        self.each(|cell, value| {
            if extremes[cell].is_none_or(|extreme| beyond(value, extreme)) {
                extremes[cell] = Some(value);
            }
        });
        extremes.into_iter().map(|extreme| extreme.unwrap_or(empty)).collect()
    }

    /// The sums of cells whose values lie side by side. A row's are those that ONNX Runtime gives for it alone: in a batch it
    /// adds up in an order that depends on the rows before.
    fn side_by_side(&self) -> Option<Vec<T>> {
        let gone = self.shape.iter().zip(self.kept).position(|(length, kept)| length != kept)?;
        let (length, row) = (self.shape[gone..].iter().product::<usize>(), self.shape[1..].iter().product::<usize>());
        if length == 0 || self.kept[gone..].iter().any(|kept| *kept != 1) {
            return None;
        }
        let sum = |(cell, values)| T::packed(values, cell * length % row);
        self.values.chunks_exact(length).enumerate().map(sum).collect()
    }

    fn log_sum_exp(&self) -> Vec<T> {
        let most = self.extremes(T::LEAST, |value, most| value > most);
        let shift = |cell: usize| Some(most[cell].double()).filter(|most| most.is_finite()).unwrap_or(0.0);
        let mut sums = vec![T::narrowed(0.0); self.count()];
        self.each(|cell, value| {
            let term = T::exp(T::narrowed(value.double() - shift(cell)).double());
            sums[cell] = T::narrowed(sums[cell].double() + term.double());
        });
        let folded = (0..sums.len()).map(|cell| match most[cell].double() {
            // Whatever stands beside it.
            f64::INFINITY => most[cell],
            _ => T::narrowed(sums[cell].ln() + shift(cell)),
        });
        folded.collect()
    }
}

impl Reduction {
    fn step<T: Number>(self, folded: f64, value: T) -> f64 {
        T::rounded(match self {
            Self::Sum | Self::Mean | Self::LogSum => folded + value.double(),
            Self::L1 => folded + value.double().abs(),
            Self::L2 | Self::SumSquare => folded + value.square(),
            Self::Prod => folded * value.double(),
            Self::LogSumExp | Self::Max | Self::Min => folded,
        })
    }

    fn end<T: Number>(self, folded: f64, count: f64) -> T {
        T::narrowed(match self {
            Self::Mean if count == 0.0 => 0.0,
            Self::Mean => folded / count,
            Self::L2 => folded.sqrt(),
            Self::LogSum => T::narrowed(folded).ln(),
            _ => folded,
        })
    }
}

impl Operator for Reduce {
    fn name(&self) -> &'static str {
        self.name
    }

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let input = inputs.first().context("expected an input, found none")?;
        let kind = input.datum_type;
        let bools = kind == DatumType::Bool && matches!(self.reduction, Reduction::Max | Reduction::Min);
        ensure!(bools || super::super::rows::expect_numbers(kind).is_ok(), "an input of {kind:?} is not supported");
        let axes = inputs.get(1).map(|axes| constant_integers(axes, "axes")).transpose()?;
        let reduced = self.reduced(input.rank(), axes)?;
        Ok(tvec!(kind.fact(self.shape(&input.shape, &reduced, self.keep))))
    }

    fn eval(&self, inputs: &[&Tensor]) -> TractResult<TVec<Tensor>> {
        let axes = inputs.get(1).map(|axes| TractResult::Ok(values::<i64>(axes)?.to_vec())).transpose()?;
        let (input, reduced) = (inputs[0], self.reduced(inputs[0].rank(), axes)?);
        Ok(tvec!(match input.datum_type() {
            DatumType::F32 => self.over::<f32>(input, &reduced),
            DatumType::F64 => self.over::<f64>(input, &reduced),
            DatumType::I32 => self.over::<i32>(input, &reduced),
            DatumType::I64 => self.over::<i64>(input, &reduced),
            DatumType::Bool => self.over_bools(input, &reduced),
            other => bail!("an input of {other:?} is not supported"),
        }?))
    }
}

pub(super) fn build(context: &ParsingContext, node: &NodeProto) -> Built {
    let (name, reduction) = match node.op_type.as_str() {
        "ReduceL1" => ("ReduceL1", Reduction::L1),
        "ReduceL2" => ("ReduceL2", Reduction::L2),
        "ReduceLogSum" => ("ReduceLogSum", Reduction::LogSum),
        "ReduceLogSumExp" => ("ReduceLogSumExp", Reduction::LogSumExp),
        "ReduceMax" => ("ReduceMax", Reduction::Max),
        "ReduceMean" => ("ReduceMean", Reduction::Mean),
        "ReduceMin" => ("ReduceMin", Reduction::Min),
        "ReduceProd" => ("ReduceProd", Reduction::Prod),
        "ReduceSum" => ("ReduceSum", Reduction::Sum),
        "ReduceSumSquare" => ("ReduceSumSquare", Reduction::SumSquare),
        other => bail!("{other} is no reduction"),
    };
    let attributes = Attributes::new(node, &["axes", "keepdims", "noop_with_empty_axes"])?;
    let reduce = Reduce {
        name,
        reduction,
        axes: attributes.integers("axes")?,
        keep: attributes.integer("keepdims", 1)? == 1,
        none_are_none: attributes.integer("noop_with_empty_axes", 0)? == 1,
    };
    built(context, node, 1, reduce)
}
