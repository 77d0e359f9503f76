//! Where a continuous function crosses zero, nearest to zero: bracketed by steps outwards, then narrowed by the Illinois
//! form of regula falsi, with bisection when that is slow.

use rust_decimal::Decimal;

/// Steps outwards grow by this factor from the first one.
const FIRST_STEP: Decimal = Decimal::from_parts(2, 0, 0, false, 2);
const GROWTH: Decimal = Decimal::from_parts(15, 0, 0, false, 1);
/// Beyond e^60 there is no rate worth the name, and within it nothing overflows.
const FARTHEST: Decimal = Decimal::from_parts(60, 0, 0, false, 0);
/// A step shorter than this changes no digit that is shown.
const TOLERANCE: Decimal = Decimal::from_parts(1, 0, 0, false, 25);
const MOST_STEPS: u32 = 400;

#[derive(Debug, Clone, Copy)]
struct Point {
    x: Decimal,
    y: Decimal,
}

/// The crossing nearest to zero within ±60; the positive one of two equally near brackets. `None` without a crossing.
pub(super) fn nearest_zero(function: impl Fn(Decimal) -> Decimal) -> Option<Decimal> {
    let at = |x: Decimal| Point { x, y: function(x) };
    let origin = at(Decimal::ZERO);
    if origin.y.is_zero() {
        return Some(Decimal::ZERO);
    }
    let (mut above, mut below) = (origin, origin);
    let mut step = FIRST_STEP;
    while above.x < FARTHEST {
        for (edge, direction) in [(&mut above, Decimal::ONE), (&mut below, Decimal::NEGATIVE_ONE)] {
            let next = at((edge.x + direction * step).clamp(-FARTHEST, FARTHEST));
            if crosses(edge.y, next.y) {
                return Some(narrow(*edge, next, at));
            }
            *edge = next;
        }
        step *= GROWTH;
    }
    None
}

fn crosses(a: Decimal, b: Decimal) -> bool {
    b.is_zero() || a.is_sign_negative() != b.is_sign_negative()
}

fn narrow(mut old: Point, mut new: Point, at: impl Fn(Decimal) -> Point) -> Decimal {
    for step in 1..=MOST_STEPS {
        if new.y.is_zero() {
            break;
        }
        let secant = (old.y - new.y).checked_div(old.x - new.x).and_then(|slope| new.y.checked_div(slope));
        let x = match secant {
            // Every fourth step halves, so the bracket closes whatever the shape.
            Some(offset) if step % 4 != 0 => new.x - offset,
            Some(_) | None => (old.x + new.x) / Decimal::TWO,
        };
        let next = at(x);
        let moved = (next.x - new.x).abs();
        if crosses(new.y, next.y) {
            old = new;
        } else {
            old.y /= Decimal::TWO;
        }
        new = next;
        if moved <= TOLERANCE {
            break;
        }
    }
    new.x
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn a_crossing_is_found_to_twenty_digits() {
        let root = nearest_zero(|x| x * x * x - Decimal::TWO).unwrap();
        assert_eq!(root.round_dp(20), decimal("1.25992104989487316477"));
    }

    #[test]
    fn of_several_crossings_the_nearest_to_zero_is_taken() {
        let (near, far) = (decimal("-0.3"), decimal("2"));
        assert_eq!(nearest_zero(|x| (x - near) * (x - far)).unwrap().round_dp(20), near);
    }

    #[test]
    fn a_function_that_never_crosses_has_none() {
        assert_eq!(nearest_zero(|x| x * x + Decimal::ONE), None);
        assert_eq!(nearest_zero(|_| Decimal::ONE), None);
    }
}
