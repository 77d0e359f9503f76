//! What other readers find in Redis is what decisions were made of, and no decision waits for it or differs without it.

use std::collections::HashMap;
use std::time::Duration;

use ::redis::AsyncCommands;
use ::redis::aio::MultiplexedConnection;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::fleet::until;
use crate::harness::people::{application, consents, id_number, phone, registration, telemetry};
use crate::harness::redis::Redis;
use crate::harness::{self, Site, Weir, set};

type Hash = HashMap<String, String>;

async fn reader(redis: &Redis) -> MultiplexedConnection {
    ::redis::Client::open(redis.url()).unwrap().get_multiplexed_async_connection().await.unwrap()
}

/// What stands of a customer, once `holds` is true of it.
async fn stands(reader: &mut MultiplexedConnection, customer: &str, holds: impl Fn(&Hash) -> bool) -> Hash {
    let mut hash = Hash::new();
    until("the values stand there", Duration::from_secs(20), async || {
        hash = reader.hgetall(format!("weir:features:{customer}")).await.unwrap();
        holds(&hash)
    })
    .await;
    hash
}

/// A customer who is known, applies and is decided on: the customer's id and the decision.
async fn decided(weir: &Weir, number: u32, born: &str) -> (String, Value) {
    let mut registration = registration(number);
    registration["date_of_birth"] = json!(born);
    let (status, body) = weir.post("/v1/customers", &format!("r{number}"), &registration).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
    let customer = body["customer"].as_str().unwrap().to_owned();
    weir.send_events(&[consents(&customer), telemetry(&customer, number, 4)].concat()).await;
    let request = weir.request(Method::POST, "/v1/applications").header("idempotency-key", format!("a{number}"));
    let request = request.header("prefer", "wait=20").json(&application(&customer, number));
    let (_, answer) = harness::answer(request).await.unwrap();
    let decision = weir.get(&format!("/v1/decisions/{}", answer["application"].as_str().unwrap())).await;
    (customer, decision)
}

/// What `/readyz` says of redis, where it answers 200.
async fn said_of_redis(weir: &Weir) -> String {
    let readiness = weir.get("/readyz").await;
    assert_eq!(readiness["ready"], true, "{readiness}");
    let checks = readiness["checks"].as_array().unwrap();
    let check = checks.iter().find(|check| check["name"] == "redis").unwrap();
    check["detail"].as_str().unwrap_or("ok").to_owned()
}

fn same_features(hash: &Hash, decision: &Value) {
    let features = decision["vector"]["features"].as_object().unwrap();
    assert!(features.len() > 20, "{decision}");
    for (name, value) in features {
        assert_eq!(&serde_json::from_str::<Value>(&hash[name]).unwrap(), value, "{name}");
    }
    assert_eq!(hash["application"], decision["application"].as_str().unwrap());
}

#[tokio::test]
async fn other_readers_find_what_was_decided_with_and_redis_gone_changes_no_decision() {
    let Some(mut redis) = Redis::up("other_readers_find_what_was_decided_with_and_redis_gone_changes_no_decision")
    else {
        return;
    };
    let mut site = Site::new("");
    set(&mut site.config, "redis", "url", redis.url());
    let weir = site.start(&[]).await;
    let mut connection = reader(&redis).await;

    let (customer, decision) = decided(&weir, 1, "1985-06-17").await;
    let hash = stands(&mut connection, &customer, |hash| !hash.is_empty()).await;
    same_features(&hash, &decision);
    let clear = [phone(1), id_number(1), "Vogel".to_owned()];
    assert!(!clear.iter().any(|clear| format!("{hash:?}").contains(clear)), "{hash:?}");
    let parameters: Hash = connection.hgetall("weir:parameters").await.unwrap();
    assert_eq!(parameters["policy_hash"], decision["policy"]["hash"].as_str().unwrap());
    assert_eq!(parameters["model_hash"], decision["model"]["hash"].as_str().unwrap());
    assert_eq!(parameters["views"], hash["views"]);
    assert_eq!(said_of_redis(&weir).await, "ok");

    redis.kill();
    let (later, without) = decided(&weir, 2, "1985-06-17").await;
    for same in ["outcome", "offer", "reasons"] {
        assert_eq!(without[same], decision[same], "{same}");
    }
    until("readiness tells of it and stays", Duration::from_secs(20), async || {
        said_of_redis(&weir).await == "does not answer (nothing waits for it)"
    })
    .await;
    redis.start();
    let mut connection = reader(&redis).await;
    same_features(&stands(&mut connection, &later, |hash| !hash.is_empty()).await, &without);
    let metrics = weir.get("/metrics").await;
    let metrics = metrics.as_str().unwrap();
    assert!(metrics.contains("weir_redis_written_total 2") && metrics.contains("weir_redis_waiting 0"), "{metrics}");
    weir.stop();
}

#[tokio::test]
async fn an_erased_customers_values_are_gone() {
    let Some(redis) = Redis::up("an_erased_customers_values_are_gone") else { return };
    let mut site = Site::new("");
    set(&mut site.config, "redis", "url", redis.url());
    let weir = site.start(&[]).await;
    let mut connection = reader(&redis).await;
    // Too old for the policy: declined, so nothing of the customer is open.
    let (customer, decision) = decided(&weir, 1, "1940-01-01").await;
    assert_eq!(decision["outcome"], "decline", "{decision}");
    stands(&mut connection, &customer, |hash| hash.contains_key("application")).await;
    let request = weir.request(Method::DELETE, &format!("/v1/customers/{customer}")).header("idempotency-key", "e");
    let (status, body) = harness::answer(request).await.unwrap();
    assert_eq!(status, StatusCode::OK, "{body}");
    let hash = stands(&mut connection, &customer, |hash| hash.contains_key("erased")).await;
    assert_eq!(hash.len(), 2, "only `erased` and `order`: {hash:?}");
    weir.stop();
}

#[test]
fn a_wrong_address_is_refused_by_name_at_the_start() {
    let mut site = Site::new("");
    set(&mut site.config, "redis", "url", "http://:s3cret@127.0.0.1:6379");
    let output = harness::weir().args(["run", "--config"]).arg(site.write_config()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && said.contains("redis.url: expected redis://") && !said.contains("s3cret"),
        "{said}"
    );
}
