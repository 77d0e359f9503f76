//! `ai.onnx.ml.FeatureVectorizer`: inputs side by side as float32, each cut or filled with zeros to its own width.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::attributes::Attributes;
use super::operator::{Built, Operator, built};
use super::rows::{expect_numbers, matrix, numbers};
use crate::plan::{Column, Columns, MOST_COLUMNS as MOST_COLUMNS_OF_A_PLAN, Source, Symbol};

/// More columns than any model has.
const MOST_COLUMNS: usize = 1 << 20;

#[derive(Debug)]
struct FeatureVectorizer {
    widths: Vec<usize>,
    total: usize,
}

pub(super) fn build(_: &ParsingContext, node: &NodeProto) -> Built {
    let widths = Attributes::new(node, &["inputdimensions"])?.integers("inputdimensions")?;
    let widths = widths.into_iter().map(|width| match usize::try_from(width) {
        Ok(width) if width <= MOST_COLUMNS => Ok(width),
        Ok(_) | Err(_) => bail!("attribute `inputdimensions`: {width} cannot be"),
    });
    let widths = widths.collect::<TractResult<Vec<usize>>>()?;
    let total = widths.iter().sum();
    ensure!((1..=MOST_COLUMNS).contains(&total), "attribute `inputdimensions`: {total} columns in all cannot be");
    built(node, 1, FeatureVectorizer { widths, total })
}

impl Operator for FeatureVectorizer {
    fn name(&self) -> &'static str {
        "FeatureVectorizer"
    }

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let (expected, found) = (self.widths.len(), inputs.len());
        ensure!(expected == found, "attribute `inputdimensions`: expected {found} entries, found {expected}");
        let (rows, _) = matrix(&inputs[0].shape)?;
        for input in inputs {
            expect_numbers(input.datum_type)?;
            let (found, _) = matrix(&input.shape)?;
            ensure!(found == rows, "expected {rows} rows, found {found}");
        }
        Ok(tvec!(f32::fact([rows, self.total.to_dim()])))
    }

    fn symbols(&self, inputs: &[Symbol]) -> Option<Vec<Symbol>> {
        if self.total > MOST_COLUMNS_OF_A_PLAN {
            return None;
        }
        let mut columns = Vec::with_capacity(self.total);
        for (input, width) in inputs.iter().zip(&self.widths) {
            let Symbol::Columns(input) = input else { return None };
            let zeros = std::iter::repeat(Column { source: Source::Constant(0.0), steps: Vec::new() });
            columns.extend(input.numbers()?.iter().cloned().chain(zeros).take(*width));
        }
        Some(vec![Symbol::Columns(Columns { shape: vec![columns.len()], columns })])
    }

    fn eval(&self, inputs: &[&Tensor]) -> TractResult<TVec<Tensor>> {
        let (rows, _) = matrix(inputs[0].shape())?;
        let mut all = vec![0.0_f32; rows * self.total];
        let mut start = 0;
        for (input, width) in inputs.iter().zip(&self.widths) {
            let (found, columns) = matrix(input.shape())?;
            ensure!(found == rows, "expected {rows} rows, found {found}");
            let values = numbers::<f32>(input)?;
            for row in 0..rows {
                let taken = columns.min(*width);
                all[row * self.total + start..][..taken].copy_from_slice(&values[row * columns..][..taken]);
            }
            start += width;
        }
        Ok(tvec!(Tensor::from_shape(&[rows, self.total], &all)?))
    }
}
