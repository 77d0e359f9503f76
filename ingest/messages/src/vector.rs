//! A feature vector: what was known of one application at its time T, and why the rest was not.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::{ApplicationId, CustomerId, EventTime, KnownTime, Name, Named, Place, Position, TraceId};

/// One feature's value. Numbers keep whether they are whole, so that their text is the same on every platform.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum FeatureValue {
    Null,
    Bool(bool),
    Integer(i64),
    /// Finite: an infinite or undefined result is `Null` with a reason.
    Number(f64),
    Text(String),
    List(Vec<FeatureValue>),
}

/// Keys are sorted, so equal vectors have equal bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FeatureVector {
    pub application: ApplicationId,
    pub customer: CustomerId,
    /// T: the greatest of the request's own time and every known time before it in its partition.
    pub at: EventTime,
    pub known_time: KnownTime,
    /// Where in the log the application stood: every earlier record of its partition is in the vector.
    pub read_at: Position,
    /// Where the parts that entities gave were read, by entity: absent for what was read at `read_at`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parts: BTreeMap<String, Place>,
    /// Feature name (`view__aggregate_window`, `view__name`) to value.
    #[schemars(with = "BTreeMap<String, FeatureValue>")]
    pub features: Named<FeatureValue>,
    /// Feature name to reason: `no_consent`, `warming`, `unknown_entity`, `too_many_values`, ….
    #[schemars(with = "BTreeMap<String, String>")]
    pub missing: Named<Name>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<TraceId>,
}

/// By hand: serde's own way tries one variant after another, and every miss makes the text of an error.
impl<'de> Deserialize<'de> for FeatureValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = FeatureValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a feature's value")
    }

    fn visit_unit<E: Error>(self) -> Result<FeatureValue, E> {
        Ok(FeatureValue::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<FeatureValue, E> {
        Ok(FeatureValue::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<FeatureValue, E> {
        Ok(FeatureValue::Integer(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<FeatureValue, E> {
        #[allow(clippy::cast_precision_loss, reason = "beyond 64 bits with a sign a number is a double")]
        Ok(i64::try_from(value).map_or(FeatureValue::Number(value as f64), FeatureValue::Integer))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<FeatureValue, E> {
        Ok(FeatureValue::Number(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<FeatureValue, E> {
        Ok(FeatureValue::Text(value.to_owned()))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<FeatureValue, E> {
        Ok(FeatureValue::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<FeatureValue, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(FeatureValue::List(list))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_reads_back_as_what_it_was_and_an_object_is_none() {
        use FeatureValue::{Bool, Integer, List, Null, Number, Text};
        let values = List(vec![
            Null,
            Bool(true),
            Integer(i64::MIN),
            Integer(i64::MAX),
            Number(0.1),
            Number(2.0),
            Number(-0.0),
            Text("1 \"or\" 2\n".to_owned()),
            List(vec![Integer(1), Text(String::new())]),
        ]);
        let text = serde_json::to_string(&values).unwrap();
        let read: FeatureValue = serde_json::from_str(&text).unwrap();
        assert_eq!((serde_json::to_string(&read).unwrap(), read), (text, values));
        assert_eq!(serde_json::from_str::<FeatureValue>("18446744073709551615").unwrap(), Number(u64::MAX as f64));
        assert!(serde_json::from_str::<FeatureValue>("{}").unwrap_err().to_string().contains("a feature's value"));
    }
}
