//! The process's metrics: where they are kept, and the gauges that are taken when somebody asks.

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

/// Seconds. From a tenth of a disk write to what nobody waits for.
const LATENCIES: [f64; 16] =
    [0.00025, 0.0005, 0.001, 0.0015, 0.002, 0.003, 0.005, 0.008, 0.015, 0.03, 0.06, 0.12, 0.25, 0.5, 1.0, 5.0];

/// Makes this process's metrics go to a page in Prometheus's text format. Once a process.
pub(crate) fn start() -> Result<PrometheusHandle, BuildError> {
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &LATENCIES)?
        .install_recorder()
}
