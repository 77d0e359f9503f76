//! What the protocol tells without a tensor: server, models, and whether they answer.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;
use weir_scoring::model::{GraphInput, Kind};

use super::asked::Asked;
use super::datatype;
use super::refused::Refused;
use super::served::{Offered, ServedModel};
use crate::http::{App, health};

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ServerDescription {
    name: &'static str,
    version: &'static str,
    extensions: [&'static str; 1],
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ModelLine {
    name: String,
    version: String,
    state: &'static str,
    reason: &'static str,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ModelDescription {
    name: String,
    versions: Vec<String>,
    platform: &'static str,
    inputs: Vec<TensorDescription>,
    /// Those marked `on_request` are given only where the call names them.
    outputs: Vec<TensorDescription>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct TensorDescription {
    name: String,
    datatype: &'static str,
    /// -1 where any number will do.
    shape: Vec<i64>,
    #[serde(skip_serializing_if = "TensorParameters::is_empty")]
    parameters: TensorParameters,
}

#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct TensorParameters {
    /// What the columns are called: a JSON list, written as a text because the protocol's parameters know no lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub columns: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    on_request: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub binary_data_size: Option<usize>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ModelReadiness {
    name: String,
    ready: bool,
}

pub(crate) async fn live() -> Json<serde_json::Value> {
    Json(serde_json::json!({ "live": true }))
}

/// As `/readyz` says.
pub(crate) async fn ready(State(app): State<Arc<App>>) -> Response {
    let ready = health::is_ready(&app).await;
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(serde_json::json!({ "ready": ready }))).into_response()
}

pub(crate) async fn server() -> Json<ServerDescription> {
    Json(ServerDescription { name: "weir", version: env!("CARGO_PKG_VERSION"), extensions: ["binary_tensor_data"] })
}

pub(crate) async fn index(State(app): State<Arc<App>>) -> Json<Vec<ModelLine>> {
    let line = |model: &ServedModel| {
        let (name, version) = (model.manifest().name.clone(), model.version());
        ModelLine { name, version, state: "READY", reason: "" }
    };
    Json(app.inference.served.all().iter().map(line).collect())
}

pub(crate) async fn model(State(app): State<Arc<App>>, Asked(model): Asked) -> Result<Json<ModelDescription>, Refused> {
    let name = &model.manifest().name;
    let all = app.inference.served.all();
    let versions = all.iter().filter(|other| other.manifest().name == *name);
    Ok(Json(ModelDescription {
        name: name.clone(),
        versions: versions.map(ServedModel::version).collect(),
        platform: "weir_onnx",
        inputs: model.package().graph().0.inputs().iter().map(TensorDescription::from).collect(),
        outputs: model.outputs.iter().map(TensorDescription::from).collect(),
    }))
}

/// A model that is served was proven when it was loaded.
pub(crate) async fn model_ready(Asked(model): Asked) -> Result<Json<ModelReadiness>, Refused> {
    Ok(Json(ModelReadiness { name: model.manifest().name.clone(), ready: true }))
}

impl TensorParameters {
    pub(super) fn of(columns: Option<&Vec<String>>) -> Self {
        let columns = columns.map(|columns| serde_json::json!(columns).to_string());
        Self { columns, ..Self::default() }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.columns.is_none() && self.on_request.is_none() && self.binary_data_size.is_none()
    }
}

impl TensorDescription {
    fn of(name: &str, kind: Kind, shape: &[Option<usize>], parameters: TensorParameters) -> Self {
        let dim = |dim: &Option<usize>| dim.and_then(|dim| i64::try_from(dim).ok()).unwrap_or(-1);
        let shape = shape.iter().map(dim).collect();
        Self { name: name.to_owned(), datatype: datatype::name(kind), shape, parameters }
    }
}

impl From<&GraphInput> for TensorDescription {
    fn from(input: &GraphInput) -> Self {
        Self::of(&input.name, input.kind, &input.shape, TensorParameters::of(input.columns.as_ref()))
    }
}

impl From<&Offered> for TensorDescription {
    fn from(offered: &Offered) -> Self {
        let on_request = offered.is_on_request().then_some(true);
        let parameters = TensorParameters { on_request, ..TensorParameters::of(offered.columns.as_ref()) };
        Self::of(&offered.name, offered.kind, &offered.shape, parameters)
    }
}
