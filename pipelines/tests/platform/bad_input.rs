//! Malformed, oversized, deeply nested, wrongly typed and future-dated input: each gets an answer that names what is
//! wrong, none a 500, none repeats a personal value, and the stages go on.

use std::io::Write;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::people::{application, consents, event, registration, telemetry};
use crate::harness::{self, BATCH, START, Site, Weir, set};

const STRUCTURED: &str = "application/cloudevents+json";
const PERSONAL: &str = "13800138000";

/// Status and problem document of a refused request.
async fn refused(request: reqwest::RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    let (status, kind) = (response.status(), response.headers()["content-type"].to_str().unwrap().to_owned());
    let text = response.text().await.unwrap();
    assert!(status.is_client_error(), "{status}: {text}");
    assert_eq!(kind, "application/problem+json", "{text}");
    assert!(!text.contains(PERSONAL), "{text}");
    let problem: Value = serde_json::from_str(&text).unwrap();
    assert!(!problem["detail"].as_str().unwrap().is_empty() && !problem["code"].as_str().unwrap().is_empty());
    (status.as_u16(), problem)
}

async fn refused_events(weir: &Weir, kind: &str, body: impl Into<reqwest::Body>) -> (u16, Value) {
    refused(weir.request(Method::POST, "/v1/events").header("content-type", kind).body(body)).await
}

/// The platform still decides.
async fn goes_on(weir: &Weir, number: u32) {
    let (status, body) = weir.post("/v1/customers", &format!("r{number}"), &registration(number)).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
    let customer = body["customer"].as_str().unwrap().to_owned();
    let events = [consents(&customer), telemetry(&customer, number, 1)].concat();
    assert!(weir.send_events(&events).await.iter().all(|one| one["status"] == "accepted"));
    let request = weir.request(Method::POST, "/v1/applications").header("idempotency-key", format!("a{number}"));
    let request = request.header("prefer", "wait=20").json(&application(&customer, number));
    let (status, body) = harness::answer(request).await.unwrap();
    assert_eq!((status, &body["state"]), (StatusCode::CREATED, &json!("approved")), "{body}");
}

#[tokio::test]
async fn a_body_that_is_no_batch_of_events_is_refused_whole() {
    let mut site = Site::new("");
    set(&mut site.config, "server", "max_body", 100_000);
    let weir = site.start(&[]).await;
    let nested = format!("{}{}", "[".repeat(50_000), "]".repeat(49_999));
    for (kind, body, status) in [
        (BATCH, "{", 400),
        (BATCH, "{}", 400),
        (BATCH, "\"text\"", 400),
        (BATCH, "[", 400),
        (BATCH, nested.as_str(), 400),
        (STRUCTURED, "", 400),
        (STRUCTURED, "[]", 400),
        ("text/plain", "hello", 415),
        ("application/json", "{}", 415),
    ] {
        let (found, problem) = refused_events(&weir, kind, body.to_owned()).await;
        assert_eq!(found, status, "{kind} {:.20}: {problem}", body);
    }
    assert_eq!(refused_events(&weir, BATCH, vec![b' '; 200_000]).await.0, 413);
    // A bomb: small as sent, large once unpacked.
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    bomb.write_all(&vec![b' '; 20_000_000]).unwrap();
    let bomb = bomb.finish().unwrap();
    let request = weir.request(Method::POST, "/v1/events").header("content-type", BATCH);
    assert_eq!(refused(request.header("content-encoding", "gzip").body(bomb)).await.0, 413);
    let request = weir.request(Method::POST, "/v1/events").header("content-type", BATCH);
    assert_eq!(refused(request.header("content-encoding", "gzip").body("not gzip")).await.0, 400);
    goes_on(&weir, 1).await;
    weir.stop();
}

#[tokio::test]
async fn one_wrong_event_is_named_and_takes_none_with_it() {
    let site = Site::new("");
    let weir = site.start(&[]).await;
    let click = json!({ "screen": "home", "target": "next", "dwell_ms": 10 });
    let good = |id: &str| event("c_1", id, "behaviour.click.v1", START, click.clone());
    let with = |field: &str, value: Value| {
        let mut wrong = good("wrong");
        wrong[field] = value;
        wrong
    };
    let mut no_consent = event(
        "c_1",
        "n",
        "carrier.call.v1",
        START,
        json!({ "contact": "x", "direction": "incoming", "duration_s": 1 }),
    );
    no_consent.as_object_mut().unwrap().remove("consentid");
    for (wrong, field) in [
        (json!(7), None),
        (with("specversion", json!("0.3")), Some("specversion")),
        (with("id", json!("")), Some("id")),
        (with("id", Value::Null), Some("id")),
        (with("type", json!("device.dance.v1")), Some("type")),
        (with("type", json!("application.v1")), Some("type")),
        (with("subject", json!(null)), Some("subject")),
        (with("time", json!("yesterday")), Some("time")),
        (with("time", json!("2126-01-01T00:00:00Z")), Some("time")),
        (with("data", json!({ "screen": "a", "target": "b", "dwell_ms": PERSONAL })), Some("data.dwell_ms")),
        (with("data", json!({ "screen": "a", "target": "b", "dwell_ms": 1, PERSONAL: 1 })), None),
        (with("data", json!([])), Some("data")),
        (no_consent, Some("consentid")),
    ] {
        let results = weir.send_events(&[good("g1"), wrong.clone(), good("g2")]).await;
        assert_ne!(results[0]["status"], "rejected", "{results:?}");
        assert_ne!(results[2]["status"], "rejected", "{results:?}");
        assert_eq!(results[1]["status"], "rejected", "{wrong}: {results:?}");
        assert!(!results[1].to_string().contains(PERSONAL), "{results:?}");
        if let Some(field) = field {
            assert_eq!(results[1]["field"], field, "{wrong}: {results:?}");
        }
    }
    goes_on(&weir, 1).await;
    weir.stop();
}

#[tokio::test]
async fn a_wrong_command_is_a_problem_that_names_the_field() {
    let site = Site::new("");
    let weir = site.start(&[]).await;
    goes_on(&weir, 1).await;
    let with = |mut body: Value, field: &str, value: Value| {
        body[field] = value;
        body
    };
    let applied = |field, value| with(application("c_1", 2), field, value);
    for (path, body, status, field) in [
        ("/v1/customers", with(registration(2), "phone", json!(13_800_138_000_u64)), 422, "phone"),
        ("/v1/customers", with(registration(2), "phone", json!("abc")), 422, "phone"),
        ("/v1/customers", with(registration(2), "card", json!("4111111111111112")), 422, "card"),
        ("/v1/customers", with(registration(2), "date_of_birth", json!("2199-01-01")), 422, "date_of_birth"),
        ("/v1/customers", with(registration(2), "surprise", json!(1)), 422, "surprise"),
        ("/v1/customers", registration(1), 409, "id_number"),
        ("/v1/applications", applied("amount", json!("1.234")), 422, "amount"),
        ("/v1/applications", applied("amount", json!(1200.5)), 422, "amount"),
        ("/v1/applications", applied("amount", json!("9999999.00")), 422, "amount"),
        ("/v1/applications", applied("currency", json!("XXX")), 422, "currency"),
        ("/v1/applications", applied("term_months", json!(1)), 422, "term_months"),
        ("/v1/applications", applied("ip", json!("not an address")), 422, "ip"),
        ("/v1/applications", applied("product", json!("gold")), 422, "product"),
        ("/v1/applications", applied("attributes", json!({})), 422, "attributes.account_status"),
        ("/admin/clock", json!({ "to": "soon" }), 422, "to"),
    ] {
        let request = weir.request(Method::POST, path).header("idempotency-key", "k").json(&body);
        let (found, problem) = refused(request).await;
        assert_eq!((found, problem["field"].as_str()), (status, Some(field)), "{path} {body}: {problem}");
    }
    for (request, status) in [
        (weir.request(Method::POST, "/v1/customers").json(&registration(3)), 400),
        (weir.request(Method::POST, "/v1/customers").header("idempotency-key", "k").body("{}"), 415),
        (weir.request(Method::GET, "/v1/loans/nobody"), 404),
        (weir.request(Method::GET, "/v1/decisions/nobody"), 404),
        (weir.request(Method::GET, "/v1/nothing"), 404),
        (weir.request(Method::PUT, "/v1/loans"), 405),
        (weir.request(Method::GET, "/v1/loans?limit=0"), 422),
        (weir.request(Method::GET, "/v1/loans?limit=many"), 422),
        (weir.request(Method::GET, "/v1/ledger/statement?account=mine"), 422),
        (weir.http.get(format!("{}/v1/loans", weir.base)), 401),
    ] {
        let asked = format!("{request:?}");
        assert_eq!(refused(request).await.0, status, "{asked}");
    }
    // The same key for something else.
    let (status, problem) = weir.post("/v1/customers", "r1", &registration(4)).await;
    assert_eq!((status.as_u16(), &problem["code"]), (422, &json!("idempotency_key_reused")));
    goes_on(&weir, 5).await;
    weir.stop();
}

#[tokio::test]
async fn events_arrive_in_every_mode_and_encoding() {
    let site = Site::new("");
    let weir = site.start(&[]).await;
    let click = |id: &str| {
        event("c_1", id, "behaviour.click.v1", START, json!({ "screen": "home", "target": "next", "dwell_ms": 10 }))
    };
    let post = || weir.request(Method::POST, "/v1/events");
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(json!([click("gzip")]).to_string().as_bytes()).unwrap();
    let gzip = gzip.finish().unwrap();
    let mut second = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    second.write_all(b" \n").unwrap();
    let two_members = [gzip.clone(), second.finish().unwrap()].concat();
    let rubbish = [gzip.clone(), b"rubbish".to_vec()].concat();
    let zstd = zstd::encode_all(json!([click("zstd")]).to_string().as_bytes(), 3).unwrap();
    let binary = post().header("ce-specversion", "1.0").header("ce-id", "binary").header("ce-source", "test/app");
    let binary = binary.header("ce-type", "behaviour.click.v1").header("ce-subject", "c_1").header("ce-time", START);
    for request in [
        post().header("content-type", BATCH).body(json!([click("plain")]).to_string()),
        post().header("content-type", STRUCTURED).body(click("structured").to_string()),
        binary.header("content-type", "application/json").body(click("x")["data"].to_string()),
        post().header("content-type", BATCH).header("content-encoding", "GZIP, identity").body(gzip),
        post().header("content-type", BATCH).header("content-encoding", "zstd").body(zstd),
    ] {
        let (status, body) = harness::answer(request).await.unwrap();
        assert_eq!((status, &body["results"][0]["status"]), (StatusCode::OK, &json!("accepted")), "{body}");
    }
    let coded = |coding: &str, body: Vec<u8>| {
        post().header("content-type", BATCH).header("content-encoding", coding).body(body)
    };
    let (status, body) = harness::answer(coded("x-gzip", two_members)).await.unwrap();
    assert_eq!((status, &body["results"][0]["status"]), (StatusCode::OK, &json!("duplicate")), "{body}");
    let (status, problem) = harness::answer(coded("gzip", rubbish)).await.unwrap();
    assert_eq!((status, &problem["code"]), (StatusCode::BAD_REQUEST, &json!("body_unreadable")));
    let (status, problem) = harness::answer(coded("br", Vec::new())).await.unwrap();
    assert_eq!((status, &problem["field"]), (StatusCode::UNSUPPORTED_MEDIA_TYPE, &json!("content-encoding")));
    let anyhow =
        weir.http.get(format!("{}/v1/loans", weir.base)).header("authorization", format!("bearer {}", weir.token));
    assert_eq!(anyhow.send().await.unwrap().status(), StatusCode::OK);
    weir.stop();
}
