//! One customer's whole way over HTTP: telemetry, application, decision with reasons, contract, payout, repayment and
//! closing, under one trace id from event to journal, with books that balance.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::people::{application, consents, registration, telemetry};
use crate::harness::{self, START, Site, Weir, output, weir};

const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const TRACE_ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// A registered customer with consent and telemetry.
async fn customer(weir: &Weir, number: u32) -> String {
    let (status, body) = weir.post("/v1/customers", &format!("r{number}"), &registration(number)).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
    let customer = body["customer"].as_str().unwrap().to_owned();
    let events = [consents(&customer), telemetry(&customer, number, 4)].concat();
    assert!(weir.send_events(&events).await.iter().all(|one| one["status"] == "accepted"));
    customer
}

async fn apply(weir: &Weir, customer: &str, number: u32) -> Value {
    let request = weir.request(Method::POST, "/v1/applications").header("idempotency-key", format!("a{number}"));
    let request = request.header("prefer", "wait=20").header("traceparent", TRACE);
    harness::answer(request.json(&application(customer, number))).await.unwrap().1
}

fn path(application: &str, what: &str) -> String {
    format!("/v1/applications/{application}/{what}")
}

#[tokio::test]
async fn a_loan_lives_from_application_to_closing_under_one_trace() {
    let site = Site::new("");
    let weir = site.start(&[]).await;
    let customer = customer(&weir, 1).await;
    let application = apply(&weir, &customer, 1).await;
    assert_eq!(application["state"], "approved", "{application}");
    assert!(!application["reasons"].as_array().unwrap().is_empty());
    let id = application["application"].as_str().unwrap();

    let decision = weir.get(&format!("/v1/decisions/{id}")).await;
    assert_eq!(decision["vector"]["trace"], TRACE_ID);
    assert_eq!(decision["vector"]["features"]["taps__taps_7d"], 4);

    let (status, not_yet) = harness::answer(weir.request(Method::GET, &path(id, "contract"))).await.unwrap();
    assert_eq!((status, &not_yet["code"]), (StatusCode::CONFLICT, &json!("application_state")), "{not_yet}");
    let (status, contract) = weir.post(&path(id, "contract"), "c1", &Value::Null).await;
    assert_eq!(status, StatusCode::CREATED, "{contract}");
    assert_eq!(weir.get(&path(id, "contract")).await, contract, "shown as it was drawn up");
    let wrong = json!({ "contract_hash": "0".repeat(64) });
    let (status, problem) = weir.post(&format!("/v1/applications/{id}/acceptance"), "s0", &wrong).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("contract_hash_differs")));
    let accepted = json!({ "contract_hash": contract["contract_hash"] });
    let (status, loan) = weir.post(&format!("/v1/applications/{id}/acceptance"), "s1", &accepted).await;
    assert_eq!(status, StatusCode::CREATED, "{loan}");
    let loan = loan["loan"].as_str().unwrap().to_owned();
    assert_eq!(weir.paid_out(&loan).await["state"], "active");

    // Ordered and confirmed: both entries carry the trace of the application.
    for (account, lines) in [("house:payouts-in-transit:EUR".to_owned(), 2), (format!("loan:{loan}:principal"), 1)] {
        let statement = weir.get(&format!("/v1/ledger/statement?account={account}")).await;
        let found = statement["lines"].as_array().unwrap();
        assert!(found.len() == lines && found.iter().all(|line| line["trace"] == TRACE_ID), "{statement}");
    }
    let logged = std::fs::read_to_string(site.log_file()).unwrap();
    for message in ["decided", "posted"] {
        let is_ours = |line: &str| line.contains(TRACE_ID) && line.contains(&format!("\"message\":\"{message}\""));
        assert!(logged.lines().any(is_ours), "no log line `{message}` with the trace: {logged}");
    }

    repay(&weir, &loan, contract["cost"]["installments"].as_array().unwrap()).await;
    assert_eq!(weir.get(&format!("/v1/loans/{loan}")).await["state"], "closed");
    weir.books_balance().await;
    weir.stop();
}

/// Pays every installment on its day.
async fn repay(weir: &Weir, loan: &str, installments: &[Value]) {
    let cents = |text: &Value| text.as_str().unwrap().replace('.', "").parse::<i64>().unwrap();
    for installment in installments {
        weir.move_clock(&format!("{}T12:00:00Z", installment["due_on"].as_str().unwrap())).await;
        let amount = cents(&installment["principal"]) + cents(&installment["interest"]);
        let amount = format!("{}.{:02}", amount / 100, amount % 100);
        let id = format!("{loan}-{}", installment["number"]);
        let body = json!({ "repayment": id, "amount": amount, "currency": "EUR" });
        // Reported twice, as banks do.
        for _ in 0..2 {
            let (status, answered) = weir.post(&format!("/v1/loans/{loan}/repayments"), &id, &body).await;
            assert_eq!(status, StatusCode::CREATED, "{answered}");
        }
    }
}

#[tokio::test]
async fn repeated_command_is_answered_as_a_replay_and_the_process_is_alive() {
    let site = Site::new("");
    let weir = site.start(&[]).await;
    let alive = reqwest::get(format!("{}/livez", weir.base)).await.unwrap();
    assert_eq!((alive.status(), alive.text().await.unwrap().as_str()), (StatusCode::OK, "ok\n"));
    let mut bodies = Vec::new();
    for replayed in [None, Some("true")] {
        let request = weir.request(Method::POST, "/v1/customers").header("idempotency-key", "r1");
        let response = request.json(&registration(1)).send().await.unwrap();
        let header = response.headers().get("idempotency-replayed").map(|value| value.to_str().unwrap().to_owned());
        assert_eq!((response.status(), header.as_deref()), (StatusCode::CREATED, replayed));
        bodies.push(response.bytes().await.unwrap());
    }
    assert_eq!(bodies[0], bodies[1], "to the byte");
    weir.stop();
}

#[tokio::test]
async fn what_is_on_record_is_read_and_run_again_from_the_command_line() {
    let site = Site::new("");
    let running = site.start(&[]).await;
    let customer = customer(&running, 1).await;
    let application = apply(&running, &customer, 1).await["application"].as_str().unwrap().to_owned();
    let config = site.write_config();
    let ask = |arguments: &[&str]| {
        let answered = output(weir().args(arguments).arg("--config").arg(&config));
        String::from_utf8(answered.stdout).unwrap()
    };
    assert!(ask(&["decisions", "list"]).contains(&application));
    assert!(ask(&["decisions", "show", &application]).contains("german_credit"));
    assert!(ask(&["decisions", "rerun", &application]).contains("\"equal\": true"));
    assert!(ask(&["ledger", "verify"]).contains("\"entries\": 0"));
    assert!(ask(&["ledger", "trial-balance"]).is_empty());

    let unknown = harness::people::event(&customer, "x1", "device.dance.v1", START, json!({}));
    let results = running.send_events(&[unknown]).await;
    assert_eq!(results[0]["status"], "rejected", "{results:?}");
    let listed = ask(&["dead-letters", "list"]);
    assert_eq!(listed.lines().count(), 1, "{listed}");
    let letter: Value = serde_json::from_str(&listed).unwrap();
    let offset = letter["offset"].to_string();
    assert!(ask(&["dead-letters", "show", &offset]).contains("device.dance"));
    let replayed = weir().args(["dead-letters", "replay", &offset, "--config"]).arg(&config).output().unwrap();
    assert_eq!(replayed.status.code(), Some(1), "refused again");
    assert!(String::from_utf8(replayed.stdout).unwrap().contains("rejected"));
    running.stop();
}

#[tokio::test]
async fn a_second_signal_ends_at_once_and_a_first_lets_requests_finish() {
    let mut site = Site::new("");
    harness::set(&mut site.config, "server", "drain_seconds", 60);
    harness::set(&mut site.config, "server", "body_seconds", 60);
    let weir = site.start(&[]).await;
    // A request that never ends its body holds the first signal up.
    let address = weir.base.trim_start_matches("http://").to_owned();
    let mut open = std::net::TcpStream::connect(address).unwrap();
    let head = format!(
        "POST /v1/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: {}\r\ncontent-length: 100\r\n\r\n[",
        weir.token,
        harness::BATCH
    );
    std::io::Write::write_all(&mut open, head.as_bytes()).unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    weir.signal("TERM");
    assert!(weir.wait(std::time::Duration::from_millis(700)).is_none(), "a request was running");
    weir.signal("TERM");
    assert!(weir.wait(std::time::Duration::from_secs(5)).is_some_and(|status| !status.success()));
    drop(open);
    // What was there is there again.
    site.start(&[]).await.stop();
}
