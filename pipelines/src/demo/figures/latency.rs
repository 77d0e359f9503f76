//! How long things took: a histogram with three significant digits from one microsecond to two minutes.

use std::time::Duration;

use hdrhistogram::Histogram;

use crate::page::words::share;

/// Where a decision is held against its limit.
pub(crate) const QUANTILES: [f64; 2] = [0.5, 0.99];

const SHORTEST: u64 = 1_000;
const LONGEST: u64 = 120_000_000_000;

#[derive(Debug, Clone)]
pub(crate) struct Latencies(Histogram<u64>);

impl Default for Latencies {
    fn default() -> Self {
        Self(Histogram::new_with_bounds(SHORTEST, LONGEST, 3).expect("the bounds and digits are valid"))
    }
}

impl Latencies {
    /// Times beyond the bounds count as the bound.
    pub(crate) fn record(&mut self, took: Duration) {
        self.0.saturating_record(u64::try_from(took.as_nanos()).unwrap_or(LONGEST));
    }

    pub(crate) fn count(&self) -> u64 {
        self.0.len()
    }

    /// The least time that at least the share `quantile` of all took at most.
    pub(crate) fn quantile(&self, quantile: f64) -> Duration {
        Duration::from_nanos(self.0.value_at_quantile(quantile))
    }

    pub(crate) fn longest(&self) -> Duration {
        Duration::from_nanos(self.0.max())
    }

    /// The share of all that took between each edge and the next.
    pub(crate) fn shares(&self, edges: &[Duration]) -> Vec<f64> {
        let nanos = |edge: &Duration| u64::try_from(edge.as_nanos()).unwrap_or(LONGEST);
        let mut shares = vec![0.0; edges.len().saturating_sub(1)];
        for step in self.0.iter_recorded() {
            let place = edges.partition_point(|edge| nanos(edge) <= step.value_iterated_to());
            if (1..edges.len()).contains(&place) {
                shares[place - 1] += share(step.count_at_value(), self.count());
            }
        }
        shares
    }
}

/// The figure that a decision is held against: four times one `fdatasync` of the same run, and two milliseconds.
pub(crate) fn budget(fdatasync: Duration) -> Duration {
    4 * fdatasync + Duration::from_millis(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(all: impl IntoIterator<Item = u64>) -> Latencies {
        let mut latencies = Latencies::default();
        all.into_iter().for_each(|one| latencies.record(Duration::from_millis(one)));
        latencies
    }

    #[test]
    fn quantiles_are_those_of_what_was_recorded() {
        let latencies = millis(1..=100);
        for (quantile, expected) in [(0.5, 50.0), (0.99, 99.0), (1.0, 100.0)] {
            let found = latencies.quantile(quantile).as_secs_f64() * 1e3;
            assert!((found - expected).abs() < 0.1, "{quantile}: {found}");
        }
    }

    #[test]
    fn shares_between_edges_add_up() {
        let edges = [0, 10, 50, 1_000].map(Duration::from_millis);
        let shares = millis([1, 5, 20, 600]).shares(&edges);
        assert_eq!(shares, [0.5, 0.25, 0.25]);
    }

    #[test]
    fn a_budget_is_four_syncs_and_two_milliseconds() {
        assert_eq!(budget(Duration::from_micros(250)), Duration::from_millis(3));
    }
}
