//! `ai.onnx.ml.OneHotEncoder`: a value becomes a row of zeros with a one at its category. Floats are cut to integers first.

use std::collections::HashMap;

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::attributes::Attributes;
use super::operator::{Built, Operator, built};
use super::rows::{cut, only};
use crate::plan::{Column, Columns, MOST_COLUMNS, Source, Symbol};

#[derive(Debug)]
struct OneHotEncoder {
    integers: HashMap<i64, usize>,
    texts: HashMap<String, usize>,
    /// The texts as they are listed.
    categories: Arc<Vec<String>>,
    width: usize,
    /// A value outside the categories becomes all zeros; without this it is an error.
    zeros: bool,
}

pub(super) fn build(_: &ParsingContext, node: &NodeProto) -> Built {
    let attributes = Attributes::new(node, &["cats_int64s", "cats_strings", "zeros"])?;
    let (integers, texts) = (attributes.integers("cats_int64s")?, attributes.texts("cats_strings")?);
    ensure!(integers.is_empty() != texts.is_empty(), "expected one of `cats_int64s` and `cats_strings`");
    let zeros = attributes.integer("zeros", 1)? != 0;
    let width = integers.len().max(texts.len());
    // Of equal categories the last counts.
    let integers = integers.into_iter().zip(0..).collect();
    let categories = Arc::new(texts);
    let texts = categories.iter().cloned().zip(0..).collect();
    built(node, 1, OneHotEncoder { integers, texts, categories, width, zeros })
}

impl OneHotEncoder {
    fn places(&self, input: &Tensor) -> TractResult<Vec<Option<usize>>> {
        let plain = input.try_as_plain_ram()?;
        let integer = |value: i64| self.integers.get(&value).copied();
        match input.datum_type() {
            DatumType::String => {
                Ok(plain.as_slice::<String>()?.iter().map(|text| self.texts.get(text).copied()).collect())
            }
            DatumType::I64 => Ok(plain.as_slice::<i64>()?.iter().map(|value| integer(*value)).collect()),
            DatumType::F32 => {
                Ok(plain.as_slice::<f32>()?.iter().map(|value| integer(cut(f64::from(*value)))).collect())
            }
            DatumType::F64 => Ok(plain.as_slice::<f64>()?.iter().map(|value| integer(cut(*value))).collect()),
            other => bail!("an input of {other:?} is not supported"),
        }
    }
}

impl Operator for OneHotEncoder {
    fn name(&self) -> &'static str {
        "OneHotEncoder"
    }

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let input = only(inputs)?;
        let taken = [DatumType::String, DatumType::I64, DatumType::F32, DatumType::F64];
        ensure!(taken.contains(&input.datum_type), "an input of {:?} is not supported", input.datum_type);
        ensure!(input.rank() <= 2, "expected a tensor of rank 1 or 2, found rank {}", input.rank());
        let mut shape: TVec<TDim> = input.shape.iter().cloned().collect();
        shape.push(self.width.to_dim());
        Ok(tvec!(f32::fact(&shape)))
    }

    /// Of texts.
    fn symbols(&self, inputs: &[Symbol]) -> Option<Vec<Symbol>> {
        let [Symbol::Columns(input)] = inputs else { return None };
        if self.categories.is_empty() || input.columns.len() * self.width > MOST_COLUMNS {
            return None;
        }
        let mut columns = Vec::with_capacity(input.columns.len() * self.width);
        for column in &input.columns {
            let Source::Text(text) = column.source else { return None };
            columns.extend((0..self.width).map(|place| {
                let categories = Arc::clone(&self.categories);
                Column { source: Source::Category { text, categories, place, strict: !self.zeros }, steps: Vec::new() }
            }));
        }
        let shape = input.shape.iter().copied().chain([self.width]).collect();
        Some(vec![Symbol::Columns(Columns { shape, columns })])
    }

    fn eval(&self, inputs: &[&Tensor]) -> TractResult<TVec<Tensor>> {
        let input = only(inputs)?;
        let mut encoded = vec![0.0_f32; input.len() * self.width];
        for (place, row) in self.places(input)?.into_iter().zip(encoded.chunks_exact_mut(self.width)) {
            match place {
                Some(at) => row[at] = 1.0,
                None => ensure!(self.zeros, "expected a known category, found another"),
            }
        }
        let mut shape: TVec<usize> = input.shape().into();
        shape.push(self.width);
        Ok(tvec!(Tensor::from_shape(&shape, &encoded)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encode(zeros: bool, texts: &[&str]) -> TractResult<Tensor> {
        let known = [("a".to_owned(), 0), ("b".to_owned(), 1)];
        let op = OneHotEncoder {
            integers: HashMap::new(),
            texts: known.into(),
            categories: Arc::default(),
            width: 2,
            zeros,
        };
        let texts: Vec<String> = texts.iter().map(|&text| text.to_owned()).collect();
        Ok(op.eval(&[&tensor1(&texts)])?.remove(0))
    }

    #[test]
    fn a_known_text_is_one_and_an_unknown_one_is_all_zeros() {
        assert_eq!(encode(true, &["b", "c"]).unwrap(), tensor2(&[[0.0_f32, 1.0], [0.0, 0.0]]));
    }

    #[test]
    fn an_unknown_text_is_an_error_where_zeros_are_not_allowed() {
        assert!(encode(false, &["c"]).is_err());
    }
}
