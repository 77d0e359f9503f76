//! Charts of what a process holds of a partition.

use metrics::Label;

use crate::meters;

/// Dropped, it shows 0: what it showed is another's by now, or is over.
///
/// It is looked up each time: one that was not touched for long has left the page, and a handle of it would show nothing.
pub(super) struct HeldGauge {
    name: &'static str,
    labels: Vec<Label>,
}

impl HeldGauge {
    pub(super) const fn new(name: &'static str, labels: Vec<Label>) -> Self {
        Self { name, labels }
    }

    pub(super) fn set(&self, value: f64) {
        metrics::gauge!(self.name, self.labels.clone()).set(value);
    }

    pub(super) fn count(&self, count: impl TryInto<u32>) {
        self.set(meters::count(count));
    }
}

impl Drop for HeldGauge {
    fn drop(&mut self) {
        self.set(0.0);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use metrics_exporter_prometheus::PrometheusBuilder;
    use metrics_util::MetricKindMask;

    use super::*;

    #[test]
    fn a_gauge_that_left_the_page_comes_back_with_its_next_value() {
        let builder = PrometheusBuilder::new().idle_timeout(MetricKindMask::GAUGE, Some(Duration::from_millis(1)));
        let recorder = builder.build_recorder();
        let shown = || recorder.handle().render().lines().filter(|line| line.starts_with("held ")).count();
        metrics::with_local_recorder(&recorder, || {
            let gauge = HeldGauge::new("held", Vec::new());
            gauge.count(1_u64);
            assert_eq!(shown(), 1);
            std::thread::sleep(Duration::from_millis(20));
            assert_eq!(shown(), 0, "nobody touched it");
            gauge.count(2_u64);
            assert_eq!(shown(), 1);
        });
    }
}
