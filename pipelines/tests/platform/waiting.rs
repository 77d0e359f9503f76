//! A partition whose state cannot be opened waits, and the process says so: at once as degraded, after a while as unready.

use std::time::Duration;

use serde_json::Value;

use crate::harness::fleet::{Fleet, until};
use crate::harness::{Weir, answer};

/// Of a busy machine.
const PATIENCE: Duration = Duration::from_secs(150);
const METRIC: &str = "weir_group_waiting_partitions{group=\"weir-entities\"}";

async fn check(weir: &Weir) -> Value {
    let (_, readiness) = answer(weir.http.get(format!("{}/readyz", weir.base))).await.unwrap();
    let checks = readiness["checks"].as_array().unwrap();
    checks.iter().find(|check| check["name"] == "partitions").cloned().unwrap_or(Value::Null)
}

async fn metric(weir: &Weir) -> String {
    let page = weir.http.get(format!("{}/metrics", weir.base)).bearer_auth(&weir.token).send().await.unwrap();
    let page = page.text().await.unwrap();
    page.lines().find_map(|line| line.strip_prefix(METRIC)).unwrap_or("none").trim().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_partition_that_cannot_be_taken_over_turns_readiness_red() {
    let Some(fleet) = Fleet::new("waiting", "").await else { return };
    let states = fleet.site.folder.path().join("all/state/entities");
    std::fs::create_dir_all(&states).unwrap();
    // Where the store's folder would be.
    std::fs::write(states.join("1"), "in the way").unwrap();
    let weir = fleet.start("all", "ingest,features,scoring,lending").await;
    until("the check names it", PATIENCE, async || check(&weir).await["state"] == "failing").await;
    let detail = check(&weir).await["detail"].as_str().unwrap().to_owned();
    assert!(detail.starts_with("1 of weir-entities wait to be taken over, the first for "), "{detail}");
    assert!(!weir.is_ready().await);
    assert_eq!(metric(&weir).await, "1");
    std::fs::remove_file(states.join("1")).unwrap();
    until("it is ready by itself", PATIENCE, async || weir.is_ready().await).await;
    assert_eq!(metric(&weir).await, "0");
}
