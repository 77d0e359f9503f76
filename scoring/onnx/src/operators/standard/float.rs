//! What the functions of one value need of the two kinds of float.

use tract_onnx::tract_hir::internal::Datum;
use tract_onnx::tract_hir::internal::tract_num_traits::Float;

use super::vector;

/// What the two kinds of float have beyond `Float`.
pub(super) trait Real: Float + Datum {
    fn round_ties_even(self) -> Self;
    fn of(value: f32) -> Self;
    fn erf(self) -> Self;
    /// In float64, whose squares hold any float32.
    fn double(self) -> f64;
    fn narrowed(value: f64) -> Self;
    fn exp_each(values: &mut [Self]);
    fn sigmoid_each(values: &mut [Self]);
    fn tanh_each(values: &mut [Self]);
}

impl Real for f32 {
    fn round_ties_even(self) -> Self {
        self.round_ties_even()
    }

    fn of(value: f32) -> Self {
        value
    }

    #[allow(clippy::cast_possible_truncation, reason = "the function gives what it takes")]
    fn erf(self) -> Self {
        erf(f64::from(self)) as Self
    }

    fn double(self) -> f64 {
        f64::from(self)
    }

    #[allow(clippy::cast_possible_truncation, reason = "the function gives what it takes")]
    fn narrowed(value: f64) -> Self {
        value as Self
    }

    fn exp_each(values: &mut [Self]) {
        vector::each(values, vector::exp);
    }

    fn sigmoid_each(values: &mut [Self]) {
        vector::each(values, vector::sigmoid);
    }

    fn tanh_each(values: &mut [Self]) {
        vector::each(values, vector::tanh);
    }
}

impl Real for f64 {
    fn round_ties_even(self) -> Self {
        self.round_ties_even()
    }

    fn of(value: f32) -> Self {
        Self::from(value)
    }

    fn erf(self) -> Self {
        erf(self)
    }

    fn double(self) -> f64 {
        self
    }

    fn narrowed(value: f64) -> Self {
        value
    }

    fn exp_each(values: &mut [Self]) {
        each(values, f64::exp);
    }

    fn sigmoid_each(values: &mut [Self]) {
        each(values, |x| 1.0 / (1.0 + (-x).exp()));
    }

    fn tanh_each(values: &mut [Self]) {
        each(values, f64::tanh);
    }
}

/// NIST Digital Library of Mathematical Functions 7.6.2, whose terms are all of one sign; beyond 6 it is one in float64.
fn erf(x: f64) -> f64 {
    if x.is_nan() || x.abs() >= 6.0 {
        return if x.is_nan() { x } else { x.signum() };
    }
    let (mut sum, mut term, mut odd) = (0.0, x, 1.0);
    while sum + term != sum {
        sum += term;
        odd += 2.0;
        term *= 2.0 * x * x / odd;
    }
    std::f64::consts::FRAC_2_SQRT_PI * (-x * x).exp() * sum
}

pub(super) fn each<T: Copy>(values: &mut [T], function: impl Fn(T) -> T) {
    for value in values {
        *value = function(*value);
    }
}
