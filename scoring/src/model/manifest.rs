//! `model.toml`: what a model is called, what it reads, and what its answers mean.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Deserialize;

use super::Scale;

/// Of a package that names no deadline, in milliseconds.
const DEADLINE: u32 = 50;
/// No decision waits longer for a score.
const LATEST: u32 = 10_000;

/// Money never stands here: limits and prices belong to the policy.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    pub name: String,
    pub version: u32,
    pub owner: String,
    pub training_data: String,
    /// SHA-256 of `model.onnx`, in hex.
    pub onnx_sha256: String,
    /// SHA-256 of `golden.jsonl`, in hex.
    pub golden_sha256: String,
    /// Golden rows on which the training library itself differs from ONNX Runtime, accepted by number.
    #[serde(default, alias = "accepted_rows")]
    pub accepted_differences: BTreeSet<u64>,
    /// How long an answer for one row may take, in milliseconds: a later one is none.
    #[serde(default = "default_deadline")]
    pub deadline_ms: u32,
    pub output: Output,
    pub calibration: Calibration,
    pub scale: Scale,
    #[serde(rename = "input")]
    pub inputs: Vec<Input>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Output {
    /// Name of the graph's output of shape [rows, classes].
    pub probability: String,
    /// The column of it that is the probability of default.
    pub class: usize,
    /// Name of the graph's output of one predicted class a row: where it is named, golden rows hold it and
    /// it must come out equal.
    pub label: Option<String>,
    /// Name of the graph's output of shape [rows, inputs]; absent, contributions follow from the model itself.
    pub contributions: Option<String>,
    /// The log-odds of default of the training average: plus all contributions, the log-odds of the probability.
    pub base_log_odds: f64,
}

/// Log-odds of default = `a` times the model's own + `b`.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    pub a: f64,
    pub b: f64,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "InputText")]
pub struct Input {
    /// Name in the feature vector and in the graph.
    pub feature: String,
    pub kind: InputKind,
    pub missing: Missing,
    /// A number outside has no meaning to the model, as a text has none that is not among its values: the model is not asked, and
    /// the decision names the input.
    pub minimum: Option<f64>,
    pub maximum: Option<f64>,
    /// Reason code when this input lowered the score.
    pub reason: String,
    /// What the applicant is told then.
    pub wording: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InputKind {
    Number,
    /// One of `values`: a text that training never saw has no meaning to the model.
    Text {
        values: BTreeSet<String>,
    },
}

/// What becomes of an application that has no value for an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// The model is not asked, and the decision names the input.
    #[default]
    Review,
    /// The model is asked with NaN, as it was in training: trees know where it goes, and golden rows show it. Only for a value
    /// that nobody has: what a consent withholds, or a part that did not come, is reviewed.
    Allowed,
}

/// An input as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InputText {
    feature: String,
    #[serde(rename = "type")]
    kind: KindText,
    values: Option<BTreeSet<String>>,
    #[serde(default)]
    missing: Missing,
    minimum: Option<f64>,
    maximum: Option<f64>,
    reason: String,
    wording: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum KindText {
    Number,
    Text,
}

impl TryFrom<InputText> for Input {
    type Error = String;

    fn try_from(text: InputText) -> Result<Self, String> {
        let InputText { feature, kind, values, missing, minimum, maximum, reason, wording } = text;
        let kind = match (kind, values) {
            (KindText::Number, None) => InputKind::Number,
            (KindText::Text, Some(values)) if !values.is_empty() => InputKind::Text { values },
            (KindText::Number, Some(_)) => return Err(format!("input `{feature}`: a number has no `values`")),
            (KindText::Text, _) => return Err(format!("input `{feature}`: expected `values` of a text, found none")),
        };
        if missing == Missing::Allowed && kind != InputKind::Number {
            return Err(format!("input `{feature}`: only a number may be missing"));
        }
        let bounds = [("minimum", minimum), ("maximum", maximum)];
        for (name, bound) in bounds.into_iter().filter_map(|(name, bound)| Some((name, bound?))) {
            if kind != InputKind::Number {
                return Err(format!("input `{feature}`: only a number has a `{name}`"));
            }
            if !bound.is_finite() {
                return Err(format!("input `{feature}`: expected a finite `{name}`, found {bound}"));
            }
        }
        if let (Some(minimum), Some(maximum)) = (minimum, maximum)
            && minimum > maximum
        {
            return Err(format!("input `{feature}`: `minimum` {minimum} is above `maximum` {maximum}"));
        }
        if reason.is_empty() || wording.is_empty() {
            return Err(format!("input `{feature}`: expected a `reason` and a `wording`"));
        }
        Ok(Self { feature, kind, missing, minimum, maximum, reason, wording })
    }
}

impl Input {
    /// Whether a number that is there is within `minimum` and `maximum`.
    pub(crate) fn takes(&self, number: f32) -> bool {
        let number = f64::from(number);
        self.minimum.is_none_or(|minimum| number >= minimum) && self.maximum.is_none_or(|maximum| number <= maximum)
    }
}

const fn default_deadline() -> u32 {
    DEADLINE
}

impl Manifest {
    #[must_use]
    pub fn deadline(&self) -> Duration {
        Duration::from_millis(self.deadline_ms.into())
    }

    /// Reads and checks; an error names the field.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let manifest: Self = toml::from_str(text).map_err(|error| first_line(&error))?;
        manifest.check()?;
        Ok(manifest)
    }

    fn check(&self) -> Result<(), String> {
        let finite = |name: &str, value: f64| {
            if value.is_finite() { Ok(()) } else { Err(format!("{name}: expected a finite number, found {value}")) }
        };
        let positive = |name: &str, value: f64| {
            if value.is_finite() && value > 0.0 {
                Ok(())
            } else {
                Err(format!("{name}: expected more than 0, found {value}"))
            }
        };
        finite("output.base_log_odds", self.output.base_log_odds)?;
        finite("calibration.b", self.calibration.b)?;
        positive("calibration.a", self.calibration.a)?;
        finite("scale.base_score", self.scale.base_score)?;
        positive("scale.base_odds", self.scale.base_odds)?;
        positive("scale.points_to_double_odds", self.scale.points_to_double_odds)?;
        if !(1..=LATEST).contains(&self.deadline_ms) {
            return Err(format!("deadline_ms: expected 1 to {LATEST}, found {}", self.deadline_ms));
        }
        if self.inputs.is_empty() {
            return Err("input: expected at least one, found none".to_owned());
        }
        let mut seen = BTreeSet::new();
        match self.inputs.iter().find(|input| !seen.insert(&input.feature)) {
            Some(twice) => Err(format!("input: `{}` comes twice", twice.feature)),
            None => Ok(()),
        }
    }
}

/// The parser's words without the excerpt of the file that it adds.
pub(crate) fn first_line(error: &toml::de::Error) -> String {
    error.message().lines().next().unwrap_or("expected TOML").to_owned()
}
