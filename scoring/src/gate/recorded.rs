//! Edge rows that a package brings (`edges.jsonl`): a golden row with one input changed, and what ONNX Runtime answered when
//! the package was made. Ours must be the same, and have no answer where there was none.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use weir_messages::FeatureValue;

use super::edges::{changed, finite, shown};
use crate::model::{InputKind, InputValue, Manifest, Model, is_probability, read_row};

/// How far a probability may be from ONNX Runtime's, as in golden rows.
const TOLERANCE: f64 = 1e-6;

/// One line of `edges.jsonl`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    /// The golden row.
    row: u64,
    /// The input that is changed.
    feature: String,
    /// To this: a number or a text; `"inf"` or `"-inf"` of a number; null is a value that is missing, NaN to the graph.
    value: Value,
    /// What ONNX Runtime answers; null where that is no probability, or no answer. It must be there.
    probability: Value,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Recorded {
    pub rows: usize,
    /// Rows without an answer, there and here, that never reach the model: the engine names the input before.
    pub explained: usize,
    /// Furthest that ours was from ONNX Runtime's.
    pub furthest: f64,
    pub failed: usize,
    /// The first of those that failed, and how.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<String>,
}

impl Recorded {
    pub(super) fn reason(&self) -> Option<String> {
        let first = self.failures.first()?;
        Some(format!("edges.jsonl: {} of {} rows fail: {first}", self.failed, self.rows))
    }

    fn fail(&mut self, edge: &Edge, why: &str) {
        super::fail(&mut self.failed, &mut self.failures, format!("{}: {why}", edge.what));
    }

    fn compare(&mut self, model: &dyn Model, edge: &Edge) {
        self.rows += 1;
        match (finite(model, edge.row.clone(), false), edge.probability) {
            (Ok(ours), Some(theirs)) => {
                self.furthest = self.furthest.max((ours - theirs).abs());
                if (ours - theirs).abs() > TOLERANCE {
                    self.fail(edge, &format!("the probability is {ours} here, {theirs} by ONNX Runtime"));
                }
            }
            (Ok(ours), None) => self.fail(edge, &format!("{ours} here, where ONNX Runtime has no answer")),
            (Err(why), Some(theirs)) => self.fail(edge, &format!("{why}, where ONNX Runtime says {theirs}")),
            (Err(why), None) if edge.is_reached => {
                self.fail(edge, &format!("{why}, and ONNX Runtime has no answer either; {}", super::REMEDY));
            }
            (Err(_), None) => self.explained += 1,
        }
    }
}

/// `golden` are the rows by number. An error says which line is none.
pub(super) fn compare(model: &dyn Model, golden: &[(u64, Vec<InputValue>)], text: &str) -> Result<Recorded, String> {
    let mut recorded = Recorded::default();
    if text.trim().is_empty() {
        return Err("edges.jsonl: expected at least one row, found none".to_owned());
    }
    for (at, line) in text.lines().enumerate() {
        let edge = Edge::read(model.manifest(), golden, (at + 1, line));
        let edge = edge.map_err(|why| format!("edges.jsonl: line {}: {why}", at + 1))?;
        recorded.compare(model, &edge);
    }
    Ok(recorded)
}

struct Edge {
    what: String,
    row: Vec<InputValue>,
    /// Whether an application may bring it to the model.
    is_reached: bool,
    probability: Option<f64>,
}

impl Edge {
    fn read(
        manifest: &Manifest,
        golden: &[(u64, Vec<InputValue>)],
        (at_line, line): (usize, &str),
    ) -> Result<Self, String> {
        if !line.trim_start().starts_with('{') {
            return Err("expected a JSON object".to_owned());
        }
        let line: Line = serde_json::from_str(line).map_err(|error| error.to_string())?;
        let Line { row: number, feature, value, probability } = line;
        let said = probability.as_f64().filter(|one| is_probability(*one));
        if said.is_none() && !probability.is_null() {
            return Err(format!("`probability`: expected 0 to 1, or null, found {probability}"));
        }
        let usual = golden.iter().find(|(row, _)| *row == number).map(|(_, values)| values);
        let usual = usual.ok_or_else(|| format!("`row`: there is no golden row {number}"))?;
        let at = manifest.inputs.iter().position(|input| input.feature == feature);
        let at = at.ok_or_else(|| format!("`feature`: `{feature}` is no input of the model"))?;
        let value = read(&manifest.inputs[at].kind, &value)
            .ok_or_else(|| format!("`value`: {value} does not fit `{feature}`"))?;
        let what = format!("line {at_line}, `{feature}` = {} in golden row {number}", shown(&value));
        let is_reached = read_row(manifest, &changed(manifest, usual, at, value.clone())).is_ok();
        let mut row = usual.clone();
        row[at] = graph_value(&value);
        Ok(Self { what, row, is_reached, probability: said })
    }
}

fn read(kind: &InputKind, value: &Value) -> Option<FeatureValue> {
    match (kind, value) {
        (InputKind::Number, Value::Number(number)) => number.as_f64().map(FeatureValue::Number),
        (InputKind::Number, Value::String(text)) if text == "inf" => Some(FeatureValue::Number(f64::INFINITY)),
        (InputKind::Number, Value::String(text)) if text == "-inf" => Some(FeatureValue::Number(f64::NEG_INFINITY)),
        (InputKind::Number, Value::Null) => Some(FeatureValue::Null),
        (InputKind::Text { .. }, Value::String(text)) => Some(FeatureValue::Text(text.clone())),
        (InputKind::Number | InputKind::Text { .. }, _) => None,
    }
}

#[allow(clippy::cast_possible_truncation, reason = "models are float32")]
fn graph_value(value: &FeatureValue) -> InputValue {
    match value {
        FeatureValue::Number(number) => InputValue::Number(*number as f32),
        FeatureValue::Text(text) => InputValue::Text(text.clone()),
        FeatureValue::Null | FeatureValue::Bool(_) | FeatureValue::Integer(_) | FeatureValue::List(_) => {
            InputValue::Number(f32::NAN)
        }
    }
}
