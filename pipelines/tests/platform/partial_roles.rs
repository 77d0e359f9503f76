//! A process that runs some of the roles: it sends elsewhere what another runs, and takes in no more than the folds follow.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::fleet::{Fleet, until};
use crate::harness::people::{consents, telemetry};
use crate::harness::{BATCH, answer, set};

/// A generous wait for what takes a moment.
const PATIENCE: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn routes_of_roles_that_run_elsewhere_answer_421() {
    let Some(fleet) = Fleet::new("routes_of_roles_that_run_elsewhere_answer_421", "").await else { return };
    let ingest = fleet.start("ingest", "ingest").await;
    for path in ["/v1/loans", "/v1/customers/c_1", "/v1/decisions", "/v1/ledger/trial-balance"] {
        let (status, problem) = answer(ingest.request(Method::GET, path)).await.unwrap();
        assert_eq!((status, &problem["code"]), (StatusCode::MISDIRECTED_REQUEST, &json!("role_elsewhere")), "{path}");
        assert!(problem["detail"].as_str().unwrap().contains("`lending`"), "{problem}");
    }
    ingest.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn intake_refuses_while_the_folds_are_behind_and_takes_it_again_later() {
    let test = "intake_refuses_while_the_folds_are_behind_and_takes_it_again_later";
    let Some(mut fleet) = Fleet::new(test, "").await else { return };
    set(&mut fleet.site.config, "limits", "max_lag", 20);
    // Nobody folds yet.
    let ingest = fleet.start("ingest", "ingest").await;
    let (customer, id) = ("c_1", std::cell::Cell::new(0));
    let send = async || {
        id.set(id.get() + 1);
        let mut events = [consents(customer), telemetry(customer, 1, 20)].concat();
        events.iter_mut().for_each(|event| event["id"] = json!(format!("{}-{}", id.get(), event["id"])));
        let request = ingest.request(Method::POST, "/v1/events").header("content-type", BATCH);
        let response = request.body(json!(events).to_string()).send().await.unwrap();
        let retry = response.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
        (response.status(), retry, response.json::<Value>().await.unwrap())
    };
    until("a refusal", PATIENCE, async || {
        let (status, retry, body) = send().await;
        if status == StatusCode::SERVICE_UNAVAILABLE {
            assert_eq!((body["code"].as_str(), retry.as_deref()), (Some("overloaded"), Some("1")), "{body}");
        }
        status == StatusCode::SERVICE_UNAVAILABLE
    })
    .await;
    assert!(!ingest.is_ready().await, "a balancer is told too");
    let features = fleet.start("features", "features").await;
    until("intake again", PATIENCE, async || send().await.0 == StatusCode::OK).await;
    features.stop();
    ingest.stop();
}
