//! What the classifiers and regressors of ONNX-ML do to their scores at the end. Computed in float32 even where the scores
//! are float64, as in ONNX Runtime.

use tract_onnx::prelude::TractResult;
use tract_onnx::tract_hir::internal::bail;

use super::real::Real;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PostTransform {
    None,
    Logistic,
    Softmax,
    /// A softmax that leaves scores near zero where they are.
    SoftmaxZero,
    Probit,
}

/// How the score of the first of two classes follows from that of the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SecondClass {
    /// `1 - score`
    Complement,
    /// `-score`
    Opposite,
}

impl PostTransform {
    pub(crate) fn named(name: &str) -> TractResult<Self> {
        match name {
            "NONE" => Ok(Self::None),
            "LOGISTIC" => Ok(Self::Logistic),
            "SOFTMAX" => Ok(Self::Softmax),
            "SOFTMAX_ZERO" => Ok(Self::SoftmaxZero),
            "PROBIT" => Ok(Self::Probit),
            other => bail!("attribute `post_transform`: `{other}` is not supported"),
        }
    }

    /// As ONNX Runtime numbers them; the definition of `TreeEnsemble` has 1 and 2 the other way round.
    pub(crate) fn numbered(number: i64) -> TractResult<Self> {
        match number {
            0 => Ok(Self::None),
            1 => Ok(Self::Logistic),
            2 => Ok(Self::Softmax),
            3 => Ok(Self::SoftmaxZero),
            4 => Ok(Self::Probit),
            other => bail!("attribute `post_transform`: {other} is not supported"),
        }
    }

    /// On the scores of one row.
    pub(crate) fn apply<T: Real>(self, scores: &mut [T]) {
        match self {
            Self::None => {}
            Self::Logistic => scores.iter_mut().for_each(|score| *score = T::from_f32(logistic(score.to_f32()))),
            Self::Softmax => softmax(scores),
            Self::SoftmaxZero => softmax_zero(scores),
            Self::Probit => scores.iter_mut().for_each(|score| *score = T::from_f32(probit(score.to_f32()))),
        }
    }

    /// Two scores of the one that two classes share. Only the logistic is honoured there.
    pub(crate) fn of_one<T: Real>(self, score: T, first: SecondClass) -> [T; 2] {
        match (self, first) {
            (Self::Logistic, _) => [-score, score].map(|score| T::from_f32(logistic(score.to_f32()))),
            (_, SecondClass::Complement) => [T::ONE - score, score],
            (_, SecondClass::Opposite) => [-score, score],
        }
    }
}

/// The exponent is never positive, so nothing overflows.
pub(crate) fn logistic(score: f32) -> f32 {
    let high = 1.0 / (1.0 + (-score.abs()).exp());
    if score < 0.0 { 1.0 - high } else { high }
}

fn highest<T: Real>(scores: &[T]) -> f32 {
    scores.iter().fold(f32::MIN, |highest, score| if score.to_f32() > highest { score.to_f32() } else { highest })
}

fn softmax<T: Real>(scores: &mut [T]) {
    let highest = highest(scores);
    let mut sum = 0.0_f32;
    for score in scores.iter_mut() {
        let power = (score.to_f32() - highest).exp();
        *score = T::from_f32(power);
        sum += power;
    }
    scores.iter_mut().for_each(|score| *score = T::from_f32(score.to_f32() / sum));
}

fn softmax_zero<T: Real>(scores: &mut [T]) {
    const NEAR: f32 = 0.000_000_1;
    let highest = highest(scores);
    let near_zero = T::from_f32((-highest).exp());
    let mut sum = 0.0_f32;
    for score in scores.iter_mut() {
        if score.to_f32() > NEAR || score.to_f32() < -NEAR {
            let power = (score.to_f32() - highest).exp();
            *score = T::from_f32(power);
            sum += power;
        } else {
            *score = *score * near_zero;
        }
    }
    scores.iter_mut().for_each(|score| *score = *score / T::from_f32(sum));
}

/// Winitzki's approximation of the inverse error function, which ONNX Runtime uses.
fn probit(score: f32) -> f32 {
    let x = 2.0 * score - 1.0;
    let sign = if x < 0.0 { -1.0 } else { 1.0 };
    let log = ((1.0 - x) * (1.0 + x)).ln();
    let half = 2.0 / (std::f32::consts::PI * 0.147) + 0.5 * log;
    let root = (half * half - 1.0 / 0.147 * log).sqrt() - half;
    std::f32::consts::SQRT_2 * (sign * root.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logistic_neither_overflows_nor_passes_one() {
        assert_eq!((logistic(-1000.0), logistic(0.0), logistic(1000.0)), (0.0, 0.5, 1.0));
    }

    #[test]
    fn a_softmax_of_large_scores_sums_to_one() {
        let mut scores = [1000.0_f32, 1000.0];
        PostTransform::Softmax.apply(&mut scores);
        assert_eq!(scores, [0.5, 0.5]);
    }

    #[test]
    fn a_softmax_zero_leaves_what_is_zero() {
        let mut scores = [0.0_f64, 3.0];
        PostTransform::SoftmaxZero.apply(&mut scores);
        assert_eq!(scores, [0.0, 1.0]);
    }

    #[test]
    fn the_probit_of_one_half_is_zero() {
        assert_eq!(probit(0.5), 0.0);
        assert!((probit(0.975) - 1.96).abs() < 0.01);
    }
}
