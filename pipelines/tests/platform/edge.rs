//! The listener under callers who mean it harm or are slow: time limits, bounds on connections and requests, and an end
//! that nobody holds up.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::harness::people::{consents, registration};
use crate::harness::{self, BATCH, Site, Weir, set};

/// What a test waits for something that comes within a second or two.
const PATIENCE: Duration = Duration::from_secs(60);

fn connect(weir: &Weir) -> TcpStream {
    let stream = TcpStream::connect(weir.base.trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

fn sent(weir: &Weir, text: &str) -> TcpStream {
    let mut stream = connect(weir);
    stream.write_all(text.as_bytes()).unwrap();
    stream
}

/// All that comes until the server closes the connection; panics when it does not.
fn closed(mut stream: TcpStream) -> String {
    let mut text = Vec::new();
    match stream.read_to_end(&mut text) {
        Err(error) if error.kind() != ErrorKind::ConnectionReset => panic!("the connection stays open: {error}"),
        Ok(_) | Err(_) => String::from_utf8_lossy(&text).into_owned(),
    }
}

/// A request whose body never ends.
fn endless(weir: &Weir) -> TcpStream {
    let head = format!(
        "POST /v1/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: {BATCH}\r\ncontent-length: 100\r\n\r\n[",
        weir.token,
    );
    sent(weir, &head)
}

#[tokio::test]
async fn made_up_methods_and_paths_make_no_series_of_their_own() {
    let weir = Site::new("");
    let weir = weir.start(&[]).await;
    for number in 0..50 {
        let request = format!("M{number:04}XXXX /made/up/{number} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        assert!(closed(sent(&weir, &request)).starts_with("HTTP/1.1 404"));
    }
    let page = weir.http.get(format!("{}/metrics", weir.base)).send().await.unwrap().text().await.unwrap();
    assert!(!page.contains("M00") && !page.contains("made"), "{page}");
    let series = page.lines().filter(|line| line.starts_with("weir_http_requests_total") && line.contains("other"));
    assert_eq!(series.count(), 1, "{page}");
}

#[tokio::test]
async fn half_sent_headers_and_idle_connections_are_closed() {
    let mut site = Site::new("");
    set(&mut site.config, "server", "idle_seconds", 1);
    let weir = site.start(&[]).await;
    let nothing = connect(&weir);
    let half = sent(&weir, "GET /livez HTTP/1.1\r\nx-");
    let idle = sent(&weir, "GET /livez HTTP/1.1\r\nhost: x\r\n\r\n");
    assert!(closed(idle).contains("200 OK"));
    assert!(!closed(half).contains("200 OK"));
    assert_eq!(closed(nothing), "");
    assert!(closed(sent(&weir, "GET /readyz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")).contains("200 OK"));
}

#[tokio::test]
async fn a_body_that_never_ends_is_answered_408_and_closed() {
    let mut site = Site::new("");
    set(&mut site.config, "server", "body_seconds", 1);
    let weir = site.start(&[]).await;
    let answered = closed(endless(&weir));
    assert!(answered.starts_with("HTTP/1.1 408") && answered.contains("body_too_slow"), "{answered}");
}

#[tokio::test]
async fn a_caller_who_takes_no_answers_is_closed() {
    let mut site = Site::new("");
    set(&mut site.config, "server", "body_seconds", 1);
    let weir = site.start(&[]).await;
    // More than the buffers between the two hold, of a long answer each.
    let mut greedy = connect(&weir);
    greedy.set_write_timeout(Some(PATIENCE)).unwrap();
    let began = Instant::now();
    while greedy.write_all(&b"GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n".repeat(100)).is_ok() {
        assert!(began.elapsed() < PATIENCE, "it is never closed");
    }
    assert!(began.elapsed() < PATIENCE, "a write that waits for its whole time is no connection that was closed");
    assert!(weir.is_ready().await);
}

#[tokio::test]
async fn requests_beyond_the_bound_are_told_to_come_again() {
    for (bound, status, code) in [
        ("max_requests_per_client", StatusCode::TOO_MANY_REQUESTS, "too_many_requests"),
        ("max_requests", StatusCode::SERVICE_UNAVAILABLE, "overloaded"),
    ] {
        let mut site = Site::new("");
        set(&mut site.config, "server", bound, 2);
        let weir = site.start(&[]).await;
        let (mut held, began) = (Vec::new(), Instant::now());
        let refused = loop {
            held.push(endless(&weir));
            let response = weir.request(Method::GET, "/v1/loans").send().await.unwrap();
            if response.status() == status {
                break response;
            }
            assert!(began.elapsed() < PATIENCE, "{bound}: nobody is refused");
        };
        assert_eq!(refused.headers()["retry-after"], "1");
        assert_eq!(refused.json::<serde_json::Value>().await.unwrap()["code"], code);
        assert!(weir.is_ready().await, "health is answered always");
        drop(held);
        while weir.request(Method::GET, "/v1/loans").send().await.unwrap().status() != StatusCode::OK {
            assert!(began.elapsed() < PATIENCE, "{bound}: room is never given back");
        }
    }
}

#[tokio::test]
async fn connections_take_no_open_files_from_the_log() {
    let site = Site::new("");
    let weir = site.start_limited("-n 512").await;
    let (status, body) = weir.post("/v1/customers", "r1", &registration(1)).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
    let customer = body["customer"].as_str().unwrap();
    // 512 files, of which 384 are kept back: 128 connections, and this client has half of them.
    let held: Vec<TcpStream> =
        (0..400).filter_map(|_| TcpStream::connect(weir.base.trim_start_matches("http://")).ok()).collect();
    for stream in &held {
        (&*stream).write_all(b"GET / HTTP/1.1\r\nx-").ok();
    }
    // On the connection that was there before: each batch is a flush of the log.
    for round in 0..20 {
        let mut events = consents(customer);
        events.iter_mut().for_each(|event| event["id"] = json!(format!("{round}-{}", event["id"])));
        assert!(weir.send_events(&events).await.iter().all(|one| one["status"] == "accepted"), "round {round}");
    }
    assert!(weir.is_ready().await);
    drop(held);
    weir.stop();
}

#[test]
fn too_few_open_files_are_refused_by_number() {
    let site = Site::new("");
    let weir = site.spawn_under(&["sh", "-c", "ulimit -n 400; exec \"$@\"", "sh"]);
    let status = weir.wait(PATIENCE).expect("it ends");
    let said = std::fs::read_to_string(site.log_file()).unwrap();
    assert!(!status.success() && said.contains("expected at least 448 open files to be allowed, found 400"), "{said}");
}

#[tokio::test]
async fn a_process_that_is_told_to_stop_says_so_before_it_stops_to_listen() {
    let mut site = Site::new("");
    set(&mut site.config, "server", "drain_notice_seconds", 5);
    let weir = site.start(&[]).await;
    let _half = sent(&weir, "GET /livez HTTP/1.1\r\nx-");
    weir.signal("TERM");
    let began = Instant::now();
    let readiness = loop {
        let response = weir.http.get(format!("{}/readyz", weir.base)).send().await.unwrap();
        if response.status() == StatusCode::SERVICE_UNAVAILABLE {
            break response.json::<serde_json::Value>().await.unwrap();
        }
        assert!(began.elapsed() < Duration::from_secs(4), "it never says that it drains");
    };
    let checks = readiness["checks"].as_array().unwrap();
    assert!(checks.iter().any(|check| check["name"] == "draining" && check["state"] == "failing"), "{readiness}");
    let (listed, _) = harness::answer(weir.request(Method::GET, "/v1/loans")).await.unwrap();
    assert_eq!(listed, StatusCode::OK, "it still answers");
    // The half-sent header holds nothing up: `drain_seconds` is 10.
    let status = weir.wait(PATIENCE).expect("it ends");
    assert!(status.success(), "{status}");
    assert!(began.elapsed() < Duration::from_secs(14), "{:?}", began.elapsed());
}
