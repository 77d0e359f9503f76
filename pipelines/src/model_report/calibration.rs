//! Whether of those who were given a probability so many went bad: by tenths of the labelled, with intervals by Wilson 1927
//! ("Probable inference, the law of succession, and statistical inference", Journal of the American Statistical Association 22).

use serde::Serialize;

use crate::discrimination::{NORMAL_95, Scored};
use crate::page::plot::number;

const BINS: usize = 10;

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Bin {
    pub(super) labelled: usize,
    pub(super) bad: usize,
    /// What the model said on average.
    pub(super) said: f64,
    /// The share that went bad, and where it is with a confidence of 95 %.
    pub(super) share: f64,
    pub(super) interval: [f64; 2],
}

/// From the smallest probabilities to the greatest.
pub(super) fn bins(scored: &[Scored]) -> Vec<Bin> {
    let mut scored = scored.to_vec();
    scored.sort_by(|one, other| one.probability.total_cmp(&other.probability));
    let edge = |part: usize| part * scored.len() / BINS;
    let bins = (0..BINS).map(|part| &scored[edge(part)..edge(part + 1)]);
    bins.filter(|bin| !bin.is_empty()).map(bin).collect()
}

fn bin(scored: &[Scored]) -> Bin {
    let bad = scored.iter().filter(|one| one.is_bad).count();
    let said = scored.iter().map(|one| one.probability).sum::<f64>() / number(scored.len());
    let (share, interval) = (number(bad) / number(scored.len()), wilson(bad, scored.len()));
    Bin { labelled: scored.len(), bad, said, share, interval }
}

fn wilson(part: usize, whole: usize) -> [f64; 2] {
    let (whole, share, squared) = (number(whole), number(part) / number(whole), NORMAL_95 * NORMAL_95);
    let middle = share + squared / (2.0 * whole);
    let wide = NORMAL_95 * (share * (1.0 - share) / whole + squared / (4.0 * whole * whole)).sqrt();
    [-wide, wide].map(|side| ((middle + side) / (1.0 + squared / whole)).clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_wilsons_and_has_room_where_nobody_went_bad() {
        // 1 of 10, as R's prop.test(1, 10, correct = FALSE) gives it.
        let [low, high] = wilson(1, 10);
        assert!((low - 0.017_876).abs() < 1e-5 && (high - 0.404_150).abs() < 1e-5, "{low} {high}");
        let [low, high] = wilson(0, 20);
        assert!(low < 1e-9 && (high - 0.161_125).abs() < 1e-5, "{high}");
    }

    #[test]
    fn tenths_hold_everybody_once_and_in_order() {
        let scored: Vec<Scored> =
            (0..57).map(|place| Scored { probability: f64::from(place) / 60.0, is_bad: place % 3 == 0 }).collect();
        let bins = bins(&scored);
        assert_eq!((bins.len(), bins.iter().map(|bin| bin.labelled).sum::<usize>()), (10, 57));
        assert_eq!(bins.iter().map(|bin| bin.bad).sum::<usize>(), 19);
        assert!(bins.windows(2).all(|pair| pair[0].said < pair[1].said));
        assert!(bins.iter().all(|bin| bin.interval[0] <= bin.share && bin.share <= bin.interval[1]));
        assert_eq!(super::bins(&scored[..3]).len(), 3, "fewer than bins");
    }
}
