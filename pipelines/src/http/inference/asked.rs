//! The model that a path names, with or without its version.

use std::sync::Arc;

use aide::OperationInput;
use aide::generate::GenContext;
use aide::openapi::Operation;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use schemars::JsonSchema;
use serde::Deserialize;

use super::served::ServedModel;
use crate::http::App;
use crate::http::problem::Problem;

#[derive(Debug)]
pub(crate) struct Asked(pub ServedModel);

#[derive(Debug, Deserialize, JsonSchema)]
struct Named {
    model: String,
    version: Option<String>,
}

impl FromRequestParts<Arc<App>> for Asked {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let named = Path::<Named>::from_request_parts(parts, app).await;
        let Path(named) = named.map_err(|_| Problem::not_found("model"))?;
        app.inference.served.find(&named.model, named.version.as_deref()).map(Self)
    }
}

impl OperationInput for Asked {
    fn operation_input(context: &mut GenContext, operation: &mut Operation) {
        Path::<Named>::operation_input(context, operation);
    }
}
