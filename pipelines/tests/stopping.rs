//! SIGTERM ends the platform also while Kafka stands still or is gone, and what was saved is there at the next start.
#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

mod harness;

use std::time::Duration;

use harness::Weir;
use harness::fleet::{Fleet, server, servers, until};
use harness::people::{application, consents, registration, telemetry};
use serde_json::Value;

/// Of a busy machine. The limits themselves are `docs/operations.md`'s: 20 s, after the requests are drained.
const PATIENCE: Duration = Duration::from_secs(150);

/// An application that is decided: every group has folded something.
async fn decided(weir: &Weir, number: u32) {
    let (_, registered) = weir.post("/v1/customers", &format!("r{number}"), &registration(number)).await;
    let customer = registered["customer"].as_str().unwrap();
    weir.send_events(&[consents(customer), telemetry(customer, number, 3)].concat()).await;
    let (_, applied) = weir.post("/v1/applications", &format!("a{number}"), &application(customer, number)).await;
    let path = format!("/v1/applications/{}", applied["application"].as_str().unwrap());
    let mut state = Value::Null;
    until("a decision", PATIENCE, async || {
        state = weir.get(&path).await["state"].clone();
        state != "submitted"
    })
    .await;
    assert_eq!(state, "approved");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_ends_the_platform_while_kafka_is_away() {
    if server("stopping", "WEIR_TEST_SERVERS").is_none() {
        return;
    }
    let Some(fleet) = Fleet::new("stopping", "seed=3").await else { return };
    for (number, (away, back)) in (0..).zip([("freeze", "thaw"), ("kill", "start")]) {
        let weir = fleet.start("all", "ingest,features,scoring,lending").await;
        decided(&weir, number).await;
        tokio::task::block_in_place(|| servers(away, "kafka"));
        weir.signal("TERM");
        let ended = tokio::task::block_in_place(|| weir.wait(PATIENCE));
        tokio::task::block_in_place(|| servers(back, "kafka"));
        let ended = ended.unwrap_or_else(|| panic!("it still runs {PATIENCE:?} after {away} and SIGTERM"));
        assert!(ended.success(), "after {away}: {ended}");
    }
    let weir = fleet.start("all", "ingest,features,scoring,lending").await;
    decided(&weir, 2).await;
}
