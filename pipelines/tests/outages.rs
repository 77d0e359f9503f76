//! Kafka, PostgreSQL and Redis go away in turn while people apply, and come back: readiness says which, intake refuses
//! with `Retry-After` or stays durable, and everything resumes by itself.
#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]
#![allow(clippy::print_stderr, reason = "a test that is skipped says so")]

mod harness;

use std::time::{Duration, Instant};

use futures::{StreamExt, stream};
use harness::fleet::{Fleet, server, servers, until};
use harness::people::{application, consents, registration, telemetry};
use harness::{Weir, answer, events};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// Of a busy machine.
const PATIENCE: Duration = Duration::from_secs(150);
const PEOPLE: u32 = 40;
const AT_ONCE: usize = 8;

/// Until it is taken: whoever gets no answer, or is told to come again, comes again under the same key.
async fn insist(weir: &Weir, path: &str, key: &str, body: &Value) -> Value {
    let began = Instant::now();
    loop {
        let request = weir.request(Method::POST, path).header("idempotency-key", key).json(body);
        match answer(request).await {
            Some((status, body)) if status.is_success() => return body,
            Some((StatusCode::SERVICE_UNAVAILABLE, body)) => assert!(body["retry_after"].is_number(), "{body}"),
            Some((status, body)) => panic!("{path}: {status} {body}"),
            None => {}
        }
        assert!(began.elapsed() < PATIENCE, "{path} {key} is never taken");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn tell(weir: &Weir, sent: &[Value]) {
    let taken = |one: &Value| one["status"] == "accepted" || one["status"] == "duplicate";
    let results = events::insist(weir, sent, PATIENCE).await;
    assert!(results.iter().all(taken), "{results:?}");
}

/// The whole of one person's dealings, from registration to the signed contract; the application and the loan.
async fn deal(weir: &Weir, number: u32) -> (String, String) {
    let registered = insist(weir, "/v1/customers", &format!("r{number}"), &registration(number)).await;
    let customer = registered["customer"].as_str().unwrap();
    tell(weir, &[consents(customer), telemetry(customer, number, 3)].concat()).await;
    let applied = insist(weir, "/v1/applications", &format!("a{number}"), &application(customer, number)).await;
    let application = applied["application"].as_str().unwrap().to_owned();
    let mut state = Value::Null;
    until("a decision", PATIENCE, async || {
        let shown = answer(weir.request(Method::GET, &format!("/v1/applications/{application}"))).await;
        state = shown.map_or(Value::Null, |(_, body)| body["state"].clone());
        !(state.is_null() || state == "submitted")
    })
    .await;
    assert_eq!(state, "approved", "as without a fault");
    let path = format!("/v1/applications/{application}/contract");
    let contract = insist(weir, &path, &format!("c{number}"), &Value::Null).await;
    let accept = json!({ "contract_hash": contract["contract_hash"] });
    let path = format!("/v1/applications/{application}/acceptance");
    let signed = insist(weir, &path, &format!("s{number}"), &accept).await;
    (application, signed["loan"].as_str().unwrap().to_owned())
}

async fn check_of(weir: &Weir, name: &str) -> String {
    let readiness = answer(weir.http.get(format!("{}/readyz", weir.base))).await.map(|(_, body)| body);
    let checks = readiness.as_ref().and_then(|body| body["checks"].as_array());
    let check = checks.and_then(|checks| checks.iter().find(|check| check["name"] == name));
    check.and_then(|check| check["detail"].as_str()).unwrap_or("no answer").to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_go_away_and_come_back_and_nothing_is_lost() {
    if server("outages", "WEIR_TEST_SERVERS").is_none() {
        return;
    }
    let Some(fleet) = Fleet::new("outages", "twice=20,error-after=20,seed=3").await else { return };
    let weir = fleet.start("all", "ingest,features,scoring,lending").await;
    let weir = &weir;
    let outages = [("kafka", Some("log"), 30), ("postgres", Some("store"), 15), ("redis", None, 5)];
    let mut deals = Vec::new();
    for (round, (which, check, seconds)) in (0..).zip(outages) {
        let numbers = round * PEOPLE..(round + 1) * PEOPLE;
        let dealing =
            stream::iter(numbers).map(|number| deal(weir, number)).buffer_unordered(AT_ONCE).collect::<Vec<_>>();
        let outage = async {
            tokio::time::sleep(Duration::from_millis(700)).await;
            tokio::task::block_in_place(|| servers("stop", which));
            let away = Instant::now();
            if let Some(check) = check {
                until("readiness names it", PATIENCE, async || check_of(weir, check).await == "does not answer").await;
                assert!(!weir.is_ready().await);
            }
            tokio::time::sleep(Duration::from_secs(seconds).saturating_sub(away.elapsed())).await;
            tokio::task::block_in_place(|| servers("start", which));
            until("it is ready by itself", PATIENCE, async || weir.is_ready().await).await;
            eprintln!("{which} was away for {:?}", away.elapsed());
        };
        let (dealt, ()) = tokio::join!(dealing, outage);
        deals.extend(dealt);
    }
    let applications: std::collections::BTreeSet<_> = deals.iter().map(|(application, _)| application).collect();
    assert_eq!(applications.len(), 3 * PEOPLE as usize);
    for (_, loan) in &deals {
        assert_eq!(weir.paid_out(loan).await["state"], "active");
    }
    weir.books_balance().await;
    assert_eq!(fleet.site.statement().await.len(), deals.len(), "each loan is paid out once");
}
