//! A disk that is full: nothing is acknowledged any more, readiness says so at once, the process ends with the reason, and
//! what was acknowledged is there when there is room again.

#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]
#![allow(clippy::print_stderr, reason = "a test that is skipped says so")]

mod harness;

use std::process::Command;
use std::time::{Duration, Instant};

use harness::people::{application, event, registration};
use harness::{BATCH, START, Site, Weir, answer};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(120);
/// Room for a start and some tens of thousands of events.
const DISK: &str = "24m";

/// Whether this user may mount a file system of its own.
fn may_mount() -> bool {
    let tried = Command::new("unshare").args(["-rm", "true"]).status();
    let may = tried.is_ok_and(|status| status.success());
    if !may {
        eprintln!("SKIPPED: a full disk (`unshare -rm` is not allowed here)");
    }
    may
}

fn taps(customer: &str, batch: u32) -> String {
    let tap = |number| {
        let payload = json!({ "screen": "home", "target": "next", "dwell_ms": 3_000 });
        event(customer, &format!("{batch}-{number}"), "behaviour.click.v1", START, payload)
    };
    Value::from((0..2_000).map(tap).collect::<Vec<_>>()).to_string()
}

/// Sends until the platform takes no more.
async fn fill(weir: &Weir, customer: &str) {
    let began = Instant::now();
    for batch in 0.. {
        let request =
            weir.request(Method::POST, "/v1/events").header("content-type", BATCH).body(taps(customer, batch));
        match answer(request).await {
            Some((StatusCode::OK, body)) => assert_eq!(body["results"][0]["status"], "accepted", "{body}"),
            Some((StatusCode::SERVICE_UNAVAILABLE, _)) | None => return,
            other => panic!("{other:?}"),
        }
        assert!(began.elapsed() < PATIENCE, "the disk is never full");
    }
}

#[tokio::test]
async fn a_full_disk_turns_readiness_red_and_ends_the_process() {
    if !may_mount() {
        return;
    }
    let site = Site::new("");
    std::fs::create_dir(site.data()).unwrap();
    let mount = format!("mount -t tmpfs -o size={DISK} tmpfs {} && exec \"$@\"", site.data().display());
    let weir = site.start_under(&["unshare", "-rm", "sh", "-c", &mount, "sh"]).await;
    let (status, body) = weir.post("/v1/customers", "r1", &registration(1)).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
    let customer = body["customer"].as_str().unwrap();
    fill(&weir, customer).await;

    // From the first refusal on nothing is acknowledged, as long as the process still answers.
    let readiness = weir.http.get(format!("{}/readyz", weir.base)).send().await;
    assert!(readiness.is_err() || readiness.unwrap().status() == StatusCode::SERVICE_UNAVAILABLE);
    let applying = weir.request(Method::POST, "/v1/applications").header("idempotency-key", "a1");
    let applied = answer(applying.json(&application(customer, 1))).await;
    assert!(applied.is_none_or(|(status, _)| status == StatusCode::SERVICE_UNAVAILABLE));
    let status = weir.wait(PATIENCE).expect("the process ends");
    let said = std::fs::read_to_string(site.log_file()).unwrap();
    let last = said.lines().rfind(|line| line.starts_with("weir: ")).unwrap_or_default();
    assert!(!status.success(), "{status}");
    assert!(
        last.starts_with("weir: the task `") && (last.contains("No space left") || last.contains("is full")),
        "{last}"
    );
}
