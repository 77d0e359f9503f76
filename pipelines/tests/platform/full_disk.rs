//! A disk that is full: nothing is acknowledged any more, readiness says so at once, the process ends with the reason, and
//! what was acknowledged is there when there is room again.

use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::disk::may_mount;
use crate::harness::people::{application, event, registration};
use crate::harness::{BATCH, START, Site, Weir, answer, set};

const PATIENCE: Duration = Duration::from_secs(120);
/// Room for a start and some tens of thousands of events.
const DISK: &str = "24m";

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

/// On a disk of its own of this size.
async fn start_on(site: &Site, size: &str) -> Weir {
    std::fs::create_dir(site.data()).unwrap();
    let mount = format!("mount -t tmpfs -o size={size} tmpfs {} && exec \"$@\"", site.data().display());
    site.start_at(START, &["unshare", "-rm", "sh", "-c", &mount, "sh"]).await
}

#[tokio::test]
async fn a_disk_that_is_nearly_full_is_refused_before_writes_fail() {
    if !may_mount() {
        return;
    }
    let mut site = Site::new("");
    set(&mut site.config, "limits", "min_free_mebibytes", 64);
    // Behind is what a slow machine is, and another reason to refuse.
    set(&mut site.config, "limits", "max_lag", 10_000_000);
    let weir = start_on(&site, "88m").await;
    let (status, body) = weir.post("/v1/customers", "r1", &registration(1)).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
    let customer = body["customer"].as_str().unwrap();
    fill(&weir, customer).await;
    let request = weir.request(Method::POST, "/v1/events").header("content-type", BATCH).body(taps(customer, 1));
    let (status, refused) = answer(request).await.unwrap();
    assert_eq!((status, refused["code"].as_str()), (StatusCode::SERVICE_UNAVAILABLE, Some("disk_full")), "{refused}");
    let (status, readiness) = answer(weir.request(Method::GET, "/readyz")).await.unwrap();
    let checks = readiness["checks"].as_array().unwrap();
    let disk = checks.iter().find(|check| check["name"] == "disk").unwrap();
    assert_eq!((status, disk["state"].as_str()), (StatusCode::SERVICE_UNAVAILABLE, Some("failing")), "{readiness}");
    assert!(disk["detail"].as_str().unwrap().contains("expected at least 64 MiB"), "{disk}");
    let (status, body) = weir.post("/v1/customers", "r2", &registration(2)).await;
    assert_eq!(status, StatusCode::CREATED, "what is small is taken: {body}");
    weir.stop();
}

#[tokio::test]
async fn a_full_disk_turns_readiness_red_and_ends_the_process() {
    if !may_mount() {
        return;
    }
    let mut site = Site::new("");
    set(&mut site.config, "limits", "min_free_mebibytes", 0);
    let weir = start_on(&site, DISK).await;
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
