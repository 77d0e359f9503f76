//! `ai.onnx.ml.DictVectorizer` and `CastMap`, which read maps. Here a map is a row of a tensor whose columns are the keys that
//! the operator asks for, with zero or the empty text where the map lacks one; so both only pass numbers on.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::attributes::Attributes;
use super::operator::{Built, Operator, built};
use super::rows::{cut, expect_float32, matrix, numbers, only};

/// More keys than any model asks for.
const MOST_KEYS: i64 = 1 << 16;

#[derive(Debug)]
struct DictVectorizer {
    columns: usize,
}

pub(super) fn dict_vectorizer(_: &ParsingContext, node: &NodeProto) -> Built {
    built(node, 1, DictVectorizer { columns: vocabulary(node)?.len() })
}

fn vocabulary(node: &NodeProto) -> TractResult<Vec<String>> {
    let attributes = Attributes::new(node, &["string_vocabulary", "int64_vocabulary"])?;
    let (texts, integers) = (attributes.texts("string_vocabulary")?, attributes.integers("int64_vocabulary")?);
    ensure!(texts.is_empty() != integers.is_empty(), "expected one of `string_vocabulary` and `int64_vocabulary`");
    Ok(if texts.is_empty() { integers.iter().map(i64::to_string).collect() } else { texts })
}

impl Operator for DictVectorizer {
    fn name(&self) -> &'static str {
        "DictVectorizer"
    }

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let input = only(inputs)?;
        let (_, columns) = matrix(&input.shape)?;
        ensure!(columns == self.columns.to_dim(), "expected {} columns, found {columns}", self.columns);
        Ok(tvec!(input.without_value()))
    }

    fn eval(&self, inputs: &[&Tensor]) -> TractResult<TVec<Tensor>> {
        Ok(tvec!(only(inputs)?.clone()))
    }
}

#[derive(Debug)]
struct CastMap {
    keys: usize,
    to_integers: bool,
}

pub(super) fn cast_map(_: &ParsingContext, node: &NodeProto) -> Built {
    let to_integers =
        match Attributes::new(node, &["cast_to", "map_form", "max_map"])?.text("cast_to", "TO_FLOAT")?.as_str() {
            "TO_FLOAT" => false,
            "TO_INT64" => true,
            other => bail!("attribute `cast_to`: `{other}` is not supported"),
        };
    built(node, 1, CastMap { keys: places(node)?.len(), to_integers })
}

/// The keys of a sparse map are the places of its values.
fn places(node: &NodeProto) -> TractResult<Vec<String>> {
    let attributes = Attributes::new(node, &["cast_to", "map_form", "max_map"])?;
    let form = attributes.text("map_form", "DENSE")?;
    ensure!(form == "SPARSE", "attribute `map_form`: `{form}` is not supported");
    let count = attributes.integer("max_map", 1)?;
    ensure!((1..=MOST_KEYS).contains(&count), "attribute `max_map`: expected 1 to {MOST_KEYS}, found {count}");
    Ok((0..count).map(|key| key.to_string()).collect())
}

impl Operator for CastMap {
    fn name(&self) -> &'static str {
        "CastMap"
    }

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let input = only(inputs)?;
        expect_float32(input.datum_type)?;
        let (rows, columns) = matrix(&input.shape)?;
        ensure!(columns == self.keys.to_dim(), "expected {} columns, found {columns}", self.keys);
        let kind = if self.to_integers { DatumType::I64 } else { DatumType::F32 };
        Ok(tvec!(kind.fact([rows, columns])))
    }

    fn eval(&self, inputs: &[&Tensor]) -> TractResult<TVec<Tensor>> {
        let input = only(inputs)?;
        if !self.to_integers {
            return Ok(tvec!(input.clone()));
        }
        let values: Vec<i64> = numbers::<f64>(input)?.into_iter().map(cut).collect();
        Ok(tvec!(Tensor::from_shape(input.shape(), &values)?))
    }
}

/// The keys that `node` asks a map for, if it reads one.
pub(crate) fn keys(node: &NodeProto) -> Option<TractResult<Vec<String>>> {
    match node.op_type.as_str() {
        "DictVectorizer" => Some(vocabulary(node)),
        "CastMap" => Some(places(node)),
        _ => None,
    }
}
