//! What lending has set aside, whether the payment channel answers, and what the last verification of the books found: as
//! gauges and as checks of readiness, taken when asked. None of them makes a process unready.

use std::time::Duration;

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
    let payments = Check::new("payments", payments(lending.payments_silent_for()));
    let books = lending.latest_verification().map(|(at, verified)| Check::new("books", books(at, &verified, now)));
    [Check::new("parked", parked), payments].into_iter().chain(books).collect()
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

/// One answer that is lost says nothing yet: it is asked again within seconds.
const SILENT_AT_MOST: Duration = Duration::from_secs(30);

fn payments(silent: Option<Duration>) -> Health {
    metrics::gauge!("weir_payments_silent_seconds").set(silent.unwrap_or_default().as_secs_f64());
    match silent.filter(|silent| *silent > SILENT_AT_MOST) {
        None => Health::Ok,
        Some(silent) => Health::Degraded(format!(
            "the channel has given no answer that reads for {:.0} s; payouts wait, and are asked for again",
            silent.as_secs_f64()
        )),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_that_stays_silent_is_degraded_and_one_lost_answer_is_not() {
        assert!(matches!(payments(None), Health::Ok));
        assert!(matches!(payments(Some(Duration::from_secs(29))), Health::Ok));
        let Health::Degraded(text) = payments(Some(Duration::from_secs(95))) else { panic!("95 s are long") };
        assert!(text.contains("for 95 s"), "{text}");
    }
}
