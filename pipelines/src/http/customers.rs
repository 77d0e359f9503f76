//! Customers: register, read with every personal field masked, erase.

use std::sync::Arc;

use aide::axum::ApiRouter;
use aide::axum::routing::{get_with, post_with};
use aide::transform::TransformOperation;
use axum::Json;
use axum::extract::{Path, State};
use weir_lending::api::{CustomerAnswer, CustomerRegistered, ErasedAnswer};
use weir_lending::customer::Registration;
use weir_messages::CustomerId;

use super::App;
use super::answered::{Changed, Created};
use super::body::JsonBody;
use super::problem::Problem;
use super::request::IdempotencyKey;

pub(crate) fn routes() -> ApiRouter<Arc<App>> {
    ApiRouter::new()
        .api_route("/v1/customers", post_with(register, |op| described(op, "registerCustomer", "Register a customer")))
        .api_route(
            "/v1/customers/{customer}",
            get_with(read, |op| described(op, "customer", "A customer, every personal field masked"))
                .delete_with(erase, |op| described(op, "eraseCustomer", "Destroy a customer's personal data for good")),
        )
}

fn described<'a>(operation: TransformOperation<'a>, id: &str, summary: &str) -> TransformOperation<'a> {
    operation.id(id).summary(summary).tag("customers")
}

async fn register(
    State(app): State<Arc<App>>,
    key: IdempotencyKey,
    body: JsonBody<Registration>,
) -> Result<Created<CustomerRegistered>, Problem> {
    Ok(Created(app.lending()?.register_customer(body.value, &key.with(&body.bytes)).await?))
}

async fn read(State(app): State<Arc<App>>, Path(customer): Path<CustomerId>) -> Result<Json<CustomerAnswer>, Problem> {
    Ok(Json(app.lending()?.customer(&customer).await?))
}

async fn erase(
    State(app): State<Arc<App>>,
    Path(customer): Path<CustomerId>,
    key: IdempotencyKey,
) -> Result<Changed<ErasedAnswer>, Problem> {
    let erased = app.lending()?.erase_customer(&customer, &key.changing(&[])).await?;
    if let Some(online) = &app.online {
        // Before the answer: whoever is not answered asks again.
        online.erase(customer).await.map_err(|error| Problem::internal(&error))?;
    }
    Ok(Changed(erased))
}
