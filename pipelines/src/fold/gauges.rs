//! Charts of what a process holds of a partition.

use metrics::Gauge;

/// Dropped, it shows 0: what it showed is another's by now, or is over.
pub(super) struct HeldGauge(Gauge);

impl HeldGauge {
    pub(super) const fn new(gauge: Gauge) -> Self {
        Self(gauge)
    }

    pub(super) fn set(&self, value: f64) {
        self.0.set(value);
    }

    pub(super) fn count(&self, count: u64) {
        self.set(f64::from(u32::try_from(count).unwrap_or(u32::MAX)));
    }
}

impl Drop for HeldGauge {
    fn drop(&mut self) {
        self.set(0.0);
    }
}
