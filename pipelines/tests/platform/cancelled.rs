//! A thousand requests whose callers hang up: no stray transaction stays behind, no acknowledged write is lost, and
//! what was not acknowledged can be sent again under the same key.

use std::time::Duration;

use futures::{StreamExt, stream};
use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::harness::people::registration;
use crate::harness::{self, Site};

const CALLERS: u32 = 1_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_callers_who_hang_up_lose_nothing() {
    let site = Site::new("");
    let weir = site.start(&[]).await;
    let register = |number: u32| {
        let request = weir.request(Method::POST, "/v1/customers").json(&registration(number));
        request.header("idempotency-key", format!("r{number}"))
    };
    let hang_up = |number: u32| async move {
        let mut random = fastrand::Rng::with_seed(number.into());
        let patience = Duration::from_micros(random.u64(0..12_000));
        let answered = tokio::time::timeout(patience, harness::answer(register(number))).await.ok()??;
        Some((number, answered.1["customer"].as_str().unwrap().to_owned()))
    };
    let heard: Vec<_> = stream::iter(0..CALLERS).map(hang_up).buffered(64).collect().await;
    let heard: Vec<(u32, String)> = heard.into_iter().flatten().collect();
    println!("{} of {CALLERS} callers heard their answer", heard.len());
    assert!(heard.len() < 950, "too few hung up to prove anything");
    // Acknowledged: still there, and the same.
    for (number, customer) in &heard {
        let (status, again) = harness::answer(register(*number)).await.unwrap();
        assert_eq!((status, again["customer"].as_str()), (StatusCode::CREATED, Some(customer.as_str())));
    }
    // Not acknowledged: done or not, once, whichever it was.
    let everybody: Vec<Value> = stream::iter(0..CALLERS)
        .map(|number| async move { harness::answer(register(number)).await.unwrap() })
        .buffered(16)
        .map(|(status, body)| {
            assert_eq!(status, StatusCode::CREATED, "{body}");
            body["customer"].clone()
        })
        .collect()
        .await;
    let distinct: std::collections::HashSet<_> = everybody.iter().map(Value::to_string).collect();
    assert_eq!(distinct.len(), everybody.len());
    weir.kill();
    // Nothing that was answered hung in a transaction that never came to its end.
    let weir = site.start(&[]).await;
    let again = |number: u32| {
        weir.request(Method::GET, &format!("/v1/customers/{}", everybody[number as usize].as_str().unwrap()))
    };
    for number in 0..CALLERS {
        assert_eq!(harness::answer(again(number)).await.unwrap().0, StatusCode::OK, "customer {number}");
    }
    weir.stop();
}
