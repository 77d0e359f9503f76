//! `ai.onnx.ml.SVMRegressor`: a weighted sum of nearnesses to support vectors, or without vectors of the columns; for a
//! single class only its sign. ONNX Runtime honours no transform here.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::attributes::Attributes;
use super::linear::dot;
use super::operator::{Built, Operator, built};
use super::rows::{expect_float32, matrix, numbers, only};
use super::svm_kernel::Kernel;

#[derive(Debug)]
struct SvmRegressor {
    kernel: Kernel,
    features: usize,
    /// Empty where the coefficients belong to the columns.
    vectors: Vec<f32>,
    coefficients: Vec<f32>,
    rho: f32,
    one_class: bool,
}

pub(super) fn build(_: &ParsingContext, node: &NodeProto) -> Built {
    let honoured = [
        "coefficients",
        "kernel_params",
        "kernel_type",
        "n_supports",
        "one_class",
        "post_transform",
        "rho",
        "support_vectors",
    ];
    let attributes = Attributes::new(node, &honoured)?;
    let transform = attributes.text("post_transform", "NONE")?;
    ensure!(transform == "NONE", "attribute `post_transform`: `{transform}` is not supported");
    let (coefficients, rho) = (attributes.finite("coefficients")?, attributes.finite("rho")?);
    ensure!(!coefficients.is_empty(), "attribute `coefficients` is empty");
    let Some(&rho) = rho.first() else { bail!("attribute `rho` is empty") };
    let one_class = attributes.integer("one_class", 0)? != 0;
    let kernel = Kernel::new(&attributes)?;
    let supports = attributes.integer("n_supports", 0)?;
    if supports == 0 {
        let features = coefficients.len();
        let kernel = Kernel::Linear;
        return built(node, 1, SvmRegressor { kernel, features, vectors: Vec::new(), coefficients, rho, one_class });
    }
    let vectors = attributes.finite("support_vectors")?;
    let count = coefficients.len();
    ensure!(
        usize::try_from(supports) == Ok(count),
        "attribute `coefficients`: expected {supports} entries, found {count}"
    );
    ensure!(
        !vectors.is_empty() && vectors.len().is_multiple_of(count),
        "attribute `support_vectors`: expected a multiple of {count} entries, found {}",
        vectors.len()
    );
    let features = vectors.len() / count;
    built(node, 1, SvmRegressor { kernel, features, vectors, coefficients, rho, one_class })
}

impl SvmRegressor {
    fn row(&self, row: &[f32]) -> f32 {
        let sum = if self.vectors.is_empty() {
            dot(row, &self.coefficients)
        } else {
            let near = self.vectors.chunks_exact(self.features).map(|vector| self.kernel.of(row, vector));
            near.zip(&self.coefficients).fold(0.0_f32, |sum, (near, coefficient)| near.mul_add(*coefficient, sum))
        };
        let score = sum + self.rho;
        match self.one_class {
            false => score,
            true if score > 0.0 => 1.0,
            true => -1.0,
        }
    }
}

impl Operator for SvmRegressor {
    fn name(&self) -> &'static str {
        "SVMRegressor"
    }

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let input = only(inputs)?;
        expect_float32(input.datum_type)?;
        let (rows, columns) = matrix(&input.shape)?;
        ensure!(columns == self.features.to_dim(), "expected {} columns, found {columns}", self.features);
        Ok(tvec!(f32::fact([rows, 1.to_dim()])))
    }

    fn eval(&self, inputs: &[&Tensor]) -> TractResult<TVec<Tensor>> {
        let input = only(inputs)?;
        let (rows, columns) = matrix(input.shape())?;
        ensure!(columns == self.features, "expected {} columns, found {columns}", self.features);
        let scores: Vec<f32> = numbers::<f32>(input)?.chunks_exact(columns).map(|row| self.row(row)).collect();
        Ok(tvec!(Tensor::from_shape(&[rows, 1], &scores)?))
    }
}
