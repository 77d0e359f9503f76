//! Any ONNX graph over tensors written as JSON, for `weir models score`: no package, no columns, no proof.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{GraphOutput, ModelError, Scorer, Tensor, Values};

#[derive(Debug, thiserror::Error)]
pub enum ScoreError {
    #[error("input: {reason}")]
    Input { reason: String },
    #[error(transparent)]
    Model(#[from] ModelError),
}

#[derive(Debug, Deserialize)]
struct Inputs {
    inputs: Vec<Flat>,
}

#[derive(Debug, Serialize)]
struct Outputs {
    outputs: Vec<Flat>,
}

/// A tensor as flat data in row order; of floats, what is no number is null, and infinities are "inf" and "-inf".
#[derive(Debug, Serialize, Deserialize)]
struct Flat {
    name: String,
    dtype: String,
    shape: Vec<usize>,
    /// What the columns are called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    columns: Option<Vec<String>>,
    data: Vec<Value>,
}

/// Runs `model` over `{"inputs":[{"name","dtype","shape","data"}…]}` and gives `{"outputs":[…]}` in the same shape.
pub fn score_json(model: &[u8], inputs: &[u8]) -> Result<String, ScoreError> {
    let unfit = |reason: String| ScoreError::Input { reason };
    let scorer = Scorer::load(model)?;
    let given: Inputs = serde_json::from_slice(inputs).map_err(|error| unfit(error.to_string()))?;
    let ordered = scorer.inputs().iter().map(|wanted| {
        let flat = given.inputs.iter().find(|flat| flat.name == wanted.name);
        let flat = flat.ok_or_else(|| unfit(format!("expected a tensor `{}`, found none", wanted.name)))?;
        let tensor = match &wanted.columns {
            Some(columns) => flat.aligned(columns).and_then(|flat| flat.tensor()),
            None => flat.tensor(),
        };
        tensor.map_err(|reason| unfit(format!("`{}`: {reason}", flat.name)))
    });
    let answers = scorer.run(ordered.collect::<Result<_, _>>()?)?;
    let outputs = scorer.outputs().iter().zip(&answers).map(|(output, tensor)| Flat::of(output, tensor)).collect();
    serde_json::to_string(&Outputs { outputs }).map_err(|error| unfit(error.to_string()))
}

impl Flat {
    fn tensor(&self) -> Result<Tensor, String> {
        let values = match self.dtype.as_str() {
            "float32" => Values::Float32(self.values(single)?),
            "float64" => Values::Float64(self.values(double)?),
            "int64" => Values::Int64(self.values(Value::as_i64)?),
            "int16" => Values::Int16(self.values(|value| value.as_i64().and_then(|value| i16::try_from(value).ok()))?),
            "int32" => Values::Int32(self.values(|value| value.as_i64().and_then(|value| i32::try_from(value).ok()))?),
            "bool" => Values::Bool(self.values(Value::as_bool)?),
            "string" => Values::Text(self.values(|value| value.as_str().map(str::to_owned))?),
            other => return Err(format!("data type `{other}` is not supported")),
        };
        Tensor::new(self.shape.clone(), values)
            .ok_or_else(|| format!("expected the data of shape {:?}, found {} values", self.shape, self.data.len()))
    }

    /// The values of `columns` by name: zero or empty where there is no such column, and others are left out.
    fn aligned(&self, columns: &[String]) -> Result<Self, String> {
        let given = self.columns.as_ref().ok_or("expected `columns`, found none")?;
        let (&[rows, width], true) = (&self.shape[..], self.shape.get(1) == Some(&given.len())) else {
            return Err(format!("expected a shape of rows and {} columns, found {:?}", given.len(), self.shape));
        };
        if rows.checked_mul(width) != Some(self.data.len()) {
            return Err(format!("expected the data of shape {:?}, found {} values", self.shape, self.data.len()));
        }
        let absent = if self.dtype == "string" { Value::from("") } else { Value::from(0) };
        let places: Vec<Option<usize>> =
            columns.iter().map(|wanted| given.iter().rposition(|column| column == wanted)).collect();
        let value =
            |row: usize, place: &Option<usize>| place.map_or(&absent, |at| &self.data[row * width + at]).clone();
        let data = (0..rows).flat_map(|row| places.iter().map(move |place| (row, place)));
        let data = data.map(|(row, place)| value(row, place)).collect();
        let (name, dtype) = (self.name.clone(), self.dtype.clone());
        Ok(Self { name, dtype, shape: vec![rows, columns.len()], columns: None, data })
    }

    fn values<T>(&self, read: impl Fn(&Value) -> Option<T>) -> Result<Vec<T>, String> {
        let values = self.data.iter().enumerate().map(|(at, value)| {
            read(value).ok_or_else(|| format!("expected {} at {at}, found another value", self.dtype))
        });
        values.collect()
    }

    fn of(output: &GraphOutput, tensor: &Tensor) -> Self {
        let data = match tensor.values() {
            Values::Float32(values) => values.iter().map(|value| float(f64::from(*value))).collect(),
            Values::Float64(values) => values.iter().map(|value| float(*value)).collect(),
            Values::Int64(values) => values.iter().map(|value| Value::from(*value)).collect(),
            Values::Int16(values) => values.iter().map(|value| Value::from(*value)).collect(),
            Values::Int32(values) => values.iter().map(|value| Value::from(*value)).collect(),
            Values::Bool(values) => values.iter().map(|value| Value::from(*value)).collect(),
            Values::Text(values) => values.iter().map(|value| Value::from(value.as_str())).collect(),
        };
        let dtype = tensor.values().kind().to_string();
        let (name, columns) = (output.name.clone(), output.columns.clone());
        Self { name, dtype, shape: tensor.shape().to_vec(), columns, data }
    }
}

/// JSON has no infinity.
const INFINITIES: [(f64, &str); 2] = [(f64::INFINITY, "inf"), (f64::NEG_INFINITY, "-inf")];

fn double(value: &Value) -> Option<f64> {
    match value {
        Value::Null => Some(f64::NAN),
        Value::String(text) => INFINITIES.iter().find(|(_, name)| name == text).map(|(infinity, _)| *infinity),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.as_f64(),
    }
}

fn float(value: f64) -> Value {
    match INFINITIES.iter().find(|(infinity, _)| infinity.total_cmp(&value).is_eq()) {
        Some((_, name)) => Value::from(*name),
        None => Value::from(value),
    }
}

#[allow(clippy::cast_possible_truncation, reason = "the caller asked for float32")]
fn single(value: &Value) -> Option<f32> {
    double(value).map(|value| value as f32)
}
