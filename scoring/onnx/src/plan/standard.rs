//! The glue between the operators of ONNX-ML: what converters put around them out of the standard domain.

use std::sync::Arc;

use tract_onnx::pb::{NodeProto, TensorProto, tensor_proto::DataType};
use tract_onnx::tract_hir::internal::*;

use super::symbol::{Column, Columns, MOST_COLUMNS, Scores, Source, Step, Symbol};
use crate::operators::classes::Labels;

pub(super) fn constant(tensor: &TensorProto) -> Option<Symbol> {
    let nothing_outside = tract_onnx::data_resolver::MmapDataResolver;
    let tensor = tract_onnx::tensor::load_tensor(&nothing_outside, tensor, None).ok()?;
    Some(Symbol::Constant(Arc::new(tensor)))
}

/// The only output of a standard operator, as far as it moves columns about.
pub(super) fn symbols(node: &NodeProto, inputs: &[Symbol]) -> Option<Symbol> {
    match (node.op_type.as_str(), inputs) {
        ("Identity", [input]) => Some(input.clone()),
        ("Cast", [input]) => cast(input, integer(node, "to")?),
        ("Concat", columns) => concat(columns, integer(node, "axis")?),
        ("Flatten", [Symbol::Columns(columns)]) if matches!(integer(node, "axis"), None | Some(1)) => {
            let shape = vec![columns.columns.len()];
            Some(Symbol::Columns(Columns { shape, columns: columns.columns.clone() }))
        }
        ("Reshape", [Symbol::Columns(columns), Symbol::Constant(shape)]) => reshape(columns, shape),
        ("Gather", [Symbol::Columns(columns), Symbol::Constant(places)]) if integer(node, "axis") == Some(1) => {
            gather(columns, places)
        }
        ("Mul", [Symbol::Scores(scores), Symbol::Constant(factor)]) => times(scores, factor),
        // To the bit: zero taken away changes nothing, nor does a factor of one.
        ("Mul", [Symbol::Columns(columns), Symbol::Constant(by)]) => {
            with_each(columns, by, |by| Step::Scale { offset: 0.0, scale: by })
        }
        ("Add", [Symbol::Columns(columns), Symbol::Constant(by)]) => {
            with_each(columns, by, |by| Step::Scale { offset: -by, scale: 1.0 })
        }
        ("Sub", [Symbol::Columns(columns), Symbol::Constant(by)]) => {
            with_each(columns, by, |by| Step::Scale { offset: by, scale: 1.0 })
        }
        ("Constant", []) => constant(node.get_attr_opt::<&TensorProto>("value").ok()??),
        _ => None,
    }
}

fn integer(node: &NodeProto, name: &str) -> Option<i64> {
    node.get_attr_opt::<i64>(name).ok()?
}

/// To the type that it has, or from int64 to float32.
fn cast(input: &Symbol, to: i64) -> Option<Symbol> {
    let to = DataType::try_from(i32::try_from(to).ok()?).ok()?;
    match (input, to) {
        (Symbol::Columns(columns), DataType::Float) => {
            let numbers = columns
                .columns
                .iter()
                .map(|column| Some(Column { source: column.source.cast()?, steps: column.steps.clone() }));
            let columns = Columns { shape: columns.shape.clone(), columns: numbers.collect::<Option<_>>()? };
            Some(Symbol::Columns(columns))
        }
        (Symbol::Columns(columns), DataType::String) => {
            let texts = columns.columns.iter().all(|column| matches!(column.source, Source::Text(_)));
            texts.then(|| input.clone())
        }
        (Symbol::Scores(_), DataType::Float) => Some(input.clone()),
        (Symbol::Label(model), to) => match (model.formula.labels()?, to) {
            (Labels::Integers(_), DataType::Int64) | (Labels::Texts(_), DataType::String) => Some(input.clone()),
            _ => None,
        },
        _ => None,
    }
}

/// Along any axis but that of the rows.
fn concat(inputs: &[Symbol], axis: i64) -> Option<Symbol> {
    let parts = inputs.iter().map(|input| match input {
        Symbol::Columns(columns) => Some(columns),
        Symbol::Constant(_) | Symbol::Label(_) | Symbol::Scores(_) => None,
    });
    let parts = parts.collect::<Option<Vec<_>>>()?;
    let mut shape = parts.first()?.shape.clone();
    let axis = behind_rows(axis, shape.len())?;
    let outer: usize = shape[..axis].iter().product();
    if parts.iter().map(|part| part.columns.len()).sum::<usize>() > MOST_COLUMNS {
        return None;
    }
    let mut columns = Vec::new();
    for block in 0..outer {
        for part in &parts {
            let length = part.columns.len() / outer;
            columns.extend(part.columns[block * length..][..length].iter().cloned());
        }
    }
    shape[axis] = parts.iter().map(|part| part.shape.get(axis)).sum::<Option<usize>>()?;
    Some(Symbol::Columns(Columns { shape, columns }))
}

/// An axis of the tensor as one of the shape behind the rows.
fn behind_rows(axis: i64, rank: usize) -> Option<usize> {
    let axis = if axis < 0 { axis + i64::try_from(rank).ok()? + 1 } else { axis };
    usize::try_from(axis - 1).ok().filter(|axis| *axis < rank)
}

/// Columns of a matrix by their places.
fn gather(input: &Columns, places: &Tensor) -> Option<Symbol> {
    if input.shape.len() != 1 || places.rank() != 1 || places.len() > MOST_COLUMNS {
        return None;
    }
    let width = i64::try_from(input.columns.len()).ok()?;
    let plain = places.try_as_plain_ram().ok()?;
    let places = plain.as_slice::<i64>().ok()?.iter().map(|place| if *place < 0 { place + width } else { *place });
    let columns = places.map(|place| input.columns.get(usize::try_from(place).ok()?).cloned());
    let columns = columns.collect::<Option<Vec<_>>>()?;
    Some(Symbol::Columns(Columns { shape: vec![columns.len()], columns }))
}

/// Rows stay rows.
fn reshape(columns: &Columns, shape: &Tensor) -> Option<Symbol> {
    let plain = shape.try_as_plain_ram().ok()?;
    let [-1, rest @ ..] = plain.as_slice::<i64>().ok()? else { return None };
    let shape = rest.iter().map(|dim| usize::try_from(*dim).ok().filter(|dim| *dim > 0)).collect::<Option<Vec<_>>>()?;
    let fits = shape.iter().try_fold(1_usize, |volume, dim| volume.checked_mul(*dim)) == Some(columns.columns.len());
    fits.then(|| Symbol::Columns(Columns { shape, columns: columns.columns.clone() }))
}

/// One more step for each column, by a number of its own or one for all.
fn with_each(columns: &Columns, by: &Tensor, step: impl Fn(f32) -> Step) -> Option<Symbol> {
    let width = columns.columns.len();
    let fits = match by.shape() {
        [] | [1] | [1, 1] => true,
        [own] | [1, own] => *own == width,
        _ => false,
    };
    let plain = by.try_as_plain_ram().ok().filter(|_| fits)?;
    let by = plain.as_slice::<f32>().ok()?;
    columns.with(|at| Some(step(by[at % by.len()]))).map(Symbol::Columns)
}

/// By a single number, which makes the scores no wider.
fn times(scores: &Scores, factor: &Tensor) -> Option<Symbol> {
    if factor.rank() > 2 || factor.len() != 1 {
        return None;
    }
    let factor = *factor.try_as_plain_ram().ok()?.as_slice::<f32>().ok()?.first()?;
    let mut scores = scores.clone();
    scores.factors.push(factor);
    Some(Symbol::Scores(scores))
}
