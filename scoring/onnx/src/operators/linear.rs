//! The weighted sums that the linear operators share.

use tract_onnx::tract_hir::internal::*;

use super::attributes::Attributes;
use crate::wide::wide;

/// One row of weights and one intercept for each output.
#[derive(Debug, Clone)]
pub(crate) struct Linear {
    outputs: usize,
    weights: Vec<f32>,
    intercepts: Vec<f32>,
}

impl Linear {
    /// `coefficients` row by row: all of the first output, then all of the second. No intercepts means zeros.
    pub(super) fn new(attributes: &Attributes, outputs: usize) -> TractResult<Self> {
        let (weights, intercepts) = (attributes.finite("coefficients")?, attributes.finite("intercepts")?);
        ensure!(outputs > 0 && !weights.is_empty(), "attribute `coefficients` is empty");
        let intercepts = if intercepts.is_empty() { vec![0.0; outputs] } else { intercepts };
        let found = intercepts.len();
        ensure!(found == outputs, "attribute `intercepts`: expected {outputs} entries, found {found}");
        Ok(Self { outputs, weights, intercepts })
    }

    pub(crate) const fn outputs(&self) -> usize {
        self.outputs
    }

    /// There may be more coefficients than the columns need: like ONNX Runtime, the first are taken.
    pub(super) fn expect_columns(&self, columns: usize) -> TractResult<()> {
        let (outputs, found) = (self.outputs, self.weights.len());
        let needed = columns.checked_mul(outputs);
        ensure!(
            columns > 0 && needed.is_some_and(|needed| needed <= found),
            "attribute `coefficients`: {found} entries do not serve {outputs} sums of {columns} columns"
        );
        Ok(())
    }

    /// The sums row by row, of as many columns as were expected.
    pub(super) fn sums(&self, input: &[f32], columns: usize) -> Vec<f32> {
        let mut sums = Vec::with_capacity(input.len() / columns * self.outputs);
        for row in input.chunks_exact(columns) {
            wide(|| self.row(row, &mut sums));
        }
        sums
    }

    /// Weights and intercept of one sum, of as many columns as there are weights for.
    pub(crate) fn of_output(&self, output: usize) -> Option<(&[f32], f32)> {
        let columns = self.weights.len() / self.outputs;
        Some((self.weights.get(output * columns..)?.get(..columns)?, *self.intercepts.get(output)?))
    }

    /// The sums of one row.
    #[inline(always)]
    pub(crate) fn row(&self, row: &[f32], sums: &mut Vec<f32>) {
        for (weights, intercept) in self.weights.chunks_exact(row.len()).zip(&self.intercepts) {
            sums.push(dot(row, weights) + intercept);
        }
    }
}

/// In the order of the columns and with one rounding a step, as the matrix kernels of ONNX Runtime do it; so a score does
/// not depend on the processor.
#[inline(always)]
pub(super) fn dot(row: &[f32], weights: &[f32]) -> f32 {
    row.iter().zip(weights).fold(0.0, |sum, (x, weight)| x.mul_add(*weight, sum))
}
