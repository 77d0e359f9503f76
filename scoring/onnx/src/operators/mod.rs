//! Our own ONNX-ML operators, registered in tract in place of what it lacks or gets wrong. Semantics are those of ONNX
//! Runtime in float32; sums run in index order, so a score does not depend on the processor's vector units.
//! What an operator does not support it refuses when the model is built, naming node and attribute.

#![allow(clippy::wildcard_enum_match_arm, reason = "tract has many data types, and those not named are refused")]

mod array_feature_extractor;
mod attributes;
mod binarizer;
mod category_mapper;
pub(crate) mod classes;
mod coupling;
mod feature_vectorizer;
mod imputer;
mod label_encoder;
mod linear;
mod linear_classifier;
mod linear_regressor;
mod lookup;
mod maps;
mod normalizer;
mod one_hot;
mod operator;
pub(crate) mod post_transform;
pub(crate) mod real;
mod rows;
mod scaler;
mod shape_readers;
mod standard;
mod string_concat;
mod svm_classifier;
mod svm_kernel;
mod svm_regressor;
mod tree_attributes;
mod tree_classifier;
mod tree_ensemble;
mod tree_regressor;
mod zip_map;

use std::sync::Arc;

use tract_onnx::model::{OnnxOpRegister, ParsingContext};
use tract_onnx::pb::NodeProto;

/// Operators that draw at random: no decision could be run again.
const RANDOM: &[&str] =
    &["Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike"];

/// Operators that choose or repeat a graph within the graph by its values, or make sound and pictures whose size no shape
/// tells: no model of tables has needed one.
const UNNEEDED: &[&str] = &[
    "BlackmanWindow",
    "DFT",
    "EyeLike",
    "GridSample",
    "HammingWindow",
    "HannWindow",
    "If",
    "Loop",
    "MelWeightMatrix",
    "NonMaxSuppression",
    "Resize",
    "STFT",
    "Upsample",
];

pub(crate) use linear_classifier::LinearClassifier;
pub(crate) use linear_regressor::LinearRegressor;
pub(crate) use maps::keys;
pub(crate) use operator::Operator;
pub(crate) use shape_readers::reads_shapes;
pub(crate) use zip_map::columns;

type Builder = fn(&ParsingContext, &NodeProto) -> operator::Built;

/// Ours, all of domain `ai.onnx.ml`.
const ML: &[(&str, Builder)] = &[
    ("ArrayFeatureExtractor", array_feature_extractor::build),
    ("Binarizer", binarizer::build),
    ("CastMap", maps::cast_map),
    ("CategoryMapper", category_mapper::build),
    ("DictVectorizer", maps::dict_vectorizer),
    ("FeatureVectorizer", feature_vectorizer::build),
    ("Imputer", imputer::build),
    ("LabelEncoder", label_encoder::build),
    ("LinearClassifier", linear_classifier::build),
    ("LinearRegressor", linear_regressor::build),
    ("Normalizer", normalizer::build),
    ("OneHotEncoder", one_hot::build),
    ("SVMClassifier", svm_classifier::build),
    ("SVMRegressor", svm_regressor::build),
    ("Scaler", scaler::build),
    ("TreeEnsemble", tree_ensemble::build),
    ("TreeEnsembleClassifier", tree_classifier::build),
    ("TreeEnsembleRegressor", tree_regressor::build),
    ("ZipMap", zip_map::build),
];

/// Of the standard domain; tract has none.
const STRING_CONCAT: (&str, Builder) = ("StringConcat", string_concat::build);

/// All of ours.
fn all() -> impl Iterator<Item = (&'static str, Builder)> {
    let standard = standard::OPERATORS.iter().flat_map(|(names, build)| names.iter().map(|name| (*name, *build)));
    ML.iter().copied().chain([STRING_CONCAT]).chain(standard)
}

/// tract's operators and ours.
pub(crate) fn register() -> OnnxOpRegister {
    let mut operators = tract_onnx::onnx().op_register;
    for name in [RANDOM, UNNEEDED].concat() {
        operators.0.remove(name);
    }
    for (name, build) in all() {
        operators.insert(name, build);
    }
    operators
}

/// What a node asks for, where it is one of ours that can be built.
pub(crate) fn ours(context: &ParsingContext, node: &NodeProto) -> Option<Arc<dyn Operator>> {
    let (_, build) = all().find(|(name, _)| *name == node.op_type)?;
    operator::within(&*build(context, node).ok()?.0)
}

pub(crate) fn is_ml(operator: &str) -> bool {
    ML.iter().any(|(name, _)| *name == operator)
}

/// Why an operator that is not registered is refused.
pub(crate) fn absence(operator: &str) -> &'static str {
    if RANDOM.contains(&operator) {
        "it draws at random, and a decision must be repeatable"
    } else {
        "it is not supported"
    }
}
