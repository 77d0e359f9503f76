//! What was refused of a customer becomes unreadable when the customer is erased, whichever process refused it.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::fleet::{Fleet, until};
use crate::harness::people::{event, phone, registration};
use crate::harness::{START, Site, Weir, answer};

async fn register(weir: &Weir, number: u32) -> String {
    let (status, body) = weir.post("/v1/customers", &format!("r{number}"), &registration(number)).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
    body["customer"].as_str().unwrap().to_owned()
}

async fn erase(weir: &Weir, customer: &str) {
    let request = weir.request(Method::DELETE, &format!("/v1/customers/{customer}"));
    let (status, body) = answer(request.header("idempotency-key", "e")).await.unwrap();
    assert_eq!(status, StatusCode::OK, "{body}");
}

/// One that the collector refuses for its type, and one that the first stage refuses for want of consent.
fn refused(customer: &str, number: u32) -> Vec<Value> {
    let dance = json!({ "phone": phone(number) });
    let call = json!({ "contact": phone(number), "direction": "incoming", "duration_s": 3, "message": false });
    vec![
        event(customer, &format!("dance-{number}"), "device.dance.v1", START, dance),
        event(customer, &format!("call-{number}"), "carrier.call.v1", START, call),
    ]
}

async fn ask(weir: &Weir, method: Method, path: &str) -> (StatusCode, Value) {
    answer(weir.request(method, path)).await.unwrap()
}

/// Its letters, once there are `count`.
async fn letters(weir: &Weir, count: usize) -> Vec<Value> {
    let mut listed = Vec::new();
    until("the dead letters are listed", Duration::from_secs(60), async || {
        listed = weir.get("/v1/dead-letters").await["dead_letters"].as_array().unwrap().clone();
        listed.len() >= count
    })
    .await;
    listed
}

fn offset(letter: &Value) -> String {
    format!("/v1/dead-letters/{}", letter["offset"])
}

/// After `erased` has gone, the letters of `other` and of nobody still open, theirs do not, and all are listed as before.
async fn hold(weir: &Weir, before: &[Value], erased: &str) {
    assert_eq!(letters(weir, before.len()).await, before);
    for letter in before {
        let shown = ask(weir, Method::GET, &offset(letter)).await;
        if letter["customer"] != json!(erased) {
            assert_eq!(shown.0, StatusCode::OK, "{}", shown.1);
            continue;
        }
        let replayed = ask(weir, Method::POST, &format!("{}/replay", offset(letter))).await;
        for (status, problem) in [shown, replayed] {
            assert_eq!((status, &problem["code"]), (StatusCode::GONE, &json!("gone")), "{problem}");
            assert!(problem["detail"].as_str().unwrap().contains("is erased"), "{problem}");
        }
    }
}

#[tokio::test]
async fn an_erased_customers_dead_letters_open_no_more_and_those_of_others_do() {
    let site = Site::new("");
    let weir = site.start(&[]).await;
    let (goes, stays) = (register(&weir, 1).await, register(&weir, 2).await);
    for (number, subject) in (1..).zip([goes.as_str(), &stays, "nobody-we-know"]) {
        weir.send_events(&refused(subject, number)).await;
    }
    let before = letters(&weir, 6).await;
    let of = |customer: &str| before.iter().filter(|letter| letter["customer"] == json!(customer)).count();
    assert_eq!((of(&goes), of(&stays), before.len()), (2, 2, 6), "{before:?}");
    for letter in &before {
        let (status, shown) = ask(&weir, Method::GET, &offset(letter)).await;
        assert_eq!(status, StatusCode::OK, "{shown}");
    }
    erase(&weir, &goes).await;
    hold(&weir, &before, &goes).await;
    // As a phone sends that was without a network.
    weir.send_events(&refused(&goes, 4)).await;
    let before = letters(&weir, 8).await;
    assert_eq!(before.iter().filter(|letter| letter["customer"] == json!(goes)).count(), 4, "{before:?}");
    hold(&weir, &before, &goes).await;
    let page = answer(weir.http.get(format!("{}/metrics", weir.base))).await.unwrap().1;
    let counted = page.as_str().unwrap().contains("weir_dead_letters_total{class=\"unknown_type\"} 4");
    assert!(counted, "what the collector refuses is counted too: {page}");
    weir.stop();
    hold(&site.start(&[]).await, &before, &goes).await;
}

/// The processes that refuse have no lending of their own, and read its keys from the database.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_process_of_an_installation_seals_under_the_customers_keys() {
    let Some(fleet) = Fleet::new("unreadable", "").await else { return };
    let desk = fleet.start("desk", "lending").await;
    let intake = fleet.start("intake", "ingest").await;
    let _folds = fleet.start("folds", "features,scoring").await;
    let customer = register(&desk, 1).await;
    intake.send_events(&refused(&customer, 1)).await;
    let before = letters(&intake, 2).await;
    assert!(before.iter().all(|letter| letter["customer"] == json!(customer)), "{before:?}");
    erase(&desk, &customer).await;
    hold(&intake, &before, &customer).await;
}
