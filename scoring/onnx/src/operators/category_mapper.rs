//! `ai.onnx.ml.CategoryMapper`: texts to integers or integers to texts, by pairs.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::attributes::Attributes;
use super::lookup::Lookup;
use super::operator::{Built, built};

pub(super) fn build(_: &ParsingContext, node: &NodeProto) -> Built {
    let honoured = ["cats_int64s", "cats_strings", "default_int64", "default_string"];
    let attributes = Attributes::new(node, &honoured)?;
    let (integers, texts) = (attributes.integers("cats_int64s")?, attributes.texts("cats_strings")?);
    let (expected, found) = (integers.len(), texts.len());
    ensure!(expected == found, "attribute `cats_strings`: expected {expected} entries, found {found}");
    let (integer, text) = (attributes.integer("default_int64", -1)?, attributes.text("default_string", "_Unused")?);
    built(node, 1, Lookup::of_pairs("CategoryMapper", integers, texts, integer, text))
}
