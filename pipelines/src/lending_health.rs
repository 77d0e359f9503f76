//! What lending has set aside, and what the last verification of its books found: as gauges and as checks of readiness,
//! taken when asked. Neither makes a process unready.

use weir_lending::api::{Lending, Verified};
use weir_lending::store::{ParkedCount, ParkedKind};
use weir_messages::{Causes, KnownTime};

use crate::health::{Check, Health};
use crate::meters;

/// What is parked and what is wrong with the books; the books are left out until they have been verified.
pub(crate) async fn checks(lending: &Lending, now: KnownTime) -> Vec<Check> {
    let parked = match lending.parked_counts().await {
        Ok(counts) => parked(&counts, now),
        Err(error) => Health::Degraded(format!("cannot be counted: {}", Causes(&error))),
    };
    let books = lending.latest_verification().map(|(at, verified)| Check::new("books", books(at, &verified, now)));
    [Check::new("parked", parked)].into_iter().chain(books).collect()
}

fn parked(counts: &[ParkedCount], now: KnownTime) -> Health {
    for kind in ParkedKind::ALL.iter().copied() {
        let found = counts.iter().find(|one| one.kind == kind);
        let (number, oldest) = found.map_or((0.0, 0.0), |one| (meters::count(one.count), meters::age(now, one.oldest)));
        metrics::gauge!("weir_parked", "kind" => kind.name()).set(number);
        metrics::gauge!("weir_parked_age_seconds", "kind" => kind.name()).set(oldest);
    }
    let told = |one: &ParkedCount| {
        format!("{} of kind {}, the oldest for {:.0} s", one.count, one.kind.name(), meters::age(now, one.oldest))
    };
    match counts {
        [] => Health::Ok,
        counts => Health::Degraded(counts.iter().map(told).collect::<Vec<_>>().join("; ")),
    }
}

fn books(at: KnownTime, verified: &Verified, now: KnownTime) -> Health {
    let different = verified.different + u64::from(verified.broken.is_some());
    metrics::gauge!("weir_ledger_differences").set(meters::count(different));
    metrics::gauge!("weir_ledger_verified_age_seconds").set(meters::age(now, at));
    match different {
        0 => Health::Ok,
        found => Health::Degraded(format!("{found} things did not add up at {at}: see `weir ledger verify`")),
    }
}
