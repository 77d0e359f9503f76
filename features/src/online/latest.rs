//! What other readers find of a customer: a hash with a field for each feature, and the order by which the newest wins.

use serde::Serialize;
use weir_messages::{CustomerId, FeatureVector, Place, Topic};

/// Behind every vector's.
pub(super) const ERASED: &str = "18446744073709551615-18446744073709551615";

/// Greater is newer. As text of one length, so that Redis compares as we do and to the last digit.
pub(super) fn order(vector: &FeatureVector) -> String {
    let known = u64::try_from(vector.known_time.micros()).unwrap_or_default();
    format!("{known:020}-{:020}", vector.read_at.offset)
}

/// Names and values, without the order. Features are JSON; no feature's name looks like one of the others'.
pub(super) fn fields(vector: &FeatureVector, views: &str) -> Vec<(String, String)> {
    let beside = [
        ("application", vector.application.to_string()),
        ("at", vector.at.to_string()),
        ("known_time", vector.known_time.to_string()),
        ("read_at", Place::new(Topic::Events, vector.read_at).to_string()),
        ("missing", json(&vector.missing)),
        ("views", views.to_owned()),
    ];
    let beside = beside.into_iter().map(|(name, value)| (name.to_owned(), value));
    beside.chain(vector.features.iter().map(|(name, value)| (name.to_string(), json(value)))).collect()
}

/// No values, and none that come late.
pub(super) fn erased_fields() -> Vec<(String, String)> {
    vec![("erased".to_owned(), "true".to_owned())]
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("string keys and finite numbers")
}

pub(super) fn key(customer: &CustomerId) -> String {
    format!("weir:features:{customer}")
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::BTreeMap;

    use weir_messages::{ApplicationId, EventTime, FeatureValue, KnownTime, Position};

    use super::*;

    /// What was known at `micros` of the record at `offset`, with one feature that tells both.
    pub(in crate::online) fn vector(customer: &str, micros: i64, offset: u64) -> FeatureVector {
        let value = FeatureValue::Text(format!("{micros}/{offset}"));
        FeatureVector {
            application: ApplicationId::new(format!("a{offset}")),
            customer: CustomerId::new(customer),
            at: EventTime::from_micros(micros),
            known_time: KnownTime::from_micros(micros),
            read_at: Position { partition: 0, offset },
            parts: BTreeMap::new(),
            features: [("taps__count_1d", value), ("taps__mean_1d", FeatureValue::Null)].into_iter().collect(),
            missing: [("taps__mean_1d", "no_rows".into())].into_iter().collect(),
            trace: None,
        }
    }

    #[test]
    fn newer_is_known_later_and_at_one_moment_later_on_the_log() {
        let places = [(-1, 7), (9, 5), (10, 3), (10, 20), (1_700_000_000_000_000, 1)];
        let mut orders: Vec<String> = places.map(|(known, offset)| order(&vector("c1", known, offset))).into();
        orders.push(ERASED.to_owned());
        assert!(orders.is_sorted() && orders.windows(2).all(|pair| pair[0] != pair[1]), "{orders:?}");
    }
}
