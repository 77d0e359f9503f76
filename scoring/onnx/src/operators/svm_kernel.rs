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
            Self::Sigmoid { gamma, coef0 } => tanh(gamma.mul_add(dot(row, vector), coef0)),
        }
    }
}

/// The rational approximation of Eigen and of ONNX Runtime, which a sum over many vectors tells from the true one.
fn tanh(value: f32) -> f32 {
    const ODD: [f32; 7] = [
        -2.760_768_5e-16,
        2.000_188e-13,
        -8.604_672e-11,
        5.122_297_1e-8,
        1.485_722_4e-5,
        6.372_619_3e-4,
        4.893_524_6e-3,
    ];
    const EVEN: [f32; 4] = [1.198_258_4e-6, 1.185_347_1e-4, 2.268_434_6e-3, 4.893_525e-3];
    let value = if value.is_nan() { value } else { value.clamp(-9.0, 9.0) };
    let square = value * value;
    let polynomial = |terms: &[f32]| terms.iter().fold(0.0_f32, |sum, term| sum.mul_add(square, *term));
    value * polynomial(&ODD) / polynomial(&EVEN)
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
