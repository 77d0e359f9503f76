//! Events told as an app tells them: again, while the platform is behind with what it has or short of a log.

use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{BATCH, Weir, answer};

/// What became of each, once they are taken; that is within `patience`.
pub async fn insist(weir: &Weir, events: &[Value], patience: Duration) -> Vec<Value> {
    let began = Instant::now();
    loop {
        let request = weir.request(Method::POST, "/v1/events").header("content-type", BATCH);
        match answer(request.body(json!(events).to_string())).await {
            Some((StatusCode::OK, body)) => return body["results"].as_array().unwrap().clone(),
            Some((StatusCode::SERVICE_UNAVAILABLE, body)) => assert!(body["retry_after"].is_number(), "{body}"),
            other => panic!("{other:?}"),
        }
        assert!(began.elapsed() < patience, "the events are never taken");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
