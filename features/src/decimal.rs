//! Sums over decimals of six places, exact whatever the order of the values, and rounded to a double once.

use arrow::datatypes::i256;
use weir_expr::Scalar;

/// A value beyond this many millionths (7.9e22) has no exact sum here; below it no sum over memory's worth of rows
/// overflows, so that the answer never depends on the order.
const MOST: i128 = 1 << 96;
const SCALE: i128 = 1_000_000;

/// In millionths.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sums {
    count: i128,
    sum: i128,
    squares: i256,
}

impl Sums {
    /// Null where any value is too large.
    pub(crate) fn of<'a>(values: impl Iterator<Item = &'a Scalar>) -> Option<Self> {
        let mut sums = Self { count: 0, sum: 0, squares: i256::ZERO };
        for value in values {
            let value = millionths(value)?;
            sums.count += 1;
            sums.sum += value;
            sums.squares = sums.squares.wrapping_add(square(value));
        }
        Some(sums)
    }

    pub(crate) fn sum(self) -> Option<f64> {
        (self.count > 0).then(|| nearest(i256::from_i128(self.sum), i256::from_i128(SCALE)))
    }

    pub(crate) fn mean(self) -> Option<f64> {
        (self.count > 0).then(|| nearest(i256::from_i128(self.sum), i256::from_i128(SCALE * self.count)))
    }

    /// The square root of (n Σx² - (Σx)²) / (n (n - 1)).
    pub(crate) fn deviation(self) -> Option<f64> {
        if self.count < 2 {
            return None;
        }
        let spread = i256::from_i128(self.count).wrapping_mul(self.squares).wrapping_sub(square(self.sum));
        let scale = i256::from_i128(self.count * (self.count - 1)).wrapping_mul(square(SCALE));
        Some(root(spread, scale))
    }
}

fn square(value: i128) -> i256 {
    i256::from_i128(value).wrapping_mul(i256::from_i128(value))
}

fn millionths(value: &Scalar) -> Option<i128> {
    match value {
        Scalar::Integer(value) => Some(i128::from(*value) * SCALE),
        Scalar::Number(value) => of_number(*value),
        Scalar::Null | Scalar::Bool(_) | Scalar::Text(_) | Scalar::Time(_) => None,
    }
    .filter(|value| value.abs() < MOST)
}

/// The decimal that a double is written as (its shortest text that reads back), rounded half to even at six places.
fn of_number(value: f64) -> Option<i128> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if value.abs() < EXACT && value.fract() == 0.0 {
        #[allow(clippy::cast_possible_truncation, reason = "a whole double below 2^53")]
        return Some(i128::from(value as i64) * SCALE);
    }
    let text = format!("{value:e}");
    let (mantissa, exponent) = text.split_once('e')?;
    let (before, after) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: i128 = format!("{before}{after}").parse().ok()?;
    let shift = exponent.parse::<i32>().ok()? - i32::try_from(after.len()).ok()? + 6;
    match u32::try_from(shift) {
        Ok(up) => 10_i128.checked_pow(up)?.checked_mul(digits),
        Err(_) => Some(half_even(digits, 10_i128.checked_pow(shift.unsigned_abs()))),
    }
}

/// `digits / by`; a divisor too large to write leaves nothing.
fn half_even(digits: i128, by: Option<i128>) -> i128 {
    let Some(by) = by else { return 0 };
    let (whole, rest) = (digits.div_euclid(by), digits.rem_euclid(by));
    let up = rest * 2 > by || (rest * 2 == by && whole % 2 != 0);
    whole + i128::from(up)
}

/// The double nearest to `n / d`, ties to even; d > 0.
fn nearest(n: i256, d: i256) -> f64 {
    if n == i256::ZERO {
        return 0.0;
    }
    let (quotient, cut, shift) = quotient(n.wrapping_abs(), d, 62, false);
    let magnitude = rounded(quotient, cut) * 2_f64.powi(-shift);
    if n.is_negative() { -magnitude } else { magnitude }
}

/// The double nearest to the square root of `n / d`; n >= 0, d > 0.
fn root(n: i256, d: i256) -> f64 {
    if n == i256::ZERO {
        return 0.0;
    }
    let (quotient, cut, shift) = quotient(n, d, 119, true);
    let root = quotient.isqrt();
    rounded(root, cut || root * root != quotient) * 2_f64.powi(-shift / 2)
}

/// `n / d` times two to the power of the last, in about `bits` bits, and whether something was cut off. An even power
/// when asked for.
fn quotient(n: i256, d: i256, bits: i32, even: bool) -> (u128, bool, i32) {
    let mut shift = bits + length(d) - length(n);
    if even {
        shift &= !1;
    }
    let by = u8::try_from(shift.unsigned_abs()).expect("256 bits shift by less");
    let (n, d) = if shift >= 0 { (n << by, d) } else { (n, d << by) };
    let cut = n.wrapping_rem(d) != i256::ZERO;
    let whole = n.wrapping_div(d).to_i128().expect("at most 120 bits").unsigned_abs();
    (whole, cut, shift)
}

/// `value` has more bits than a double: setting its last one where something was cut off makes a tie no tie.
#[allow(clippy::cast_precision_loss, reason = "this is the one rounding")]
fn rounded(value: u128, cut: bool) -> f64 {
    (value | u128::from(cut)) as f64
}

fn length(value: i256) -> i32 {
    256 - i32::try_from(value.leading_zeros()).expect("at most 256")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sums(values: &[f64]) -> Sums {
        let values: Vec<Scalar> = values.iter().map(|value| Scalar::Number(*value)).collect();
        Sums::of(values.iter()).unwrap()
    }

    #[test]
    fn a_half_at_the_seventh_place_goes_to_the_even_neighbour() {
        for (value, expected) in [
            (1.000_000_5, 1_000_000),
            (1.000_001_5, 1_000_002),
            (-1.000_000_5, -1_000_000),
            (-1.000_001_5, -1_000_002),
            (2.5e-7, 0),
            (5.1e-7, 1),
            (1e-300, 0),
        ] {
            assert_eq!(of_number(value), Some(expected), "{value}");
        }
    }

    #[test]
    fn tenths_add_up() {
        assert_eq!(sums(&[0.1, 0.2]).sum(), Some(0.3));
        assert_eq!(sums(&[1e15, 0.1, -1e15]).sum(), Some(0.1));
        assert_eq!(sums(&[0.1, 0.2, 0.3]).mean(), Some(0.2));
        assert_eq!(sums(&[1.0, 2.0, 3.0, 4.0]).deviation(), Some((5.0_f64 / 3.0).sqrt()));
        assert_eq!(sums(&[1e15, 1e15 + 1.0]).deviation(), Some(0.5_f64.sqrt()));
    }

    #[test]
    fn a_value_beyond_the_exact_range_has_no_sum() {
        assert!(Sums::of([Scalar::Number(1e23)].iter()).is_none());
        assert!(Sums::of([Scalar::Number(1e300)].iter()).is_none());
        assert!(Sums::of([Scalar::Integer(i64::MIN), Scalar::Number(7e22)].iter()).is_some());
    }

    proptest! {
        /// The standard library reads a decimal text to the nearest double.
        #[test]
        fn a_sum_is_the_double_nearest_to_its_decimal(millionths in any::<i64>(), high in -1_000_i64..1_000) {
            let sum = i128::from(high) * (1_i128 << 64) + i128::from(millionths);
            let text = format!("{}{}.{:06}", if sum < 0 { "-" } else { "" }, sum.abs() / SCALE, sum.abs() % SCALE);
            prop_assert_eq!(nearest(i256::from_i128(sum), i256::from_i128(SCALE)), text.parse::<f64>().unwrap() + 0.0);
        }

        #[test]
        fn a_number_is_the_decimal_it_is_written_as(millionths in -1_000_000_000_000_i64..1_000_000_000_000) {
            #[allow(clippy::cast_precision_loss, reason = "below 2^53")]
            let number = millionths as f64 / 1e6;
            prop_assert_eq!(of_number(number), Some(i128::from(millionths)));
        }

        #[test]
        fn a_root_lies_between_its_neighbours_squares(n in 1_u64.., d in 1_u64..) {
            let found = root(i256::from_i128(n.into()), i256::from_i128(d.into()));
            #[allow(clippy::cast_precision_loss, reason = "compared within a few units in the last place")]
            let expected = (n as f64 / d as f64).sqrt();
            prop_assert!((found - expected).abs() <= expected * 4.0 * f64::EPSILON);
        }
    }
}
