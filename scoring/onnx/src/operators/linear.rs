//! The weighted sums that the linear operators share.

use tract_onnx::tract_hir::internal::*;

use super::attributes::Attributes;
use crate::wide::{Wide, wide};

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
            self.row(row, &mut sums);
        }
        sums
    }

    /// Weights and intercept of one sum, of as many columns as there are weights for.
    pub(crate) fn of_output(&self, output: usize) -> Option<(&[f32], f32)> {
        let columns = self.weights.len() / self.outputs;
        Some((self.weights.get(output * columns..)?.get(..columns)?, *self.intercepts.get(output)?))
    }

    /// Appends the sums of one row.
    pub(crate) fn row(&self, row: &[f32], sums: &mut Vec<f32>) {
        wide(Sums { linear: self, row, sums });
    }
}

struct Sums<'a> {
    linear: &'a Linear,
    row: &'a [f32],
    sums: &'a mut Vec<f32>,
}

impl Wide for Sums<'_> {
    /// Two sums at a time: each waits for its own last step.
    #[inline(always)]
    fn run(self) {
        let Linear { weights, intercepts, .. } = self.linear;
        let columns = self.row.len();
        let mut weights = weights.chunks_exact(columns);
        for intercepts in intercepts.chunks(2) {
            match (intercepts, weights.next(), weights.next()) {
                ([first, second], Some(of_first), Some(of_second)) => {
                    let (of_first, of_second) = (&of_first[..columns], &of_second[..columns]);
                    let mut sums = [0.0_f32; 2];
                    for (at, x) in self.row.iter().enumerate() {
                        sums[0] = x.mul_add(of_first[at], sums[0]);
                        sums[1] = x.mul_add(of_second[at], sums[1]);
                    }
                    self.sums.extend([sums[0] + first, sums[1] + second]);
                }
                (_, Some(of_first), _) => self.sums.push(dot(self.row, of_first) + intercepts[0]),
                (_, None, _) => {}
            }
        }
    }
}

/// In the order of the columns and with one rounding a step, as the matrix kernels of ONNX Runtime do it; so a score does
/// not depend on the processor.
#[inline(always)]
pub(super) fn dot(row: &[f32], weights: &[f32]) -> f32 {
    row.iter().zip(weights).fold(0.0, |sum, (x, weight)| x.mul_add(*weight, sum))
}
