//! Gauss-Legendre quadrature between zero and one: `n` points are exact for polynomials of a degree below `2 n`.

/// Points that are taken at once.
pub(super) const POINTS: usize = 4;

/// Values at some points.
pub(super) type Points = [f64; POINTS];

/// One group of points.
#[derive(Debug, Clone)]
pub(super) struct Quadrature {
    pub at: Points,
    pub weights: Points,
}

/// So many points, in groups.
pub(super) fn quadrature(points: usize) -> Vec<Quadrature> {
    let (at, weights): (Vec<f64>, Vec<f64>) = (0..points).map(|place| node_and_weight(points, place)).unzip();
    let groups = at.chunks_exact(POINTS).zip(weights.chunks_exact(POINTS));
    let group = |values: &[f64]| values.try_into().expect("chunks are of this length");
    groups.map(|(at, weights)| Quadrature { at: group(at), weights: group(weights) }).collect()
}

/// A root of the Legendre polynomial by Newton's method, from Tricomi's first guess.
#[allow(clippy::cast_precision_loss, reason = "points are few")]
fn node_and_weight(points: usize, place: usize) -> (f64, f64) {
    let n = points as f64;
    let mut x = (std::f64::consts::PI * (place as f64 + 0.75) / (n + 0.5)).cos();
    let mut slope = 1.0;
    for _ in 0..100 {
        let (mut last, mut value) = (1.0, x);
        for degree in 2..=points {
            let k = degree as f64;
            (last, value) = (value, ((2.0 * k - 1.0) * x * value - (k - 1.0) * last) / k);
        }
        slope = n * (x * value - last) / (x * x - 1.0);
        let step = value / slope;
        x -= step;
        if step.abs() < 1e-15 {
            break;
        }
    }
    ((1.0 - x) / 2.0, 1.0 / ((1.0 - x * x) * slope * slope))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polynomials_below_twice_the_points_are_exact() {
        for points in [4, 8, 40] {
            let groups = quadrature(points);
            for degree in 0..2 * i32::try_from(points).unwrap() {
                let of = |group: &Quadrature| -> f64 {
                    group.at.iter().zip(group.weights).map(|(at, weight)| weight * at.powi(degree)).sum()
                };
                let integral: f64 = groups.iter().map(of).sum();
                assert!((integral * f64::from(degree + 1) - 1.0).abs() < 1e-12, "{points} points, degree {degree}");
            }
        }
    }
}
