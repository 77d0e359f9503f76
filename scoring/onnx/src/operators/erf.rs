//! `Erf` of the standard domain: tract's own is off in the fifth decimal.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::attributes::Attributes;
use super::operator::{Built, Operator, built};
use super::rows::{expect_float32, numbers, only};

#[derive(Debug)]
struct Erf;

pub(super) fn build(_: &ParsingContext, node: &NodeProto) -> Built {
    Attributes::new(node, &[])?;
    built(node, 1, Erf)
}

/// NIST Digital Library of Mathematical Functions 7.6.2, whose terms are all of one sign; beyond 4 it is one in float32.
fn erf(x: f64) -> f64 {
    if x.is_nan() || x.abs() >= 4.0 {
        return x.signum();
    }
    let (mut sum, mut term, mut odd) = (0.0, x, 1.0);
    while sum + term != sum {
        sum += term;
        odd += 2.0;
        term *= 2.0 * x * x / odd;
    }
    std::f64::consts::FRAC_2_SQRT_PI * (-x * x).exp() * sum
}

impl Operator for Erf {
    fn name(&self) -> &'static str {
        "Erf"
    }

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let input = only(inputs)?;
        expect_float32(input.datum_type)?;
        Ok(tvec!(input.without_value()))
    }

    fn eval(&self, inputs: &[&Tensor]) -> TractResult<TVec<Tensor>> {
        let input = only(inputs)?;
        #[allow(clippy::cast_possible_truncation, reason = "the operator gives float32")]
        let values: Vec<f32> = numbers::<f64>(input)?.into_iter().map(|x| erf(x) as f32).collect();
        Ok(tvec!(Tensor::from_shape(input.shape(), &values)?))
    }
}

#[cfg(test)]
mod tests {
    use super::erf;

    #[test]
    fn known_values_come_out() {
        for (x, expected) in [(0.0, 0.0), (0.5, 0.520_499_877_813_046_5), (-2.0, -0.995_322_265_018_952_7), (9.0, 1.0)]
        {
            assert!((erf(x) - expected).abs() < 1e-12, "{x}");
        }
        assert!(erf(f64::NAN).is_nan());
    }
}
