//! Our own ONNX-ML operators, registered in tract in place of what it lacks or gets wrong. Semantics are those of ONNX
//! Runtime in float32; sums run in index order, so a score does not depend on the processor's vector units.
//! What an operator does not support it refuses when the model is built, naming node and attribute.

mod attributes;
pub(crate) mod classes;
mod linear;
mod linear_classifier;
mod linear_regressor;
mod one_hot;
mod operator;
pub(crate) mod post_transform;
pub(crate) mod real;
mod rows;
mod scaler;
mod trees;

use tract_onnx::model::OnnxOpRegister;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

/// Operators of tract that are not proven against ONNX Runtime here: their models are refused by name.
const UNPROVEN: &[&str] = &["CategoryMapper", "Normalizer"];

/// Operators that draw at random: no decision could be run again.
const RANDOM: &[&str] =
    &["Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike"];

/// Operators whose output is as large as some value in the file says, and so could take all memory.
const GROWING: &[&str] = &[
    "ConstantOfShape",
    "Expand",
    "EyeLike",
    "If",
    "Loop",
    "OneHot",
    "Pad",
    "Range",
    "Resize",
    "Scan",
    "Tile",
    "Upsample",
];

/// tract's operators and ours.
pub(crate) fn register() -> OnnxOpRegister {
    let mut operators = tract_onnx::onnx().op_register;
    for name in [UNPROVEN, RANDOM, GROWING].concat() {
        operators.0.remove(name);
    }
    operators.insert("LinearClassifier", linear_classifier::build);
    operators.insert("LinearRegressor", linear_regressor::build);
    operators.insert("OneHotEncoder", one_hot::build);
    operators.insert("Scaler", scaler::build);
    operators.insert("TreeEnsemble", trees::ensemble);
    operators.insert("TreeEnsembleClassifier", trees::classifier);
    operators.insert("TreeEnsembleRegressor", trees::regressor);
    operators
}

/// Why an operator that is not registered is refused.
pub(crate) fn absence(operator: &str) -> &'static str {
    if RANDOM.contains(&operator) {
        "it draws at random, and a decision must be repeatable"
    } else if GROWING.contains(&operator) {
        "the size of its output would be set by a value in the file"
    } else {
        "it is not supported"
    }
}

/// Every attribute must be one that the operator honours.
fn only_attributes(node: &NodeProto, honoured: &[&str]) -> TractResult<()> {
    match node.attribute.iter().find(|attribute| !honoured.contains(&attribute.name.as_str())) {
        Some(attribute) => bail!("attribute `{}` is not supported", attribute.name),
        None => Ok(()),
    }
}

fn floats(node: &NodeProto, attribute: &str) -> TractResult<Vec<f32>> {
    let values: Vec<f32> = node.get_attr_opt_vec(attribute)?.unwrap_or_default();
    ensure!(values.iter().all(|value| value.is_finite()), "attribute `{attribute}` is not finite");
    Ok(values)
}

/// Rows and columns of a tensor of rank one (one row) or two.
fn matrix_shape(shape: &[usize]) -> TractResult<(usize, usize)> {
    match *shape {
        [columns] => Ok((1, columns)),
        [rows, columns] => Ok((rows, columns)),
        _ => bail!("expected a tensor of rank 1 or 2, found rank {}", shape.len()),
    }
}

fn tensor(shape: &[usize], values: Vec<f32>) -> TractResult<TValue> {
    Ok(Tensor::from_shape(shape, &values)?.into_tvalue())
}
