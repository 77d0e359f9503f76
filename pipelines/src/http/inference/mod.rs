//! The Open Inference Protocol, version 2, over HTTP: the models that this process decides with, asked in tensors by the
//! clients that Triton and MLServer have. Decides nothing and keeps nothing.

mod about;
mod answer;
mod asked;
mod call;
mod datatype;
mod elements;
mod explained;
mod infer;
mod raw;
mod refused;
mod served;
#[cfg(test)]
mod tests;
mod tokens;

use std::sync::Arc;

use aide::axum::ApiRouter;
use aide::axum::routing::{get_with, post_with};
use aide::transform::TransformOperation;
use axum::Json;

pub(crate) use about::{live, ready};
pub use infer::Inference;
pub(crate) use refused::worded;
pub use served::Served;

use super::App;

pub(crate) fn routes() -> ApiRouter<Arc<App>> {
    let named = |path: &str| {
        [format!("/v2/models/{{model}}{path}"), format!("/v2/models/{{model}}/versions/{{version}}{path}")]
    };
    let [model, model_version] = named("");
    let [ready, ready_version] = named("/ready");
    let [infer, infer_version] = named("/infer");
    ApiRouter::new()
        .api_route("/v2", get_with(about::server, |op| described(op, "inferenceServer", "What this server speaks")))
        .api_route(
            "/v2/repository/index",
            post_with(about::index, |op| described(op, "modelIndex", "The models that can be asked, by version")),
        )
        .api_route(&model, get_with(about::model, |op| first(described(op, "model", "What a model takes and gives"))))
        .api_route(
            &model_version,
            get_with(about::model, |op| described(op, "modelVersion", "What a version of a model takes and gives")),
        )
        .api_route(
            &ready,
            get_with(about::model_ready, |op| first(described(op, "modelReady", "Whether a model answers"))),
        )
        .api_route(
            &ready_version,
            get_with(about::model_ready, |op| {
                described(op, "modelVersionReady", "Whether a version of a model answers")
            }),
        )
        .api_route(
            &infer,
            post_with(infer::infer, |op| {
                first(answered(described(op, "infer", "Ask a model: tensors in, tensors out")))
            }),
        )
        .api_route(
            &infer_version,
            post_with(infer::infer, |op| answered(described(op, "inferVersion", "Ask a version of a model"))),
        )
}

fn described<'a>(operation: TransformOperation<'a>, id: &str, summary: &str) -> TransformOperation<'a> {
    operation.id(id).summary(summary).tag("inference")
}

/// Of a path that names no version.
fn first(operation: TransformOperation<'_>) -> TransformOperation<'_> {
    operation.parameter_untyped("version", |parameter| parameter.hidden(true))
}

fn answered(operation: TransformOperation<'_>) -> TransformOperation<'_> {
    operation.response::<200, Json<answer::AnswerDocument>>()
}
