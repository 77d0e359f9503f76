//! The answer to a call: tensors as JSON, or in binary form behind the document that describes them.

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;
use weir_scoring::model::{ModelError, Tensor};

use super::about::TensorParameters;
use super::call::Call;
use super::elements::Elements;
use super::served::{ServedModel, Source};
use super::{datatype, explained, raw};
use crate::http::problem::Problem;

/// How many bytes of a body are the document.
pub(super) const DOCUMENT_LENGTH: &str = "inference-header-content-length";

/// Of all tensors of an answer, as many values: what JSON makes of them stays below a few hundred megabytes.
const MOST_VALUES: usize = 8 << 20;

/// An answer as it is written.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct AnswerDocument<'a> {
    model_name: &'a str,
    model_version: String,
    /// That of the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    outputs: Vec<OutputTensor<'a>>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct OutputTensor<'a> {
    name: &'a str,
    datatype: &'static str,
    shape: &'a [usize],
    #[serde(skip_serializing_if = "TensorParameters::is_empty")]
    parameters: TensorParameters,
    /// The elements, flat in row order; absent of a tensor in binary form.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Vec<serde_json::Value>>")]
    data: Option<Elements<'a>>,
}

/// The body, and how much of it is the document where tensors stand behind it.
#[derive(Debug)]
pub(super) struct Answer {
    bytes: Vec<u8>,
    document: Option<usize>,
}

impl Answer {
    pub(super) fn to(call: Call, model: &ServedModel) -> Result<Self, Problem> {
        let Call { id, inputs, outputs } = call;
        let sources: Vec<Source> = outputs.iter().map(|(place, _)| model.outputs[*place].source).collect();
        let tensors = tensors(model, inputs, &sources).map_err(|error| failed(model, &error))?;
        let values: usize = tensors.iter().map(|tensor| tensor.values().len()).sum();
        if values > MOST_VALUES {
            let detail = format!("outputs: expected at most {MOST_VALUES} values, found {values}: ask with fewer rows");
            return Err(Problem::bad_request("answer_too_large", detail).at("outputs"));
        }
        let mut tail = Vec::new();
        let given = outputs.iter().zip(&tensors).map(|(&(place, is_binary), tensor)| {
            let (offered, values, before) = (&model.outputs[place], tensor.values(), tail.len());
            let mut parameters = TensorParameters::of(offered.columns.as_ref());
            if is_binary {
                raw::write(values, &mut tail);
                parameters.binary_data_size = Some(tail.len() - before);
            }
            let data = (!is_binary).then_some(Elements(values));
            let datatype = datatype::name(values.kind());
            OutputTensor { name: &offered.name, datatype, shape: tensor.shape(), parameters, data }
        });
        let outputs = given.collect();
        let (model_name, model_version) = (model.manifest().name.as_str(), model.version());
        let document = AnswerDocument { model_name, model_version, id: id.as_deref(), outputs };
        let mut bytes = serde_json::to_vec(&document).map_err(|error| Problem::internal(&error))?;
        let has_tail = document.outputs.iter().any(|output| output.data.is_none());
        let document = has_tail.then_some(bytes.len());
        bytes.append(&mut tail);
        Ok(Self { bytes, document })
    }
}

/// One tensor for each source, none of which comes twice; the graph runs only where one is its own.
fn tensors(model: &ServedModel, inputs: Vec<Tensor>, sources: &[Source]) -> Result<Vec<Tensor>, ModelError> {
    let height = explained::height(&inputs);
    let mut explained = match sources.contains(&Source::Contributions) {
        true => Some(explained::contributions(model, &explained::rows(model, &inputs)?)?),
        false => None,
    };
    let is_graphs = sources.iter().any(|source| matches!(source, Source::Graph(_)));
    let answers = if is_graphs { model.graph().run(inputs)? } else { Vec::new() };
    let mut answers: Vec<Option<Tensor>> = answers.into_iter().map(Some).collect();
    let mut tensor = |source: &Source| match source {
        Source::Graph(at) => answers.get_mut(*at).and_then(Option::take),
        Source::Contributions => explained.take(),
        Source::Base => Some(explained::base(model, height)),
    };
    let absent = || ModelError::Failed { reason: "expected another output of the graph".to_owned() };
    sources.iter().map(|source| tensor(source).ok_or_else(absent)).collect()
}

/// What a model cannot answer is a matter of the values it was asked with: what it takes was checked before.
fn failed(model: &ServedModel, error: &ModelError) -> Problem {
    let detail = format!("model `{}` version {}: {error}", model.manifest().name, model.version());
    Problem::new(StatusCode::BAD_REQUEST, "model_failed", detail)
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let media_type = if self.document.is_some() { "application/octet-stream" } else { "application/json" };
        let mut response = Response::new(Body::from(self.bytes));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        if let Some(length) = self.document {
            response.headers_mut().insert(DOCUMENT_LENGTH, HeaderValue::from(length));
        }
        response
    }
}
