//! From a feature vector to the row of values that a model reads. What is absent or means nothing to the model is named:
//! nothing is imputed. Only where a model was trained with missing values a value that nobody has is NaN.

use weir_messages::{FeatureValue, FeatureVector};

use super::manifest::{InputKind, Missing};
use super::{Input, InputValue, Manifest};

/// Reasons of nulls that say something of the applicant: there is nothing. All others say that somebody withholds it, or that it
/// did not come.
pub(crate) const NOTHING_THERE: [&str; 3] = ["no_rows", "unknown_entity", "not_computable"];

/// An input that gave the model nothing, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unusable {
    pub feature: String,
    pub reason: String,
}

/// One value for each input of the manifest, or all that stood in the way.
pub fn read_row(manifest: &Manifest, vector: &FeatureVector) -> Result<Vec<InputValue>, Vec<Unusable>> {
    let mut row = Vec::with_capacity(manifest.inputs.len());
    let mut unusable = Vec::new();
    for input in &manifest.inputs {
        match read(input, vector) {
            Ok(value) => row.push(value),
            Err(reason) => unusable.push(Unusable { feature: input.feature.clone(), reason }),
        }
    }
    if unusable.is_empty() { Ok(row) } else { Err(unusable) }
}

fn read(input: &Input, vector: &FeatureVector) -> Result<InputValue, String> {
    let value = vector.features.get(&input.feature).unwrap_or(&FeatureValue::Null);
    match (&input.kind, value) {
        (_, FeatureValue::Null) => {
            let reason = crate::absence(vector, &input.feature);
            let taken = input.missing == Missing::Allowed && NOTHING_THERE.contains(&reason.as_str());
            if taken { Ok(InputValue::Number(f32::NAN)) } else { Err(reason) }
        }
        (InputKind::Number, FeatureValue::Integer(_) | FeatureValue::Number(_)) => {
            let number = number(value).ok_or_else(|| crate::absence(vector, &input.feature))?;
            if input.takes(number) { Ok(InputValue::Number(number)) } else { Err("out_of_range".to_owned()) }
        }
        (InputKind::Text { values }, FeatureValue::Text(text)) if values.contains(text) => {
            Ok(InputValue::Text(text.clone()))
        }
        (InputKind::Text { .. }, FeatureValue::Text(_)) => Err("unseen_value".to_owned()),
        (InputKind::Number, FeatureValue::Bool(_) | FeatureValue::Text(_) | FeatureValue::List(_))
        | (
            InputKind::Text { .. },
            FeatureValue::Bool(_) | FeatureValue::Integer(_) | FeatureValue::Number(_) | FeatureValue::List(_),
        ) => Err("unexpected_type".to_owned()),
    }
}

/// Finite, as the float32 that the model was exported for.
#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "models are float32")]
fn number(value: &FeatureValue) -> Option<f32> {
    let number = match value {
        FeatureValue::Integer(value) => *value as f32,
        FeatureValue::Number(value) => *value as f32,
        FeatureValue::Null | FeatureValue::Bool(_) | FeatureValue::Text(_) | FeatureValue::List(_) => return None,
    };
    number.is_finite().then_some(number)
}
