//! `ai.onnx.ml.ArrayFeatureExtractor`: the columns that a second input names, in its order.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::attributes::Attributes;
use super::operator::{Built, Operator, built};
use crate::plan::{Columns, MOST_COLUMNS, Symbol};
use crate::tensor::array;

#[derive(Debug)]
struct ArrayFeatureExtractor;

pub(super) fn build(_: &ParsingContext, node: &NodeProto) -> Built {
    Attributes::new(node, &[])?;
    built(node, 1, ArrayFeatureExtractor)
}

fn both<'a, V>(inputs: &[&'a V]) -> TractResult<(&'a V, &'a V)> {
    match inputs {
        [input, columns] => Ok((input, columns)),
        _ => bail!("expected 2 inputs, found {}", inputs.len()),
    }
}

/// A single row of values is a matrix of one row.
fn shaped<D: Clone + From<usize>>(shape: &[D], count: D) -> TVec<D> {
    match shape.split_last() {
        None | Some((_, [])) => tvec![D::from(1), count],
        Some((_, rest)) => rest.iter().cloned().chain([count]).collect(),
    }
}

fn taken<T: Datum>(input: &Tensor, columns: &[usize]) -> TractResult<Tensor> {
    let width = input.shape().last().copied().unwrap_or_default();
    let plain = input.try_as_plain_ram()?;
    let rows = plain.as_slice::<T>()?.chunks_exact(width.max(1));
    let taken = rows.flat_map(|row| columns.iter().map(|column| row[*column].clone())).collect();
    array(&shaped(input.shape(), columns.len()), taken)
}

impl Operator for ArrayFeatureExtractor {
    fn name(&self) -> &'static str {
        "ArrayFeatureExtractor"
    }

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let (input, columns) = both(inputs)?;
        ensure!(columns.datum_type == DatumType::I64, "columns of {:?} are not supported", columns.datum_type);
        ensure!(input.rank() > 0, "expected rows, found a single value");
        Ok(tvec!(input.datum_type.fact(shaped(&input.shape, columns.shape.volume()))))
    }

    fn symbols(&self, inputs: &[Symbol]) -> Option<Vec<Symbol>> {
        let [Symbol::Columns(input), Symbol::Constant(places)] = inputs else { return None };
        let places = Some(places).filter(|places| places.len() <= MOST_COLUMNS)?.try_as_plain_ram().ok()?;
        let places = places.as_slice::<i64>().ok()?.iter().map(|place| usize::try_from(*place).ok());
        let taken = places.map(|place| input.columns.get(place?).cloned());
        let columns = taken.collect::<Option<Vec<_>>>()?;
        (input.shape.len() == 1).then(|| vec![Symbol::Columns(Columns { shape: vec![columns.len()], columns })])
    }

    fn eval(&self, inputs: &[&Tensor]) -> TractResult<TVec<Tensor>> {
        let (input, columns) = both(inputs)?;
        let width = input.shape().last().copied().unwrap_or_default();
        let plain = columns.try_as_plain_ram()?;
        let columns = plain.as_slice::<i64>()?.iter().map(|column| match usize::try_from(*column) {
            Ok(column) if column < width => Ok(column),
            Ok(_) | Err(_) => bail!("column {column} is not among {width}"),
        });
        let columns = columns.collect::<TractResult<Vec<usize>>>()?;
        ensure!(!columns.is_empty(), "expected columns, found none");
        let output = match input.datum_type() {
            DatumType::F32 => taken::<f32>(input, &columns),
            DatumType::F64 => taken::<f64>(input, &columns),
            DatumType::I64 => taken::<i64>(input, &columns),
            DatumType::I32 => taken::<i32>(input, &columns),
            DatumType::String => taken::<String>(input, &columns),
            other => bail!("an input of {other:?} is not supported"),
        };
        Ok(tvec!(output?))
    }
}
