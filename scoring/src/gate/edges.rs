//! Rows at the edges of what a model may be asked: a golden row with one input changed to what is missing, huge, zero, next to
//! a threshold, never seen or empty. Each gets a finite answer, or the engine names the input before it asks the model.

use serde::Serialize;
use weir_messages::{FeatureValue, FeatureVector, Name, Named, Position};

use crate::model::{Assessment, Input, InputKind, InputValue, Manifest, Model, NOTHING_THERE, read_row};

/// Larger than any amount, count or time of an applicant.
const HUGE: f64 = 1e12;
/// A text that no training saw.
const UNSEEN: &str = "never seen in training";
/// Thresholds of one graph that are tried, spread evenly over all there are.
const MOST_THRESHOLDS: usize = 5_000;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Edges {
    pub rows: usize,
    /// Rows that never reach the model, because an input means nothing to it and is named.
    pub explained: usize,
    /// Rows with an input on a threshold of the graph, or next to one.
    pub at_thresholds: usize,
    pub failed: usize,
    /// The first of those that failed, and how.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<String>,
}

impl Edges {
    pub(super) fn reason(&self) -> Option<String> {
        let first = self.failures.first()?;
        let (failed, rows) = (self.failed, self.rows);
        Some(format!("{failed} of {rows} rows at the edges have no finite answer: {first}; {}", super::REMEDY))
    }

    fn fail(&mut self, what: &str, why: &str) {
        super::fail(&mut self.failed, &mut self.failures, format!("{what}: {why}"));
    }
}

/// `usual` is the row that is changed, `thresholds` are by place in it.
pub(super) fn ask(model: &dyn Model, usual: &[InputValue], thresholds: Vec<(usize, f32)>) -> Edges {
    let mut edges = Edges::default();
    for (at, input) in model.manifest().inputs.iter().enumerate() {
        for value in values(input) {
            edges.rows += 1;
            let what = format!("`{}` = {}", input.feature, shown(&value));
            match read_row(model.manifest(), &changed(model.manifest(), usual, at, value)) {
                Ok(row) => {
                    let answered = finite(model, row.clone(), false).and_then(|_| finite(model, row, true));
                    answered.map(drop).unwrap_or_else(|why| edges.fail(&what, &why));
                }
                Err(unusable) if unusable.iter().all(|one| one.feature == input.feature) => edges.explained += 1,
                Err(_) => edges.fail(&what, "another input is named for it"),
            }
        }
    }
    for (at, threshold) in spread(thresholds) {
        for value in [threshold.next_down(), threshold, threshold.next_up()].into_iter().filter(|one| one.is_finite()) {
            let (mut row, input) = (usual.to_vec(), &model.manifest().inputs[at]);
            row[at] = InputValue::Number(value);
            (edges.rows, edges.at_thresholds) = (edges.rows + 1, edges.at_thresholds + 1);
            if !input.takes(value) {
                edges.explained += 1;
            } else if let Err(why) = finite(model, row, false) {
                edges.fail(&format!("`{}` = {value:e}", input.feature), &why);
            }
        }
    }
    edges
}

pub(super) fn shown(value: &FeatureValue) -> String {
    if let FeatureValue::Number(number) = value {
        let is_short = *number == 0.0 || (1e-4..1e9).contains(&number.abs());
        return if is_short { number.to_string() } else { format!("{number:e}") };
    }
    serde_json::to_string(value).expect("a value without infinities serialises")
}

fn values(input: &Input) -> Vec<FeatureValue> {
    match &input.kind {
        InputKind::Number => {
            let numbers = [f64::NAN, f64::INFINITY, f64::MAX, HUGE, -HUGE, 0.0, -0.0];
            let bounds = [input.minimum, input.maximum].into_iter().flatten();
            let numbers = numbers.into_iter().chain(bounds).map(FeatureValue::Number);
            numbers.chain([FeatureValue::Null]).collect()
        }
        InputKind::Text { values } => {
            let texts = values.iter().map(String::as_str).chain(["", UNSEEN]);
            texts.map(|text| FeatureValue::Text(text.to_owned())).chain([FeatureValue::Null]).collect()
        }
    }
}

/// The usual row as a vector, but for one input.
pub(super) fn changed(manifest: &Manifest, usual: &[InputValue], at: usize, value: FeatureValue) -> FeatureVector {
    let named = manifest.inputs.iter().zip(usual).map(|(input, value)| {
        let value = match value {
            InputValue::Number(number) if number.is_nan() => FeatureValue::Null,
            InputValue::Number(number) => FeatureValue::Number(f64::from(*number)),
            InputValue::Text(text) => FeatureValue::Text(text.clone()),
        };
        (input.feature.as_str(), value)
    });
    let mut features: Named<FeatureValue> = named.collect();
    features.insert(manifest.inputs[at].feature.as_str(), value);
    let nulls = features.iter().filter(|(_, value)| **value == FeatureValue::Null);
    let missing: Named<Name> = nulls.map(|(feature, _)| (feature.clone(), Name::from(NOTHING_THERE[0]))).collect();
    FeatureVector {
        application: "edge".into(),
        customer: "edge".into(),
        at: Default::default(),
        known_time: Default::default(),
        read_at: Position { partition: 0, offset: 0 },
        parts: Default::default(),
        features,
        missing,
        trace: None,
    }
}

/// The probability, or why there is none.
pub(super) fn finite(model: &dyn Model, row: Vec<InputValue>, contributions: bool) -> Result<f64, String> {
    let answers = model.answer(&[row], contributions).map_err(|error| error.to_string())?;
    let answer = answers.first().ok_or("no answer")?;
    let assessed = Assessment::of(model.manifest(), answer).map_err(|error| error.to_string());
    assessed.map(|_| answer.probability)
}

fn spread(thresholds: Vec<(usize, f32)>) -> impl Iterator<Item = (usize, f32)> {
    let step = thresholds.len().div_ceil(MOST_THRESHOLDS).max(1);
    thresholds.into_iter().step_by(step)
}
