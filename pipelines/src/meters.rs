//! The process's metrics: where they are kept, and for how long. Labels take a bounded number of values; the series of a
//! model's version ends when the version is used no more.

use std::time::Duration;

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use metrics_util::MetricKindMask;
use weir_messages::KnownTime;

/// Seconds. From a tenth of a disk write to what nobody waits for.
const LATENCIES: [f64; 16] =
    [0.00025, 0.0005, 0.001, 0.0015, 0.002, 0.003, 0.005, 0.008, 0.015, 0.03, 0.06, 0.12, 0.25, 0.5, 1.0, 5.0];

/// A gauge or histogram that was not touched for so long leaves the page. Counters stay: one that came back would hide its
/// first count from whoever looks at increases.
const IDLE: Duration = Duration::from_secs(24 * 3_600);

/// How often recorded samples are put into their buckets, where nobody asks for the page.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// Makes this process's metrics go to a page in Prometheus's text format. Once a process.
pub(crate) fn start() -> Result<PrometheusHandle, BuildError> {
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &LATENCIES)?
        .idle_timeout(MetricKindMask::GAUGE | MetricKindMask::HISTOGRAM, Some(IDLE))
        .install_recorder()
}

/// A number of things, as a gauge shows it.
pub(crate) fn count(number: impl TryInto<u32>) -> f64 {
    f64::from(number.try_into().unwrap_or(u32::MAX))
}

/// Seconds since then, as a gauge shows them; none before it.
#[allow(clippy::cast_precision_loss, reason = "an age on a chart")]
pub(crate) fn age(now: KnownTime, since: KnownTime) -> f64 {
    now.micros().saturating_sub(since.micros()).max(0) as f64 / 1e6
}

/// Until the task is aborted. Samples are kept one by one until somebody asks for the page or this is done.
pub(crate) async fn upkeep(prometheus: PrometheusHandle) {
    let mut due = tokio::time::interval(UPKEEP_EVERY);
    loop {
        due.tick().await;
        prometheus.run_upkeep();
    }
}
