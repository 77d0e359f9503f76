//! Any ONNX graph over tensors written as JSON, for `weir models score`: no package, no columns, no proof.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tract_onnx::tract_hir::internal::*;

use super::ModelError;
use super::onnx::Graph;

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
    data: Vec<Value>,
}

/// Runs `model` over `{"inputs":[{"name","dtype","shape","data"}…]}` and gives `{"outputs":[…]}` in the same shape.
pub fn score_json(model: &[u8], inputs: &[u8]) -> Result<String, ScoreError> {
    let unfit = |reason: String| ScoreError::Input { reason };
    let graph = Graph::load(model)?;
    let given: Inputs = serde_json::from_slice(inputs).map_err(|error| unfit(error.to_string()))?;
    let ordered = graph.inputs().iter().map(|wanted| {
        let flat = given.inputs.iter().find(|flat| flat.name == wanted.name);
        let flat = flat.ok_or_else(|| unfit(format!("expected a tensor `{}`, found none", wanted.name)))?;
        flat.tensor().map(IntoTValue::into_tvalue).map_err(|reason| unfit(format!("`{}`: {reason}", flat.name)))
    });
    let ordered = ordered.collect::<Result<TVec<_>, _>>()?;
    let answers = graph.run(ordered)?;
    let outputs = graph.outputs().iter().zip(&answers).map(|(name, tensor)| Flat::of(name, tensor));
    let outputs = Outputs { outputs: outputs.collect::<Result<_, _>>()? };
    serde_json::to_string(&outputs).map_err(|error| unfit(error.to_string()))
}

impl Flat {
    fn tensor(&self) -> Result<Tensor, String> {
        let expected = self.shape.iter().try_fold(1_usize, |product, dim| product.checked_mul(*dim));
        if expected != Some(self.data.len()) {
            return Err(format!("expected the data of shape {:?}, found {} values", self.shape, self.data.len()));
        }
        match self.dtype.as_str() {
            "float32" => self.array(single),
            "float64" => self.array(double),
            "int64" => self.array(Value::as_i64),
            "int32" => self.array(|value| value.as_i64().and_then(|value| i32::try_from(value).ok())),
            "bool" => self.array(Value::as_bool),
            "string" => self.array(|value| value.as_str().map(str::to_owned)),
            other => Err(format!("data type `{other}` is not supported")),
        }
    }

    fn array<T: Datum>(&self, read: impl Fn(&Value) -> Option<T>) -> Result<Tensor, String> {
        let values = self.data.iter().enumerate().map(|(at, value)| {
            read(value).ok_or_else(|| format!("expected {} at {at}, found another value", self.dtype))
        });
        let values = values.collect::<Result<Vec<T>, _>>()?;
        tract_ndarray::ArrayD::from_shape_vec(self.shape.as_slice(), values)
            .map(IntoTensor::into_tensor)
            .map_err(|error| error.to_string())
    }

    fn of(name: &str, tensor: &TValue) -> Result<Self, ModelError> {
        let failed = || ModelError::Failed {
            reason: format!("output `{name}` is of data type {:?}, which cannot be printed", tensor.datum_type()),
        };
        let kind = tensor.datum_type();
        // tract computes with symbolic dimensions where ONNX has int64.
        let tensor = if kind == DatumType::TDim {
            tensor.cast_to::<i64>().map_err(|_| failed())?
        } else {
            std::borrow::Cow::Borrowed(&**tensor)
        };
        let (dtype, data) = match tensor.datum_type() {
            DatumType::F32 => ("float32", values::<f32>(&tensor, |value| float(f64::from(*value)))),
            DatumType::F64 => ("float64", values::<f64>(&tensor, |value| float(*value))),
            DatumType::I64 => ("int64", values::<i64>(&tensor, |value| Value::from(*value))),
            DatumType::I32 => ("int32", values::<i32>(&tensor, |value| Value::from(*value))),
            DatumType::Bool => ("bool", values::<bool>(&tensor, |value| Value::from(*value))),
            DatumType::String => ("string", values::<String>(&tensor, |value| Value::from(value.as_str()))),
            DatumType::U8
            | DatumType::U16
            | DatumType::U32
            | DatumType::U64
            | DatumType::I8
            | DatumType::I16
            | DatumType::F16
            | DatumType::TDim
            | DatumType::Blob
            | DatumType::QI8(_)
            | DatumType::QU8(_)
            | DatumType::QI32(_) => return Err(failed()),
        };
        let data = data.map_err(|_| failed())?;
        Ok(Self { name: name.to_owned(), dtype: dtype.to_owned(), shape: tensor.shape().to_vec(), data })
    }
}

fn values<T: Datum>(tensor: &Tensor, to: impl Fn(&T) -> Value) -> TractResult<Vec<Value>> {
    Ok(tensor.try_as_plain_ram()?.as_slice::<T>()?.iter().map(to).collect())
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
