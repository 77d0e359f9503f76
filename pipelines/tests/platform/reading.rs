//! Reading writes nothing: every GET route of the API, and HEAD on it, commits nothing to the database of lending.

use std::path::Path;
use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::people::{application, consents, event, registration, telemetry};
use crate::harness::{START, Site, Weir, answer};

/// What is behind the names in the paths.
struct Ids {
    customer: String,
    application: String,
    loan: String,
    dead_letter: u64,
}

impl Ids {
    /// A route with its names filled in. A name that is not known here needs an example here.
    fn fill(&self, route: &str) -> String {
        let path = route
            .replace("{customer}", &self.customer)
            .replace("{application}", &self.application)
            .replace("{loan}", &self.loan)
            .replace("{offset}", &self.dead_letter.to_string())
            .replace("{model}", "german_credit")
            .replace("{version}", "1")
            // Nothing is parked here.
            .replace("{kind}/{id}", "decision/none");
        assert!(!path.contains('{'), "{route} names what this test has no example of");
        match route {
            "/v1/ledger/statement" => format!("{path}?account=house:bank:EUR"),
            _ => path,
        }
    }
}

async fn decided(weir: &Weir, number: u32) -> (String, String) {
    let (_, body) = weir.post("/v1/customers", &format!("r{number}"), &registration(number)).await;
    let customer = body["customer"].as_str().unwrap().to_owned();
    weir.send_events(&[consents(&customer), telemetry(&customer, number, 4)].concat()).await;
    let request = weir.request(Method::POST, "/v1/applications").header("idempotency-key", format!("a{number}"));
    let request = request.header("prefer", "wait=20").json(&application(&customer, number));
    let (_, applied) = answer(request).await.unwrap();
    assert_eq!(applied["state"], "approved", "{applied}");
    (customer, applied["application"].as_str().unwrap().to_owned())
}

async fn signed(weir: &Weir, number: u32) -> String {
    let (_, application) = decided(weir, number).await;
    let path = format!("/v1/applications/{application}");
    let (_, contract) = weir.post(&format!("{path}/contract"), "c", &Value::Null).await;
    let hash = json!({ "contract_hash": contract["contract_hash"] });
    let (_, loan) = weir.post(&format!("{path}/acceptance"), "s", &hash).await;
    let loan = loan["loan"].as_str().unwrap().to_owned();
    assert_eq!(weir.paid_out(&loan).await["state"], "active");
    loan
}

/// SQLite's write-ahead log: it changes with every commit, and with nothing else while the store is open. A checkpoint
/// copies from it and leaves it as it is.
fn commits(data: &Path) -> Vec<u8> {
    std::fs::read(data.join("lending.sqlite-wal")).unwrap()
}

/// The commits once what was asked before is worked through: the same for a second.
async fn settled(data: &Path) -> Vec<u8> {
    let (began, mut last, mut since) = (Instant::now(), commits(data), Instant::now());
    while since.elapsed() < Duration::from_secs(1) {
        assert!(began.elapsed() < Duration::from_secs(60), "the database never comes to rest");
        tokio::time::sleep(Duration::from_millis(50)).await;
        let now = commits(data);
        if now != last {
            (last, since) = (now, Instant::now());
        }
    }
    last
}

#[tokio::test]
async fn no_get_and_no_head_of_any_route_writes() {
    let site = Site::new("");
    let weir = site.start(&[]).await;
    let loan = signed(&weir, 1).await;
    // Approved, and no contract drawn up: what reading once did.
    let (customer, application) = decided(&weir, 2).await;
    let unknown = event(&customer, "x1", "device.dance.v1", START, json!({}));
    assert_eq!(weir.send_events(&[unknown]).await[0]["status"], "rejected");
    let letters = weir.get("/v1/dead-letters").await;
    let dead_letter = letters["dead_letters"][0]["offset"].as_u64().unwrap();
    let ids = Ids { customer, application: application.clone(), loan, dead_letter };

    let api = weir.get("/openapi.json").await;
    let routes = api["paths"].as_object().unwrap().iter().filter(|(_, methods)| methods.get("get").is_some());
    let described: Vec<&str> = routes.map(|(route, _)| route.as_str()).collect();
    assert!(described.len() > 15, "{described:?}");
    let others = ["/livez", "/readyz", "/metrics", "/v2/health/live", "/v2/health/ready", "/openapi.json"];
    let before = settled(&site.data()).await;
    for route in described.iter().chain(&others) {
        for method in [Method::GET, Method::HEAD] {
            let (status, body) = answer(weir.request(method.clone(), &ids.fill(route))).await.unwrap();
            let expected = match *route {
                "/v1/applications/{application}/contract" => StatusCode::CONFLICT,
                "/v1/parked/{kind}/{id}" => StatusCode::NOT_FOUND,
                _ => StatusCode::OK,
            };
            assert_eq!(status, expected, "{method} {route}: {body}");
        }
    }
    assert!(before == settled(&site.data()).await, "something was committed while it was read");
    // And that this would be seen.
    let withdrawn = weir.post(&format!("/v1/applications/{application}/withdrawal"), "w", &Value::Null).await;
    assert_eq!(withdrawn.0, StatusCode::OK, "{}", withdrawn.1);
    assert!(before != settled(&site.data()).await, "a commit leaves no trace in the write-ahead log");
    weir.stop();
}
