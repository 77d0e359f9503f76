//! One call: a JSON document, behind which tensors may stand in binary form, held against what the model takes. What does
//! not fit is refused with the field's name, what was expected and what was found.

use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use weir_messages::decode_json;
use weir_scoring::model::{GraphInput, Tensor};

use super::answer::DOCUMENT_LENGTH;
use super::served::{Offered, ServedModel};
use super::{datatype, elements, raw, tokens};
use crate::http::body;
use crate::http::problem::Problem;

/// Of one call: enough for a batch, and no caller keeps a processor for long.
pub(super) const MOST_ROWS: usize = 20_000;

/// A call as it is written. Fields that are not named here are passed over, as the protocol wants.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct CallDocument {
    /// Comes back with the answer.
    id: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    parameters: CallParameters,
    inputs: Vec<InputTensor>,
    /// Every output of the graph, where none is named.
    #[serde(default, deserialize_with = "or_default")]
    outputs: Vec<WantedOutput>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
struct CallParameters {
    /// Whether outputs come in binary form, where they do not say it themselves.
    #[serde(default, deserialize_with = "or_default")]
    binary_data_output: bool,
    /// Refused: a model keeps nothing between calls.
    #[schemars(with = "Option<String>")]
    sequence_id: Option<serde_json::Value>,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct InputTensor {
    name: String,
    datatype: String,
    shape: Vec<usize>,
    #[serde(default, deserialize_with = "or_default")]
    parameters: InputParameters,
    /// The elements, flat in row order or nested.
    #[schemars(with = "Option<Vec<serde_json::Value>>")]
    data: Option<Box<RawValue>>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
struct InputParameters {
    /// How many of the bytes behind the document are this tensor's.
    binary_data_size: Option<usize>,
    /// Refused: nothing is shared with callers.
    shared_memory_region: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct WantedOutput {
    name: String,
    #[serde(default, deserialize_with = "or_default")]
    parameters: WantedParameters,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
struct WantedParameters {
    binary_data: Option<bool>,
    /// Refused: an output comes whole.
    classification: Option<u64>,
    /// Refused: nothing is shared with callers.
    shared_memory_region: Option<String>,
}

/// Some clients write null for what they leave out.
fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// A call that the model can take.
#[derive(Debug)]
pub(super) struct Call {
    pub id: Option<String>,
    /// In the order of the graph's inputs.
    pub inputs: Vec<Tensor>,
    /// Places among the model's outputs, and whether each comes in binary form.
    pub outputs: Vec<(usize, bool)>,
}

impl Call {
    /// `header` is how many of the bytes are the document, where others stand behind it.
    pub(super) fn read(model: &ServedModel, bytes: &[u8], header: Option<usize>) -> Result<Self, Problem> {
        let header = header.unwrap_or(bytes.len());
        let (document, tail) = bytes
            .split_at_checked(header)
            .ok_or_else(|| unfit(DOCUMENT_LENGTH, &format!("expected at most {}, found {header}", bytes.len())))?;
        let document: CallDocument = decode_json(document)
            .or_else(|error| tokens::replaced(document).map_or(Err(error), |json| decode_json(&json)))
            .map_err(|error| {
                let Problem { code, detail, .. } = body::refuse(&error);
                Problem::bad_request(code, detail)
            })?;
        if document.parameters.sequence_id.is_some() {
            return Err(unfit("parameters.sequence_id", "expected none, for a model keeps nothing between calls"));
        }
        let outputs = wanted(model, &document)?;
        let inputs = given(model.package().graph().0.inputs(), &document.inputs, tail)?;
        Ok(Self { id: document.id, inputs, outputs })
    }
}

fn wanted(model: &ServedModel, document: &CallDocument) -> Result<Vec<(usize, bool)>, Problem> {
    let binary = document.parameters.binary_data_output;
    let offered = model.outputs.iter().enumerate();
    if document.outputs.is_empty() {
        return Ok(offered.filter(|(_, output)| !output.is_on_request()).map(|(at, _)| (at, binary)).collect());
    }
    let mut places: Vec<(usize, bool)> = Vec::new();
    for WantedOutput { name, parameters } in &document.outputs {
        let output = format!("output `{name}`");
        let place = model.outputs.iter().position(|offered| offered.name == *name).ok_or_else(|| {
            let names: Vec<&str> = model.outputs.iter().map(|Offered { name, .. }| name.as_str()).collect();
            unfit("outputs", &format!("expected {}, found `{name}`", names.join(", ")))
        })?;
        if parameters.classification.is_some_and(|classes| classes > 0) {
            return Err(unfit(&output, "parameter `classification` is not supported: an output comes whole"));
        }
        if parameters.shared_memory_region.is_some() {
            return Err(unfit(&output, "parameter `shared_memory_region` is not supported"));
        }
        if places.iter().any(|(known, _)| *known == place) {
            return Err(unfit(&output, "expected once, found twice"));
        }
        places.push((place, parameters.binary_data.unwrap_or(binary)));
    }
    Ok(places)
}

/// The tensors in the order of the graph's inputs; `tail` holds the binary ones in the order of the call.
fn given(inputs: &[GraphInput], given: &[InputTensor], mut tail: &[u8]) -> Result<Vec<Tensor>, Problem> {
    let mut tensors: Vec<Option<Tensor>> = inputs.iter().map(|_| None).collect();
    let mut rows = None;
    for one in given {
        let place = inputs.iter().position(|input| input.name == one.name).ok_or_else(|| {
            let names: Vec<&str> = inputs.iter().map(|input| input.name.as_str()).collect();
            unfit("inputs", &format!("expected {}, found `{}`", names.join(", "), one.name))
        })?;
        let refused = |reason: String| unfit(&format!("input `{}`", one.name), &reason);
        let bytes = one.binary(&mut tail).map_err(refused)?;
        let tensor = one.tensor(&inputs[place], bytes, &mut rows).map_err(refused)?;
        if tensors[place].replace(tensor).is_some() {
            return Err(refused("expected once, found twice".to_owned()));
        }
    }
    if !tail.is_empty() {
        return Err(unfit("inputs", &format!("expected no bytes behind the tensors, found {}", tail.len())));
    }
    let absent = |input: &GraphInput| unfit(&format!("input `{}`", input.name), "expected a tensor, found none");
    let tensors = inputs.iter().zip(tensors).map(|(input, tensor)| tensor.ok_or_else(|| absent(input)));
    tensors.collect()
}

impl InputTensor {
    /// The tensor's share of the bytes behind the document.
    fn binary<'t>(&self, tail: &mut &'t [u8]) -> Result<Option<&'t [u8]>, String> {
        let Some(size) = self.parameters.binary_data_size else { return Ok(None) };
        let left = tail.len();
        let (bytes, rest) = tail
            .split_at_checked(size)
            .ok_or_else(|| format!("parameter `binary_data_size`: expected at most {left} bytes, found {size}"))?;
        *tail = rest;
        Ok(Some(bytes))
    }

    fn tensor(&self, input: &GraphInput, bytes: Option<&[u8]>, rows: &mut Option<usize>) -> Result<Tensor, String> {
        if self.parameters.shared_memory_region.is_some() {
            return Err("parameter `shared_memory_region` is not supported".to_owned());
        }
        let expected = datatype::name(input.kind);
        if self.datatype != expected {
            let found: String = self.datatype.chars().take(20).collect();
            return Err(format!("datatype: expected {expected}, found `{found}`"));
        }
        let count = self.count(input, rows)?;
        let values = match (&self.data, bytes) {
            (Some(data), None) => elements::read(input.kind, data.get(), &self.shape, count),
            (None, Some(bytes)) => raw::read(input.kind, bytes, count),
            (None, None) => Err("expected `data` or the parameter `binary_data_size`, found neither".to_owned()),
            (Some(_), Some(_)) => Err("expected `data` or the parameter `binary_data_size`, found both".to_owned()),
        };
        Tensor::new(self.shape.clone(), values?).ok_or_else(|| format!("expected {count} values"))
    }

    /// How many values the shape has, which is one that the graph takes: every open dimension is the number of rows.
    fn count(&self, input: &GraphInput, rows: &mut Option<usize>) -> Result<usize, String> {
        let dims = || input.shape.iter().zip(&self.shape);
        let fits = input.shape.len() == self.shape.len()
            && dims().all(|(expected, found)| expected.unwrap_or_else(|| *rows.get_or_insert(*found)) == *found);
        if !fits {
            let dim = |dim: &Option<usize>| dim.or(*rows).map_or_else(|| "rows".to_owned(), |dim| dim.to_string());
            let expected = input.shape.iter().map(dim).collect::<Vec<_>>().join(", ");
            return Err(format!("shape: expected [{expected}], found {:?}", self.shape));
        }
        match *rows {
            Some(rows) if rows > MOST_ROWS => Err(format!("shape: expected at most {MOST_ROWS} rows, found {rows}")),
            _ => self
                .shape
                .iter()
                .try_fold(1_usize, |count, dim| count.checked_mul(*dim))
                .ok_or_else(|| "shape: expected a number of values that can be counted".to_owned()),
        }
    }
}

fn unfit(field: &str, reason: &str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "invalid_call", format!("{field}: {reason}")).at(field)
}
