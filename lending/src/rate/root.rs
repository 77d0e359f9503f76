//! Every zero of a sum of exponentials within a range, however close one is to another.
//!
//! Such a sum has at most as many zeros as its coefficients, in order of time, have changes of sign (Laguerre's form of
//! Descartes' rule). Multiplied with e^(c x), where c lies between the two times of one change, its derivative has one change
//! fewer, and by Rolle's theorem a zero between any two of the sum's own. So the zeros of a sum with one change, which has one
//! at most, are found by a crossing, and those of any other between the zeros of that derivative.

use rust_decimal::Decimal;

/// Steps outwards grow by this factor from the first one.
const FIRST_STEP: Decimal = Decimal::from_parts(2, 0, 0, false, 2);
const GROWTH: Decimal = Decimal::from_parts(15, 0, 0, false, 1);
/// A step shorter than this changes no digit that is shown.
const TOLERANCE: Decimal = Decimal::from_parts(1, 0, 0, false, 25);
const MOST_STEPS: u32 = 400;
/// What the sum is worth beside its terms where it is taken for zero: below it their own last digits decide.
const NOTHING: Decimal = Decimal::from_parts(1, 0, 0, false, 20);

/// A sum of exponentials, scaled by anything positive, and so are its derivatives.
pub(super) trait Sum {
    /// The times of the terms, ascending, with the signs of their coefficients.
    fn times(&self) -> Vec<(Decimal, Sign)>;

    /// Value and size at `x` of the sum of the terms, each times its factor, which is one of `times` long. The size is the
    /// sum of the absolute terms.
    fn at(&self, x: Decimal, factors: &[Decimal]) -> Value;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    Negative,
    Zero,
    Positive,
}

impl Sign {
    pub(super) fn of(value: Decimal) -> Self {
        if value.is_zero() {
            Self::Zero
        } else if value.is_sign_negative() {
            Self::Negative
        } else {
            Self::Positive
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Value {
    pub sum: Decimal,
    pub size: Decimal,
}

impl Value {
    /// Whether only the last digits of its terms are left.
    fn is_nothing(self) -> bool {
        self.sum.abs() <= self.size * NOTHING
    }
}

/// The zeros from `least` to `most`, ascending; two that no digit tells apart are one.
pub(super) fn zeros(sum: &impl Sum, least: Decimal, most: Decimal) -> Vec<Decimal> {
    let times = sum.times();
    let coefficients: Vec<Sign> = times.iter().map(|(_, sign)| *sign).collect();
    let factors = vec![Decimal::ONE; times.len()];
    Search { sum, times: times.into_iter().map(|(time, _)| time).collect(), least, most }.zeros(&coefficients, &factors)
}

struct Search<'a, S> {
    sum: &'a S,
    times: Vec<Decimal>,
    least: Decimal,
    most: Decimal,
}

impl<S: Sum> Search<'_, S> {
    fn zeros(&self, signs: &[Sign], factors: &[Decimal]) -> Vec<Decimal> {
        let at = |x: Decimal| self.sum.at(x, factors);
        let (before, after) = match changes(signs)[..] {
            [] => return Vec::new(),
            [_] => return self.only(at).into_iter().collect(),
            [change, ..] => change,
        };
        let pivot = (self.times[before] + self.times[after]) / Decimal::TWO;
        // By the farthest of them, so that no factor is above one.
        let farthest = self.times.iter().map(|time| (pivot - time).abs()).max().unwrap_or(Decimal::ONE);
        let of_turns = factors.iter().zip(&self.times).map(|(factor, time)| factor * ((pivot - time) / farthest));
        let of_turns: Vec<Decimal> = of_turns.collect();
        let signs: Vec<Sign> = signs.iter().zip(&self.times).map(|(sign, time)| turned(*sign, *time > pivot)).collect();
        let turns = self.zeros(&signs, &of_turns);
        let ends = std::iter::once(self.least).chain(turns).chain([self.most]).map(|x| (x, at(x)));
        let ends: Vec<(Decimal, Value)> = ends.collect();
        let mut zeros: Vec<Decimal> = ends.iter().filter(|(_, y)| y.is_nothing()).map(|(x, _)| *x).collect();
        for pair in ends.windows(2) {
            let [from, to] = *pair else { continue };
            let crosses = from.1.sum.is_sign_negative() != to.1.sum.is_sign_negative();
            if crosses && !from.1.is_nothing() && !to.1.is_nothing() {
                zeros.push(narrow((from.0, from.1.sum), (to.0, to.1.sum), |x| at(x).sum));
            }
        }
        zeros.sort_unstable();
        zeros
    }

    /// The zero of a sum that has one at most: bracketed by steps outwards from where rates are.
    fn only(&self, at: impl Fn(Decimal) -> Value) -> Option<Decimal> {
        let point = |x: Decimal| (x, at(x).sum);
        let origin = point(Decimal::ZERO.clamp(self.least, self.most));
        if origin.1.is_zero() {
            return Some(origin.0);
        }
        let (mut above, mut below, mut step) = (origin, origin, FIRST_STEP);
        while above.0 < self.most || below.0 > self.least {
            for (edge, direction) in [(&mut above, Decimal::ONE), (&mut below, Decimal::NEGATIVE_ONE)] {
                let next = point((edge.0 + direction * step).clamp(self.least, self.most));
                if next.1.is_zero() || edge.1.is_sign_negative() != next.1.is_sign_negative() {
                    return Some(narrow(*edge, next, |x| at(x).sum));
                }
                *edge = next;
            }
            step *= GROWTH;
        }
        None
    }
}

/// The places on the two sides of each change of sign.
pub(super) fn changes(signs: &[Sign]) -> Vec<(usize, usize)> {
    let known: Vec<(usize, Sign)> = signs.iter().copied().enumerate().filter(|(_, sign)| *sign != Sign::Zero).collect();
    known.windows(2).filter(|pair| pair[0].1 != pair[1].1).map(|pair| (pair[0].0, pair[1].0)).collect()
}

const fn turned(sign: Sign, turn: bool) -> Sign {
    match (sign, turn) {
        (Sign::Negative, true) => Sign::Positive,
        (Sign::Positive, true) => Sign::Negative,
        (sign, _) => sign,
    }
}

/// The one crossing between two points of opposite sign: the Illinois form of regula falsi, with bisection when that is slow.
fn narrow(mut old: (Decimal, Decimal), mut new: (Decimal, Decimal), at: impl Fn(Decimal) -> Decimal) -> Decimal {
    for step in 1..=MOST_STEPS {
        if new.1.is_zero() {
            break;
        }
        let secant = (old.1 - new.1).checked_div(old.0 - new.0).and_then(|slope| new.1.checked_div(slope));
        let x = match secant {
            // Every fourth step halves, so the bracket closes whatever the shape.
            Some(offset) if step % 4 != 0 => new.0 - offset,
            Some(_) | None => (old.0 + new.0) / Decimal::TWO,
        };
        let next = (x, at(x));
        let moved = (next.0 - new.0).abs();
        if next.1.is_zero() || new.1.is_sign_negative() != next.1.is_sign_negative() {
            old = new;
        } else {
            old.1 /= Decimal::TWO;
        }
        new = next;
        if moved <= TOLERANCE {
            break;
        }
    }
    new.0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A polynomial in e^-x, by its coefficients from the constant one on.
    struct Polynomial(Vec<Decimal>);

    impl Sum for Polynomial {
        fn times(&self) -> Vec<(Decimal, Sign)> {
            (0_u32..).map(Decimal::from).zip(self.0.iter().map(|value| Sign::of(*value))).collect()
        }

        fn at(&self, x: Decimal, factors: &[Decimal]) -> Value {
            use rust_decimal::MathematicalOps;
            let (mut sum, mut size, power) = (Decimal::ZERO, Decimal::ZERO, (-x).exp());
            for (coefficient, factor) in self.0.iter().zip(factors).rev() {
                sum = sum * power + coefficient * factor;
                size = size * power + (coefficient * factor).abs();
            }
            Value { sum, size }
        }
    }

    /// Zeros in e^x of the product of (1 - z e^-x).
    fn found(zeros_at: &[&str]) -> Vec<Decimal> {
        use rust_decimal::MathematicalOps;
        let mut coefficients = vec![Decimal::ONE];
        for zero in zeros_at {
            let zero: Decimal = zero.parse().unwrap();
            coefficients.push(Decimal::ZERO);
            for at in (1..coefficients.len()).rev() {
                let before = coefficients[at - 1];
                coefficients[at] -= zero * before;
            }
        }
        let (least, most) = (Decimal::from(-5), Decimal::from(5));
        zeros(&Polynomial(coefficients), least, most).into_iter().map(|x| x.exp().round_dp(10)).collect()
    }

    #[test]
    fn every_zero_is_found_however_close_to_another() {
        for zeros_at in [
            &["1.12"][..],
            &["1.12", "1.15"],
            &["1.12", "1.1200001"],
            &["0.5", "0.9", "1.1", "3"],
            &["1", "1.01", "1.02", "1.03", "1.04"],
        ] {
            let expected: Vec<Decimal> = zeros_at.iter().map(|zero| zero.parse().unwrap()).collect();
            assert_eq!(found(zeros_at), expected);
        }
    }

    #[test]
    fn zeros_in_one_place_are_one() {
        for zeros_at in [&["1.1", "1.1"][..], &["1.1", "1.1", "1.1"], &["1.1"; 4]] {
            assert_eq!(found(zeros_at), ["1.1".parse::<Decimal>().unwrap()], "{zeros_at:?}");
        }
    }

    #[test]
    fn what_lies_beyond_the_range_is_not_found() {
        assert_eq!(found(&["1000"]), []);
        assert_eq!(found(&["1.5", "1000"]), ["1.5".parse::<Decimal>().unwrap()]);
    }
}
