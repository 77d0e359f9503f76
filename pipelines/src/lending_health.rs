//! What lending has set aside, and what the last verification of its books found: as gauges, taken when asked.

use weir_lending::api::Lending;
use weir_lending::store::{ParkedCount, ParkedKind};
use weir_messages::KnownTime;

/// Takes the gauges of what is parked and of the books.
pub(crate) async fn measure(lending: &Lending, now: KnownTime) {
    match lending.parked_counts().await {
        Ok(counts) => parked(&counts, now),
        Err(error) => tracing::warn!(error = %weir_messages::Causes(&error), "what is parked cannot be counted"),
    }
    if let Some((at, verified)) = lending.latest_verification() {
        let different = verified.different + u64::from(verified.broken.is_some());
        metrics::gauge!("weir_ledger_differences").set(count(different));
        metrics::gauge!("weir_ledger_verified_age_seconds").set(age(at, now));
    }
}

fn parked(counts: &[ParkedCount], now: KnownTime) {
    for kind in ParkedKind::ALL {
        let found = counts.iter().find(|one| one.kind == kind);
        let (number, oldest) = found.map_or((0.0, 0.0), |one| (count(one.count), age(one.oldest, now)));
        metrics::gauge!("weir_parked", "kind" => kind.name()).set(number);
        metrics::gauge!("weir_parked_age_seconds", "kind" => kind.name()).set(oldest);
    }
}

fn age(since: KnownTime, now: KnownTime) -> f64 {
    crate::http::seconds(now.micros() - since.micros())
}

fn count(number: u64) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}
