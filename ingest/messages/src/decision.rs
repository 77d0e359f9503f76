//! A decision on record: everything it read and used, so that it can be run again to the byte.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ApplicationId, CustomerId, EventTime, FeatureValue, FeatureVector, Named};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Approve,
    Review,
    Decline,
}

impl Outcome {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Review => "review",
            Self::Decline => "decline",
        }
    }
}

/// The record of `weir.decisions`. Struct order and sorted maps make its JSON canonical.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Decision {
    pub application: ApplicationId,
    pub customer: CustomerId,
    /// The vector's T. A decision has no clock of its own.
    pub at: EventTime,
    pub outcome: Outcome,
    /// Why, most important first; never empty.
    pub reasons: Vec<Reason>,
    /// What an approved customer may sign; null unless approved.
    pub offer: Option<Offer>,
    /// The experiment that ran then; absent where none did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub experiment: Option<Experiment>,
    pub model: Option<ModelUse>,
    /// Models that were asked beside the one that decided. They change nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shadows: Vec<Shadow>,
    pub policy: PolicyUse,
    /// Inputs a rule or the model wanted and did not have. A decision with any is degraded and never approves on them.
    pub missing: BTreeMap<String, String>,
    pub vector: FeatureVector,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reason {
    /// Stable code, such as `age_outside_18_60`.
    pub code: String,
    /// Approved wording for the applicant.
    pub text: String,
    /// What produced it: `rule`, `list`, `score` or `missing`.
    pub kind: String,
}

/// Limit and price. Money as text in major units, rate as a decimal fraction of one; lending parses both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Offer {
    pub limit: String,
    pub currency: String,
    pub annual_rate: String,
    pub band: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ModelUse {
    pub name: String,
    pub version: u32,
    /// SHA-256 of the model package, in hex.
    pub hash: String,
    /// Calibrated probability of default.
    pub probability: f64,
    /// Points on the scorecard's scale; higher is better.
    pub score: i64,
    /// Points each input took away from or added to the score; the reasons for a score come from here. Empty where the
    /// outcome is an approval, which asks for none.
    pub contributions: BTreeMap<String, f64>,
}

/// One customer is in one arm of an experiment, however often they apply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Experiment {
    /// The challenger's name and version, as `german_credit-v2`.
    pub name: String,
    pub arm: Arm,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Arm {
    Champion,
    Challenger,
}

/// What a model said that had no say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Shadow {
    pub name: String,
    pub version: u32,
    /// SHA-256 of the model package, in hex.
    pub hash: String,
    pub answer: ShadowAnswer,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ShadowAnswer {
    Scored {
        /// Calibrated probability of default.
        probability: f64,
        score: i64,
    },
    /// Why there is no score: `model_failed`, `model_late`, or `missing_input`.
    Failed(String),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PolicyUse {
    pub name: String,
    pub version: u32,
    /// SHA-256 of the policy files, in hex.
    pub hash: String,
    pub rules: Vec<RuleUse>,
}

/// A rule, its answer, and the values it read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RuleUse {
    pub rule: String,
    pub answer: RuleAnswer,
    #[schemars(with = "BTreeMap<String, FeatureValue>")]
    pub read: Named<FeatureValue>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RuleAnswer {
    Hit,
    NoHit,
    CouldNotEvaluate,
}
