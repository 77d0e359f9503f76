//! What other readers find of a customer: a hash with a field for each feature, and the order by which the newest wins.

use serde::Serialize;
use weir_messages::{CustomerId, FeatureVector, Place, Topic};

/// What is to stand in the place of whatever is older.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Latest {
    Values(Box<FeatureVector>),
    /// The customer was erased: no values, and none that come late.
    Erased,
}

impl Latest {
    /// Greater is newer. As text of one length, so that Redis compares as we do and to the last digit.
    pub(super) fn order(&self) -> String {
        let (known, offset) = match self {
            Self::Values(vector) => {
                (u64::try_from(vector.known_time.micros()).unwrap_or_default(), vector.read_at.offset)
            }
            Self::Erased => (u64::MAX, u64::MAX),
        };
        format!("{known:020}-{offset:020}")
    }

    /// Names and values, without the order. Features are JSON; no feature's name looks like one of the others'.
    pub(super) fn fields(&self, views: &str) -> Vec<(String, String)> {
        let vector = match self {
            Self::Values(vector) => vector,
            Self::Erased => return vec![("erased".to_owned(), "true".to_owned())],
        };
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

    pub(in crate::online) fn values(micros: i64, offset: u64) -> Latest {
        Latest::Values(Box::new(vector("c1", micros, offset)))
    }

    #[test]
    fn what_became_known_later_is_newer_and_at_one_moment_what_stands_later_on_the_log() {
        let in_order = [
            values(-1, 7),
            values(9, 5),
            values(10, 3),
            values(10, 20),
            values(1_700_000_000_000_000, 1),
            Latest::Erased,
        ];
        for pair in in_order.windows(2) {
            assert!(pair[0].order() < pair[1].order(), "{pair:?}");
        }
    }

    #[test]
    fn an_erased_customer_has_no_field_of_a_vector() {
        assert_eq!(Latest::Erased.fields("v"), [("erased".to_owned(), "true".to_owned())]);
    }
}
