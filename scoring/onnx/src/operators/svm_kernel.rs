//! The kernels of support vector machines: how near a row is to each support vector, in float32.

use tract_onnx::tract_hir::internal::*;

use super::attributes::Attributes;
use super::linear::dot;

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kernel {
    Linear,
    /// `(gamma * x.v + coef0) ^ degree`
    Poly {
        gamma: f32,
        coef0: f32,
        degree: f32,
    },
    /// `exp(-gamma * |x - v|^2)`
    Rbf {
        gamma: f32,
    },
    /// `tanh(gamma * x.v + coef0)`
    Sigmoid {
        gamma: f32,
        coef0: f32,
    },
}

impl Kernel {
    pub(super) fn new(attributes: &Attributes) -> TractResult<Self> {
        let parameters = attributes.finite("kernel_params")?;
        let [gamma, coef0, degree] = parameters[..] else {
            bail!("attribute `kernel_params`: expected 3 entries, found {}", parameters.len())
        };
        match attributes.text("kernel_type", "LINEAR")?.as_str() {
            "LINEAR" => Ok(Self::Linear),
            "POLY" => Ok(Self::Poly { gamma, coef0, degree }),
            "RBF" => Ok(Self::Rbf { gamma }),
            "SIGMOID" => Ok(Self::Sigmoid { gamma, coef0 }),
            other => bail!("attribute `kernel_type`: `{other}` is not supported"),
        }
    }

    pub(super) fn of(self, row: &[f32], vector: &[f32]) -> f32 {
        match self {
            Self::Linear => dot(row, vector),
            Self::Poly { gamma, coef0, degree } => power(gamma.mul_add(dot(row, vector), coef0), degree),
            Self::Rbf { gamma } => {
                let differences = row.iter().zip(vector).map(|(x, v)| x - v);
                (-gamma * differences.fold(0.0_f32, |sum, difference| sum + difference * difference)).exp()
            }
            Self::Sigmoid { gamma, coef0 } => gamma.mul_add(dot(row, vector), coef0).tanh(),
        }
    }
}

fn power(base: f32, degree: f32) -> f32 {
    if degree == 2.0 {
        base * base
    } else if degree == 3.0 {
        base * base * base
    } else {
        base.powf(degree)
    }
}
