//! How well a score tells good from bad, against the real outcome: the ROC curve, the area under it and the
//! Kolmogorov-Smirnov distance. Equal scores are one step of the curve, which makes the area the Mann-Whitney
//! statistic with ties counted as half (Hanley and McNeil 1982). The area's standard error is that of DeLong, DeLong and
//! Clarke-Pearson 1988.

/// The normal distribution's quantile of 97.5 %: an interval of 95 % reaches as many standard errors to each side.
pub(crate) const NORMAL_95: f64 = 1.959_964;

/// One person's probability of default by the model, and what became of the loan.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Scored {
    pub(crate) probability: f64,
    pub(crate) is_bad: bool,
}

/// Steps from (0, 0) to (1, 1): the share of good and of bad with at least some probability.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Roc {
    pub(crate) points: Vec<(f64, f64)>,
    goods: f64,
    bads: f64,
}

impl Roc {
    /// `None` unless there are both good and bad.
    pub(crate) fn of(scored: &[Scored]) -> Option<Self> {
        let mut scored = scored.to_vec();
        scored.sort_by(|a, b| b.probability.total_cmp(&a.probability));
        let (bads, goods) = counted(&scored);
        if bads == 0.0 || goods == 0.0 {
            return None;
        }
        let (mut bad, mut good, mut points) = (0.0, 0.0, vec![(0.0, 0.0)]);
        for equal in scored.chunk_by(|a, b| a.probability.total_cmp(&b.probability).is_eq()) {
            let (more_bad, more_good) = counted(equal);
            bad += more_bad;
            good += more_good;
            points.push((good / goods, bad / bads));
        }
        Some(Self { points, goods, bads })
    }

    /// The chance that a bad one has a higher probability than a good one, half for equal ones.
    pub(crate) fn auc(&self) -> f64 {
        self.points.windows(2).map(|pair| (pair[1].0 - pair[0].0) * (pair[0].1 + pair[1].1) / 2.0).sum()
    }

    /// Where the area is with a confidence of 95 %; `None` where one of a kind says nothing of its spread.
    pub(crate) fn interval(&self) -> Option<[f64; 2]> {
        if self.goods < 2.0 || self.bads < 2.0 {
            return None;
        }
        let auc = self.auc();
        // How much of the others each one outranks: the same for all of one step.
        let variance = |(from, to): (&(f64, f64), &(f64, f64))| {
            let (good, bad) = (to.0 - from.0, to.1 - from.1);
            let (of_bad, of_good) = (1.0 - from.0 - good / 2.0, from.1 + bad / 2.0);
            bad * (of_bad - auc).powi(2) / (self.bads - 1.0) + good * (of_good - auc).powi(2) / (self.goods - 1.0)
        };
        let steps = self.points.iter().zip(&self.points[1..]);
        let wide = NORMAL_95 * steps.map(variance).sum::<f64>().sqrt();
        Some([(auc - wide).max(0.0), (auc + wide).min(1.0)])
    }

    /// The greatest distance between the two shares.
    pub(crate) fn ks(&self) -> f64 {
        self.points.iter().map(|(good, bad)| (bad - good).abs()).fold(0.0, f64::max)
    }
}

/// Bad ones and good ones.
fn counted(scored: &[Scored]) -> (f64, f64) {
    scored.iter().fold((0.0, 0.0), |(bad, good), one| if one.is_bad { (bad + 1.0, good) } else { (bad, good + 1.0) })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn scored(bad: &[f64], good: &[f64]) -> Vec<Scored> {
        let of = |is_bad| move |probability: &f64| Scored { probability: *probability, is_bad };
        bad.iter().map(of(true)).chain(good.iter().map(of(false))).collect()
    }

    fn close(found: f64, expected: f64) -> bool {
        (found - expected).abs() < 1e-12
    }

    #[test]
    fn small_cases_come_out_as_counted_by_hand() {
        // Of the pairs .8>.7 .8>.5 .8>.1, .6<.7 .6>.5 .6>.1: five of six in order.
        let roc = Roc::of(&scored(&[0.8, 0.6], &[0.7, 0.5, 0.1])).unwrap();
        assert!(close(roc.auc(), 5.0 / 6.0));
        // At .6 and above: both bad, one of three good.
        assert!(close(roc.ks(), 2.0 / 3.0));
    }

    #[test]
    fn equal_scores_count_half() {
        let roc = Roc::of(&scored(&[0.5], &[0.5])).unwrap();
        assert!(close(roc.auc(), 0.5) && close(roc.ks(), 0.0));
        // .9 wins twice, .5 ties once and wins once: 3.5 of 4.
        let roc = Roc::of(&scored(&[0.9, 0.5], &[0.5, 0.2])).unwrap();
        assert!(close(roc.auc(), 3.5 / 4.0) && close(roc.ks(), 0.5));
    }

    #[test]
    fn perfect_and_reversed_scores_are_one_and_zero() {
        assert!(close(Roc::of(&scored(&[0.9, 0.8], &[0.2, 0.1])).unwrap().auc(), 1.0));
        let reversed = Roc::of(&scored(&[0.1], &[0.2, 0.9])).unwrap();
        assert!(close(reversed.auc(), 0.0) && close(reversed.ks(), 1.0));
    }

    #[test]
    fn the_interval_is_delongs_as_counted_by_hand() {
        // The bad outrank 1 and 2/3 of the good, the good are outranked by 1/2, 1 and 1 of the bad: variances of 1/18 and 1/12,
        // and 1/18 / 2 + 1/12 / 3 = 1/18.
        let roc = Roc::of(&scored(&[0.8, 0.6], &[0.7, 0.5, 0.1])).unwrap();
        let [low, high] = roc.interval().unwrap();
        assert!(close(low, 5.0 / 6.0 - NORMAL_95 / 18_f64.sqrt()) && close(high, 1.0));
        assert_eq!(Roc::of(&scored(&[0.8], &[0.7, 0.5])).unwrap().interval(), None);
    }

    #[test]
    fn one_class_alone_has_no_curve() {
        assert_eq!(Roc::of(&scored(&[0.3, 0.4], &[])), None);
        assert_eq!(Roc::of(&[]), None);
    }

    fn naive_auc(scored: &[Scored]) -> f64 {
        let (mut wins, mut pairs) = (0.0, 0.0);
        for bad in scored.iter().filter(|one| one.is_bad) {
            for good in scored.iter().filter(|one| !one.is_bad) {
                pairs += 1.0;
                wins += match bad.probability.total_cmp(&good.probability) {
                    std::cmp::Ordering::Greater => 1.0,
                    std::cmp::Ordering::Equal => 0.5,
                    std::cmp::Ordering::Less => 0.0,
                };
            }
        }
        wins / pairs
    }

    proptest! {
        #[test]
        fn the_area_is_the_mann_whitney_statistic(drawn in prop::collection::vec((0_u8..20, any::<bool>()), 2..80)) {
            let one = |(level, is_bad): (u8, bool)| Scored { probability: f64::from(level) / 20.0, is_bad };
            let scored: Vec<_> = drawn.into_iter().map(one).collect();
            if let Some(roc) = Roc::of(&scored) {
                prop_assert!((roc.auc() - naive_auc(&scored)).abs() < 1e-9);
                prop_assert!((0.0..=1.0).contains(&roc.ks()));
            }
        }
    }
}
