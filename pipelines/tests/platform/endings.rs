//! Every life has an end, over HTTP: an application is withdrawn or expires, a loan that was overpaid is refunded, a
//! repayment goes back, and a customer with whom nothing is open is erased.

use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::people::{application, consents, registration, telemetry};
use crate::harness::{Site, Weir, answer};

async fn customer(weir: &Weir, number: u32) -> String {
    let (status, body) = weir.post("/v1/customers", &format!("r{number}"), &registration(number)).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
    let customer = body["customer"].as_str().unwrap().to_owned();
    weir.send_events(&[consents(&customer), telemetry(&customer, number, 4)].concat()).await;
    customer
}

async fn apply(weir: &Weir, customer: &str, key: &str, number: u32) -> (StatusCode, Value) {
    let request = weir.request(Method::POST, "/v1/applications").header("idempotency-key", key);
    answer(request.header("prefer", "wait=20").json(&application(customer, number))).await.unwrap()
}

async fn approved(weir: &Weir, customer: &str, key: &str, number: u32) -> String {
    let (status, body) = apply(weir, customer, key, number).await;
    assert_eq!((status, &body["state"]), (StatusCode::CREATED, &json!("approved")), "{body}");
    body["application"].as_str().unwrap().to_owned()
}

async fn signed(weir: &Weir, application: &str) -> String {
    let path = format!("/v1/applications/{application}");
    let (_, contract) = weir.post(&format!("{path}/contract"), &format!("c{application}"), &Value::Null).await;
    let hash = json!({ "contract_hash": contract["contract_hash"] });
    let (status, loan) = weir.post(&format!("{path}/acceptance"), &format!("s{application}"), &hash).await;
    assert_eq!(status, StatusCode::CREATED, "{loan}");
    let loan = loan["loan"].as_str().unwrap().to_owned();
    assert_eq!(weir.paid_out(&loan).await["state"], "active");
    loan
}

async fn until(weir: &Weir, loan: &str, state: &str) -> Value {
    let began = Instant::now();
    loop {
        let found = weir.get(&format!("/v1/loans/{loan}")).await;
        if found["state"] == state {
            return found;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "never {state}: {found}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn erase(weir: &Weir, customer: &str, key: &str) -> (StatusCode, Value) {
    let request = weir.request(Method::DELETE, &format!("/v1/customers/{customer}"));
    answer(request.header("idempotency-key", key)).await.unwrap()
}

#[tokio::test]
async fn an_application_is_withdrawn_or_expires_and_the_customer_applies_again() {
    let site = Site::new("");
    let weir = site.start(&[]).await;
    let customer = customer(&weir, 1).await;
    let first = approved(&weir, &customer, "a1", 1).await;
    assert_eq!(weir.get(&format!("/v1/applications/{first}")).await["valid_through"], "2026-04-01");
    let (status, problem) = apply(&weir, &customer, "a2", 1).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("application_open")));

    let (status, withdrawn) = weir.post(&format!("/v1/applications/{first}/withdrawal"), "w1", &Value::Null).await;
    assert_eq!((status, &withdrawn["state"]), (StatusCode::OK, &json!("withdrawn")), "{withdrawn}");
    let listed = weir.get("/v1/applications?state=withdrawn").await;
    assert_eq!(listed["applications"][0]["application"], json!(first), "{listed}");

    let second = approved(&weir, &customer, "a3", 1).await;
    weir.move_clock("2026-04-01T23:59:00Z").await;
    assert_eq!(weir.get(&format!("/v1/applications/{second}")).await["state"], "approved");
    weir.move_clock("2026-04-02T00:01:00Z").await;
    let path = format!("/v1/applications/{second}");
    assert_eq!(weir.get(&path).await["state"], "expired");
    let (status, problem) = weir.post(&format!("{path}/contract"), "c1", &Value::Null).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("application_state")), "{problem}");
    let listed = weir.get(&format!("/v1/applications?state=expired&customer={customer}")).await;
    assert_eq!(listed["applications"].as_array().unwrap().len(), 1, "{listed}");
    let (status, erased) = erase(&weir, &customer, "e1").await;
    assert_eq!(status, StatusCode::OK, "{erased}");
    weir.stop();
}

#[tokio::test]
async fn an_overpaid_loan_is_refunded_and_its_customer_erased_and_nothing_more_is_taken() {
    let site = Site::new("late=300,unpaid=300,seed=5");
    let weir = site.start(&[]).await;
    let customer = customer(&weir, 1).await;
    let loan = signed(&weir, &approved(&weir, &customer, "a1", 1).await).await;
    let path = format!("/v1/loans/{loan}");
    let repay = async |id: &str, amount: &str| {
        let body = json!({ "repayment": id, "amount": amount, "currency": "EUR" });
        weir.post(&format!("{path}/repayments"), &format!("repay {id}"), &body).await
    };
    assert_eq!(repay("r1", "1300.00").await.1["state"], "overpaid");
    let reversal = json!({ "repayment": "r1", "reason": "returned" });
    let (status, reversed) = weir.post(&format!("{path}/reversals"), "v1", &reversal).await;
    assert_eq!((status, &reversed["state"]), (StatusCode::CREATED, &json!("active")), "{reversed}");
    assert_eq!(repay("r2", "1300.00").await.1["state"], "overpaid");
    let (status, open) = erase(&weir, &customer, "e1").await;
    assert_eq!((status, &open["code"]), (StatusCode::CONFLICT, &json!("customer_not_settled")));
    assert!(open["detail"].as_str().unwrap().contains(&format!("loan {loan} (overpaid)")), "{open}");

    let (status, refund) = weir.post(&format!("{path}/refunds"), "f1", &Value::Null).await;
    assert_eq!((status, &refund["state"]), (StatusCode::CREATED, &json!("refunding")), "{refund}");
    let closed = until(&weir, &loan, "closed").await;
    assert_eq!((&closed["refunded"], &closed["credit"]), (&json!("100.00"), &json!("0.00")), "{closed}");
    // By id, and ids of one moment have no order.
    let mut paid: Vec<String> = site.statement().await.iter().map(|one| one["amount"].to_string()).collect();
    paid.sort();
    assert_eq!(paid, ["\"100.00\"", "\"1200.00\""], "each went out once");

    for (route, body) in [("payouts", Value::Null), ("cancellation", json!({ "reason": "withdrawn" }))] {
        let (status, problem) = weir.post(&format!("{path}/{route}"), &format!("k{route}"), &body).await;
        assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("loan_state")), "{problem}");
    }
    assert_eq!(erase(&weir, &customer, "e2").await.0, StatusCode::OK);
    let (status, refused) = repay("r3", "10.00").await;
    assert_eq!((status, &refused["code"]), (StatusCode::CONFLICT, &json!("customer_erased")), "{refused}");
    weir.books_balance().await;
    weir.stop();
}

#[tokio::test]
async fn a_state_that_does_not_exist_is_refused_with_those_that_do() {
    let site = Site::new("");
    let weir = site.start(&[]).await;
    for (path, named) in [
        ("/v1/loans?state=ACTIVE", "signed, paying_out, payout_failed, cancelled, active, overpaid, refunding, closed"),
        (
            "/v1/applications?state=4111111111111111",
            "submitted, in_review, declined, approved, offered, accepted, withdrawn, expired",
        ),
    ] {
        let (status, problem) = answer(weir.request(Method::GET, path)).await.unwrap();
        assert_eq!(
            (status, &problem["code"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!("invalid_parameter")),
            "{problem}"
        );
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(&format!("state: expected one of {named}, found another text")), "{detail}");
    }
    let wrong = json!({ "reason": "because" });
    let (status, problem) = weir.post("/v1/loans/l_none/cancellation", "k", &wrong).await;
    assert_eq!((status, &problem["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("reason")), "{problem}");
    weir.stop();
}
