//! The functions of neural networks over many float32 at once, in steps that the compiler turns into vector instructions:
//! within two units of the last digit everywhere, tails included, and NaN of NaN. The same bits on every processor, as
//! nothing is fused.
//!
//! Coefficients: Moshier, Cephes Mathematical Library 2.2 (`expf.c`, `tanhf.c`).

use crate::wide::{Wide, wide};

struct Each<'a, F> {
    values: &'a mut [f32],
    function: F,
}

impl<F: Fn(f32) -> f32> Wide for Each<'_, F> {
    #[inline(always)]
    fn run(self) {
        for value in self.values {
            *value = (self.function)(*value);
        }
    }
}

/// Puts the function of each value in its place. `function` must be inlined.
pub(super) fn each(values: &mut [f32], function: impl Fn(f32) -> f32) {
    wide(Each { values, function });
}

#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    /// Beyond these the result is zero or infinite.
    const ZERO_BELOW: f32 = -104.0;
    const INFINITE_ABOVE: f32 = 89.0;
    /// Added to a float it leaves the nearest integer in the last bits.
    const ROUND: f32 = 12_582_912.0;
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    let x = if x < ZERO_BELOW { ZERO_BELOW } else { x };
    let x = if x > INFINITE_ABOVE { INFINITE_ABOVE } else { x };
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let power = shifted - ROUND;
    let rest = x - power * LN_2_HIGH - power * LN_2_LOW;
    let mut series = 1.987_569_1e-4;
    for coefficient in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5] {
        series = series * rest + coefficient;
    }
    let series = series * rest * rest + rest + 1.0;
    // In two steps, so that what is below the least normal number is reached and nothing overflows on the way.
    let power = shifted.to_bits().wrapping_sub(ROUND.to_bits()).cast_signed();
    let half = power >> 1;
    let two_to_the = |power: i32| f32::from_bits((power.wrapping_add(127) << 23).cast_unsigned());
    series * two_to_the(half) * two_to_the(power.wrapping_sub(half))
}

#[inline(always)]
pub(super) fn sigmoid(x: f32) -> f32 {
    let power = exp(-x.abs());
    let high = if x < 0.0 { power } else { 1.0 };
    if x.is_nan() { x } else { high / (1.0 + power) }
}

#[inline(always)]
pub(super) fn tanh(x: f32) -> f32 {
    let (size, square) = (x.abs(), x * x);
    let mut series = -5.704_988_7e-3;
    for coefficient in [2.063_908_8e-2, -5.373_971_5e-2, 1.333_144_2e-1, -3.333_328e-1] {
        series = series * square + coefficient;
    }
    let near = (x + x * square * series).copysign(x);
    let far = (1.0 - 2.0 / (exp(size + size) + 1.0)).copysign(x);
    if size < 0.625 || x.is_nan() { near } else { far }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative; below the least normal number by what the last bit is worth there.
    fn apart(found: f32, expected: f64) -> f64 {
        let (found, least) = (f64::from(found), f64::from(f32::MIN_POSITIVE));
        if found == expected { 0.0 } else { (found - expected).abs() / expected.abs().max(least) }
    }

    #[test]
    fn every_function_is_right_to_the_last_digits_over_the_whole_range() {
        let mut worst = [0.0_f64; 3];
        for bits in (0..=u32::MAX).step_by(4_099) {
            let x = f32::from_bits(bits);
            if x.is_nan() {
                assert!([exp(x), sigmoid(x), tanh(x)].iter().all(|y| y.is_nan()), "{x}");
                continue;
            }
            let double = f64::from(x);
            let narrow = |value: f64| if value > f64::from(f32::MAX) { f64::INFINITY } else { value };
            let expected = [narrow(double.exp()), 1.0 / (1.0 + (-double).exp()), double.tanh()];
            let found = [exp(x), sigmoid(x), tanh(x)];
            for ((worst, found), expected) in worst.iter_mut().zip(found).zip(expected) {
                *worst = worst.max(apart(found, expected));
            }
        }
        assert!(worst.iter().all(|worst| *worst < 3e-7), "{worst:?}");
    }

    #[test]
    fn ends_are_exact() {
        assert_eq!([f32::NEG_INFINITY, f32::INFINITY].map(exp), [0.0, f32::INFINITY]);
        assert_eq!([f32::NEG_INFINITY, f32::INFINITY].map(sigmoid), [0.0, 1.0]);
        assert_eq!([f32::NEG_INFINITY, f32::INFINITY].map(tanh), [-1.0, 1.0]);
        assert!(tanh(-0.0).is_sign_negative());
    }
}
