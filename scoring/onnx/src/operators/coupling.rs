//! Class probabilities from those of pairs of classes: Wu, Lin and Weng, "Probability Estimates for Multi-class
//! Classification by Pairwise Coupling" (2004), the second of their methods, in float32 as libsvm's heirs run it.

use super::post_transform::logistic;

/// `decisions` and `sigmoids` are those of the pairs (0, 1), (0, 2), … (1, 2), …
pub(super) fn coupled(classes: usize, decisions: &[f32], sigmoids: &[(f32, f32)]) -> Vec<f32> {
    const LEAST: f32 = 1e-7;
    let mut pairwise = vec![0.0; classes * classes];
    let mut pairs = decisions.iter().zip(sigmoids);
    for first in 0..classes {
        for second in first + 1..classes {
            let (decision, (slope, offset)) = pairs.next().expect("there is one of each for every pair");
            let chance = within(1.0 - logistic(decision * slope + offset), LEAST, 1.0 - LEAST);
            pairwise[first * classes + second] = chance;
            pairwise[second * classes + first] = 1.0 - chance;
        }
    }
    solved(classes, &pairwise)
}

/// NaN stays NaN.
fn within(value: f32, least: f32, most: f32) -> f32 {
    if value < least {
        least
    } else if value > most {
        most
    } else {
        value
    }
}

/// The fixed point of the paper's equation 46, within 0.005 / classes or after 100 rounds.
#[allow(clippy::cast_precision_loss, reason = "classes are few")]
fn solved(classes: usize, pairwise: &[f32]) -> Vec<f32> {
    let quadratic = quadratic(classes, pairwise);
    let mut chances = vec![1.0 / classes as f32; classes];
    let enough = 0.005 / classes as f32;
    for _ in 0..100 {
        let row = |at: usize| &quadratic[at * classes..][..classes];
        let mut products: Vec<f32> =
            (0..classes).map(|at| row(at).iter().zip(&chances).fold(0.0, |sum, (q, p)| sum + q * p)).collect();
        let mut whole = chances.iter().zip(&products).fold(0.0_f32, |sum, (p, qp)| sum + p * qp);
        let furthest = products
            .iter()
            .map(|qp| (qp - whole).abs())
            .fold(0.0_f32, |most, error| if error > most { error } else { most });
        if furthest < enough {
            break;
        }
        for at in 0..classes {
            let own = row(at)[at];
            let step = (-products[at] + whole) / own;
            chances[at] += step;
            whole = (whole + step * (step * own + 2.0 * products[at])) / (1.0 + step) / (1.0 + step);
            for other in 0..classes {
                products[other] = (products[other] + step * row(at)[other]) / (1.0 + step);
                chances[other] /= 1.0 + step;
            }
        }
    }
    chances
}

fn quadratic(classes: usize, pairwise: &[f32]) -> Vec<f32> {
    let chance = |first: usize, second: usize| pairwise[first * classes + second];
    let mut quadratic = vec![0.0; classes * classes];
    for first in 0..classes {
        for second in (0..classes).filter(|second| *second != first) {
            quadratic[first * classes + first] += chance(second, first) * chance(second, first);
            quadratic[first * classes + second] = -chance(second, first) * chance(first, second);
        }
    }
    quadratic
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chances_of_pairs_that_agree_come_out_again() {
        // Three classes of 0.5, 0.3 and 0.2: a pair's chance is the first's share of both.
        let odds = |first: f32, second: f32| -(second / first).ln();
        let decisions = [odds(0.5, 0.3), odds(0.5, 0.2), odds(0.3, 0.2)];
        let chances = coupled(3, &decisions, &[(-1.0, 0.0); 3]);
        for (found, expected) in chances.iter().zip([0.5, 0.3, 0.2]) {
            assert!((found - expected).abs() < 0.005, "{chances:?}");
        }
        assert!((chances.iter().sum::<f32>() - 1.0).abs() < 1e-6);
    }
}
