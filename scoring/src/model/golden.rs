//! Golden rows: inputs with the answers of the training library and of ONNX Runtime. A model may score only if ours
//! agree with ONNX Runtime's, and rows on which the training library itself differs are accepted by number.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::manifest::{InputKind, Missing};
use super::scale::log_odds;
use super::{Answer, InputValue, Manifest};
use crate::MOST_TOLD;

/// How far ours may be from ONNX Runtime's, relative to values above one.
const TOLERANCE: f64 = 1e-6;
/// How far the training library, in float64, may be from ONNX Runtime before a row must be accepted by number.
const TRAINED_TOLERANCE: f64 = 1e-5;
/// How far contributions in float32 may be from summing to the log-odds.
const SUM_TOLERANCE: f64 = 1e-4;
/// Fewer rows prove little.
const FEWEST: usize = 20;

/// One line of `golden.jsonl`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Golden {
    pub row: u64,
    pub input: BTreeMap<String, serde_json::Value>,
    pub trained: Trained,
    pub onnxruntime: Expected,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trained {
    pub probability: f64,
    pub log_odds: f64,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    pub probability: f64,
    pub contributions: Vec<f64>,
    /// A whole number or a text, where `output.label` names an output.
    pub label: Option<serde_json::Value>,
}

/// The proof that a package passed.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize)]
pub struct GoldenReport {
    pub rows: usize,
    /// Furthest that ours was from ONNX Runtime's.
    pub furthest: f64,
    /// Rows on which the training library itself differs from ONNX Runtime; each is accepted by number.
    pub differing: Vec<u64>,
}

/// All rows against what ours are: the proof, or in what the first of them fails.
pub(super) fn prove(
    manifest: &Manifest,
    rows: &[Golden],
    ours: &[Answer],
    labels: Option<&[serde_json::Value]>,
    rough: bool,
) -> Result<GoldenReport, String> {
    let shown = |feature: &str| rows.iter().any(|row| row.input.get(feature).is_some_and(serde_json::Value::is_null));
    let mut may_be_missing = manifest.inputs.iter().filter(|input| input.missing == Missing::Allowed);
    if let Some(input) = may_be_missing.find(|input| !shown(&input.feature)) {
        return Err(format!("`{}` may be missing, and no row shows what the model answers then", input.feature));
    }
    let mut report = GoldenReport { rows: rows.len(), ..GoldenReport::default() };
    let mut refused = Vec::new();
    for (at, (row, answer)) in rows.iter().zip(ours).enumerate() {
        let compared = row.compare(manifest, answer, rough)?;
        report.furthest = compared.furthest.max(report.furthest);
        row.compare_label(labels.and_then(|labels| labels.get(at)))?;
        if let Some(difference) = compared.training_differs {
            report.differing.push(row.row);
            if !manifest.accepted_differences.contains(&row.row) {
                refused.push((row.row, difference));
            }
        }
    }
    if refused.is_empty() {
        return Ok(report);
    }
    let told: Vec<String> = refused.iter().take(MOST_TOLD).map(|(row, cause)| format!("row {row}: {cause}")).collect();
    let (told, rows) = (told.join("; "), refused.iter().map(|(row, _)| row.to_string()).collect::<Vec<_>>().join(", "));
    Err(format!(
        "the training library differs from ONNX Runtime in {} of {} rows ({told}): fix it, or have `accepted_differences = [{rows}]`",
        refused.len(),
        report.rows
    ))
}

pub(super) fn parse(text: &str) -> Result<Vec<Golden>, String> {
    let lines = text.lines().enumerate();
    let rows = lines
        .map(|(at, line)| serde_json::from_str(line).map_err(|error| format!("line {}: {error}", at + 1)))
        .collect::<Result<Vec<Golden>, _>>()?;
    let mut seen = BTreeSet::new();
    if let Some(twice) = rows.iter().find(|row| !seen.insert(row.row)) {
        return Err(format!("row {} comes twice", twice.row));
    }
    if rows.len() < FEWEST {
        return Err(format!("expected at least {FEWEST} golden rows, found {}", rows.len()));
    }
    Ok(rows)
}

/// A golden row beside our answer to it.
#[derive(Debug)]
pub(super) struct Compared {
    furthest: f64,
    /// In what the training library differs from ONNX Runtime.
    training_differs: Option<String>,
}

impl Golden {
    /// The row in the order of the manifest's inputs.
    pub(super) fn values(&self, manifest: &Manifest) -> Result<Vec<InputValue>, String> {
        let values = manifest.inputs.iter().map(|input| match (&input.kind, self.input.get(&input.feature)) {
            (InputKind::Number, Some(serde_json::Value::Number(number))) if input.takes(single(number)) => {
                Ok(InputValue::Number(single(number)))
            }
            (InputKind::Number, Some(serde_json::Value::Null)) if input.missing == Missing::Allowed => {
                Ok(InputValue::Number(f32::NAN))
            }
            (InputKind::Text { values }, Some(serde_json::Value::String(text))) if values.contains(text) => {
                Ok(InputValue::Text(text.clone()))
            }
            (InputKind::Number, Some(serde_json::Value::Number(number))) => Err(format!(
                "row {}: {number} is below the `minimum` or above the `maximum` of `{}`",
                self.row, input.feature
            )),
            (InputKind::Number | InputKind::Text { .. }, _) => {
                Err(format!("row {}: no fitting value for `{}`", self.row, input.feature))
            }
        });
        values.collect()
    }

    /// How `ours` stands to the other two, or in what it fails. Contributions are ONNX Runtime's where the graph gives them;
    /// else the training side's, which takes another way through a tree where its float64 is on the other side of a threshold.
    /// `rough` are ours where they come of probabilities of float32.
    pub(super) fn compare(&self, manifest: &Manifest, ours: &Answer, rough: bool) -> Result<Compared, String> {
        let theirs = &self.onnxruntime;
        let contributions = ours.contributions.as_deref().unwrap_or_default();
        if contributions.len() != theirs.contributions.len() {
            let (wanted, found) = (theirs.contributions.len(), contributions.len());
            return Err(format!("row {}: expected {wanted} contributions, found {found}", self.row));
        }
        let by_graph = manifest.output.contributions.is_some();
        let pairs = contributions.iter().zip(&theirs.contributions).enumerate();
        let apart = pairs.map(|(at, (ours, theirs))| (distance(*ours, *theirs), at)).max_by(|a, b| a.0.total_cmp(&b.0));
        let (apart, input) = apart.unwrap_or_default();
        let contribution = || {
            let feature = &manifest.inputs[input].feature;
            format!(
                "the contribution of `{feature}` is {} here, expected {}",
                contributions[input], theirs.contributions[input]
            )
        };
        let of_probability = distance(ours.probability, theirs.probability);
        let furthest = of_probability.max(if by_graph { apart } else { 0.0 });
        if furthest > TOLERANCE {
            let probability =
                || format!("the probability is {} here, expected {}", ours.probability, theirs.probability);
            let what = if of_probability > TOLERANCE { probability() } else { contribution() };
            let row = self.row;
            return Err(format!("row {row}: {what}: {furthest} away from ONNX Runtime, at most {TOLERANCE} allowed"));
        }
        let trained = self.trained.probability;
        // What float32 loses of a probability near one is much of its log-odds, and contributions are stretched to sum to those.
        let lost = (log_odds(trained) - log_odds(theirs.probability)).abs();
        let tolerance = if rough { TRAINED_TOLERANCE + lost } else { TOLERANCE };
        let training_differs = if distance(trained, theirs.probability) > TRAINED_TOLERANCE {
            Some(format!("the probability is {trained} there, {} by ONNX Runtime", theirs.probability))
        } else {
            (apart > tolerance).then(contribution)
        };
        let expected = if training_differs.is_some() { log_odds(theirs.probability) } else { self.trained.log_odds };
        let sum = manifest.output.base_log_odds + contributions.iter().sum::<f64>();
        if distance(sum, expected) > SUM_TOLERANCE {
            return Err(format!(
                "row {}: base and contributions sum to log-odds of {sum}, expected {expected} within {SUM_TOLERANCE}",
                self.row
            ));
        }
        Ok(Compared { furthest, training_differs })
    }

    fn compare_label(&self, ours: Option<&serde_json::Value>) -> Result<(), String> {
        let shown = |label: Option<&serde_json::Value>| label.map_or("none".to_owned(), ToString::to_string);
        let theirs = self.onnxruntime.label.as_ref();
        if ours == theirs {
            return Ok(());
        }
        Err(format!("row {}: expected label {}, found {}", self.row, shown(theirs), shown(ours)))
    }
}

/// What is no number is as far away as can be: a comparison with NaN must not pass for a small distance.
fn distance(a: f64, b: f64) -> f64 {
    let distance = (a - b).abs() / b.abs().max(1.0);
    if distance.is_nan() { f64::INFINITY } else { distance }
}

#[allow(clippy::cast_possible_truncation, reason = "models are float32")]
fn single(number: &serde_json::Number) -> f32 {
    number.as_f64().unwrap_or(f64::NAN) as f32
}
