//! A feature vector: what was known of one application at its time T, and why the rest was not.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ApplicationId, CustomerId, EventTime, KnownTime, Place, Position, TraceId};

/// One feature's value. Numbers keep whether they are whole, so that their text is the same on every platform.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
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
    pub features: BTreeMap<String, FeatureValue>,
    /// Feature name to reason: `no_consent`, `warming`, `unknown_entity`, `too_many_values`, ….
    pub missing: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<TraceId>,
}
