//! What one customer agreed to and took back.
//!
//! A withdrawal ends every grant of that consent that was given before it, in whatever order the two arrive.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use weir_messages::events::{ConsentGranted, ConsentWithdrawn};
use weir_messages::{EventTime, KnownTime};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Grant {
    at: EventTime,
    classes: BTreeSet<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires: Option<EventTime>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Consent {
    /// The latest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    granted: Option<Grant>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    withdrawn: Option<EventTime>,
}

impl Consent {
    fn live(&self, at: KnownTime) -> Option<&Grant> {
        let grant = self.granted.as_ref()?;
        let withdrawn = self.withdrawn.is_some_and(|withdrawn| grant.at <= withdrawn);
        let expired = grant.expires.is_some_and(|expires| expires <= at.as_event());
        (!withdrawn && !expired).then_some(grant)
    }
}

type ById = BTreeMap<String, Consent>;

/// A customer's consents.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(from = "ById", into = "ById")]
pub(super) struct Consents {
    by_id: ById,
    /// Classes that are covered until `first_expiry`: the same for most events of a customer, and shared by them.
    classes: Arc<BTreeSet<String>>,
    first_expiry: Option<EventTime>,
}

impl Consents {
    pub(super) fn grant(&mut self, granted: ConsentGranted, at: EventTime) {
        let consent = self.by_id.entry(granted.consent).or_default();
        if consent.granted.as_ref().is_none_or(|before| before.at <= at) {
            let classes = granted.classes.into_iter().collect();
            consent.granted = Some(Grant { at, classes, expires: granted.expires });
        }
        self.sum_up();
    }

    pub(super) fn withdraw(&mut self, withdrawn: ConsentWithdrawn, at: EventTime) {
        let consent = self.by_id.entry(withdrawn.consent).or_default();
        consent.withdrawn = consent.withdrawn.max(Some(at));
        self.sum_up();
    }

    /// Whether this consent is live and covers the class.
    pub(super) fn covers(&self, consent: &str, class: &str, at: KnownTime) -> bool {
        let live = self.by_id.get(consent).and_then(|consent| consent.live(at));
        live.is_some_and(|grant| grant.classes.contains(class))
    }

    /// Every class that some live consent covers.
    pub(super) fn classes(&self, at: KnownTime) -> Arc<BTreeSet<String>> {
        if self.first_expiry.is_none_or(|expiry| at.as_event() < expiry) {
            Arc::clone(&self.classes)
        } else {
            Arc::new(self.live_classes(at))
        }
    }

    fn live_classes(&self, at: KnownTime) -> BTreeSet<String> {
        let live = self.by_id.values().filter_map(|consent| consent.live(at));
        live.flat_map(|grant| grant.classes.iter().cloned()).collect()
    }

    fn sum_up(&mut self) {
        self.classes = Arc::new(self.live_classes(KnownTime::MIN));
        let live = self.by_id.values().filter_map(|consent| consent.live(KnownTime::MIN));
        self.first_expiry = live.filter_map(|grant| grant.expires).min();
    }
}

impl From<ById> for Consents {
    fn from(by_id: ById) -> Self {
        let mut consents = Self { by_id, ..Self::default() };
        consents.sum_up();
        consents
    }
}

impl From<Consents> for ById {
    fn from(consents: Consents) -> Self {
        consents.by_id
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn event(micros: i64) -> EventTime {
        EventTime::from_micros(micros)
    }

    const fn known(micros: i64) -> KnownTime {
        KnownTime::from_micros(micros)
    }

    fn granted(consent: &str, classes: &[&str], expires: Option<i64>) -> ConsentGranted {
        let classes = classes.iter().map(|class| (*class).to_owned()).collect();
        let expires = expires.map(EventTime::from_micros);
        ConsentGranted { consent: consent.to_owned(), classes, text_version: "1".to_owned(), expires }
    }

    fn withdrawn(consent: &str) -> ConsentWithdrawn {
        ConsentWithdrawn { consent: consent.to_owned() }
    }

    fn shown(consents: &Consents, at: i64) -> String {
        consents.classes(known(at)).iter().map(String::as_str).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_consent_covers_its_classes_until_it_runs_out() {
        let mut consents = Consents::default();
        consents.grant(granted("a", &["device", "carrier"], Some(50)), event(10));
        consents.grant(granted("b", &["device"], None), event(10));
        assert_eq!(shown(&consents, 49), "carrier device");
        assert_eq!(shown(&consents, 50), "device");
        assert!(consents.covers("a", "carrier", known(49)) && !consents.covers("a", "carrier", known(50)));
        assert!(!consents.covers("b", "carrier", known(10)) && !consents.covers("c", "device", known(10)));
    }

    #[test]
    fn a_withdrawn_consent_comes_back_only_by_a_later_grant() {
        let mut consents = Consents::default();
        consents.withdraw(withdrawn("a"), event(20));
        consents.grant(granted("a", &["device"], None), event(20));
        assert_eq!(shown(&consents, 99), "");
        consents.grant(granted("a", &["carrier"], None), event(21));
        assert_eq!(shown(&consents, 99), "carrier");
    }

    #[test]
    fn equal_classes_are_shared_and_the_saved_form_reads_back() {
        let mut consents = Consents::default();
        consents.grant(granted("a", &["device"], Some(50)), event(10));
        assert!(Arc::ptr_eq(&consents.classes(known(20)), &consents.classes(known(30))));
        let json = serde_json::to_string(&consents).unwrap();
        let expected = r#"{"a":{"granted":{"at":"1970-01-01T00:00:00.000010Z","classes":["device"],"expires":"1970-01-01T00:00:00.000050Z"}}}"#;
        assert_eq!(json, expected);
        assert_eq!(shown(&serde_json::from_str(&json).unwrap(), 20), "device");
    }

    proptest! {
        /// A grant and a withdrawal of different moments mean the same in either order of arrival.
        #[test]
        fn the_order_of_arrival_says_nothing(mut steps in proptest::collection::vec((any::<bool>(), 0..3_u8), 0..8)) {
            let fold = |steps: &[(i64, bool, u8)]| {
                let mut consents = Consents::default();
                for (at, grants, id) in steps {
                    match grants {
                        true => consents.grant(granted(&id.to_string(), &[&format!("class{at}")], None), event(*at)),
                        false => consents.withdraw(withdrawn(&id.to_string()), event(*at)),
                    }
                }
                shown(&consents, 99)
            };
            let timed: Vec<_> = (1..).zip(steps.drain(..)).map(|(at, (grants, id))| (at, grants, id)).collect();
            let backward: Vec<_> = timed.iter().rev().copied().collect();
            prop_assert_eq!(fold(&timed), fold(&backward));
        }
    }
}
