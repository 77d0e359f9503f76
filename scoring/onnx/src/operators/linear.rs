//! The weighted sums that the linear operators share.

use tract_onnx::tract_hir::internal::*;

use super::matrix_shape;

/// One row of weights and one intercept for each output.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Linear {
    outputs: usize,
    weights: Vec<f32>,
    intercepts: Vec<f32>,
}

/// All floats are finite, so equality is total.
impl Eq for Linear {}

impl Linear {
    /// `weights` row by row: all of the first output, then all of the second. No intercepts means zeros.
    pub(super) fn new(outputs: usize, weights: Vec<f32>, intercepts: Vec<f32>) -> TractResult<Self> {
        ensure!(outputs > 0 && !weights.is_empty(), "attribute `coefficients` is empty");
        ensure!(
            weights.len().is_multiple_of(outputs),
            "expected a multiple of {outputs} coefficients, found {}",
            weights.len()
        );
        let intercepts = if intercepts.is_empty() { vec![0.0; outputs] } else { intercepts };
        ensure!(intercepts.len() == outputs, "expected {outputs} intercepts, found {}", intercepts.len());
        Ok(Self { outputs, weights, intercepts })
    }

    pub(super) const fn outputs(&self) -> usize {
        self.outputs
    }

    /// Number of rows, and the sums row by row.
    pub(super) fn sums(&self, input: &Tensor) -> TractResult<(usize, Vec<f32>)> {
        let (rows, columns) = matrix_shape(input.shape())?;
        let width = self.weights.len() / self.outputs;
        ensure!(columns == width, "expected {width} columns, found {columns}");
        let plain = input.try_as_plain_ram()?;
        let mut sums = Vec::with_capacity(rows * self.outputs);
        for row in plain.as_slice::<f32>()?.chunks_exact(width) {
            for (weights, intercept) in self.weights.chunks_exact(width).zip(&self.intercepts) {
                sums.push(row.iter().zip(weights).fold(0.0_f32, |sum, (x, w)| sum + x * w) + intercept);
            }
        }
        Ok((rows, sums))
    }
}
