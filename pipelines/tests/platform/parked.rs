//! What cannot be handled is set aside, seen from outside: over HTTP, on the command line, in metrics and readiness.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::Value;
use weir_ingest::log::{EmbeddedLog, EventLog};
use weir_messages::{Record, Topic};

use crate::harness::fleet::until;
use crate::harness::people::{application, registration};
use crate::harness::{self, Site, weir};

/// Puts a record that is no decision where decisions are read.
async fn poison(site: &Site) {
    let log = EmbeddedLog::open(&site.data().join("log")).unwrap();
    let poison = Record { key: "c_1".to_owned(), headers: Vec::new(), value: b"{\"application\":7}".to_vec() };
    log.append(Topic::Decisions, vec![poison]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_that_is_no_decision_is_listed_shown_and_retried() {
    const ID: &str = "weir.decisions:0:0";
    let site = Site::new("");
    poison(&site).await;
    let running = site.start(&[]).await;
    until("the record is parked", Duration::from_secs(60), async || {
        running.get("/v1/parked").await["parked"].as_array().is_some_and(|parked| parked.len() == 1)
    })
    .await;
    let (status, body) = running.post("/v1/customers", "r1", &registration(1)).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
    let customer = body["customer"].as_str().unwrap();
    let request = running.request(Method::POST, "/v1/applications").header("idempotency-key", "a1");
    let applied = harness::answer(request.header("prefer", "wait=20").json(&application(customer, 1))).await.unwrap().1;
    assert_ne!(applied["state"], "submitted", "those behind it go on: {applied}");

    let item = running.get(&format!("/v1/parked/decision/{ID}")).await;
    assert_eq!((&item["kind"], &item["retry"], &item["attempts"]), (&"decision".into(), &"never".into(), &1.into()));
    let config = site.write_config();
    let ask = |arguments: &[&str]| {
        let run = weir().arg("parked").args(arguments).arg("--config").arg(&config).output().unwrap();
        (run.status.code(), String::from_utf8(run.stdout).unwrap())
    };
    let (code, listed) = ask(&["list", "--kind", "decision"]);
    let listed: Value = serde_json::from_str(&listed).unwrap();
    assert_eq!((code, listed["id"].as_str()), (Some(0), Some(ID)));
    assert!(ask(&["show", "decision", ID]).1.contains("does not read back"));
    let (code, retried) = ask(&["retry", "--all"]);
    assert!(code == Some(1) && retried.contains("\"outcome\":\"parked\""), "{retried}");
    assert_eq!(running.get(&format!("/v1/parked/decision/{ID}")).await["attempts"], 2);
    assert_eq!(ask(&["show", "day_end", "l_1"]).0, Some(2), "what is not parked is a wrong question");
    assert_eq!(ask(&["list", "--kind", "dance"]).0, Some(2));

    let metrics = running.http.get(format!("{}/metrics", running.base)).send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains("weir_parked{kind=\"decision\"} 1") && metrics.contains("weir_parked{kind=\"payout\"} 0"));
    assert!(metrics.contains("weir_parked_age_seconds{kind=\"decision\"}"));
    assert!(metrics.contains("weir_health{check=\"parked\"} 1"), "degraded, and not failing");
    assert!(running.is_ready().await, "one item that is set aside makes nobody unready");
    let checks = running.get("/readyz").await["checks"].clone();
    let parked = checks.as_array().unwrap().iter().find(|check| check["name"] == "parked").unwrap();
    assert!(parked["state"] == "degraded" && parked["detail"].as_str().unwrap().contains("1 of kind decision"));
    running.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn books_that_do_not_add_up_are_told_by_readiness_and_metrics() {
    let site = Site::new("");
    let running = site.start(&[]).await;
    let metrics =
        async || running.http.get(format!("{}/metrics", running.base)).send().await.unwrap().text().await.unwrap();
    assert!(!metrics().await.contains("weir_ledger_differences"), "nobody has verified them yet");
    running.books_balance().await;
    assert!(metrics().await.contains("weir_ledger_differences 0"));
    assert!(metrics().await.contains("weir_ledger_verified_age_seconds"));
    assert!(running.get("/readyz").await["checks"].to_string().contains(r#"{"name":"books","state":"ok"}"#));
    running.stop();
}
