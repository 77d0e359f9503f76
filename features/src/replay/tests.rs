//! What a replay refuses, and the rules of its lines. Windows and aggregates are held by `tests/oracle.rs`.

use serde_json::{Value, json};

use super::replay;
use crate::source::Sources;
use crate::view::FeatureViews;

const VIEW: &str = r#"
name     = "v"
version  = 1
entity   = "device"
source   = ["txn", "application"]
purpose  = "fraud"
consent  = "device"
lateness = "10m"
tile     = "1m"
windows  = ["1h"]
[aggregates]
events = "count(*)"
spent  = "sum(amount)"
last   = "last(amount)"
[derived]
mean   = "spent_1h / events_1h"
each   = "spent_1h / (events_1h - 1)"
"#;

fn run(events: &str, requests: &str) -> Result<Vec<Value>, String> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("v.toml"), VIEW).unwrap();
    let sources = Sources::inferred(events.as_bytes()).unwrap().and_requests(requests.as_bytes()).unwrap();
    let views = FeatureViews::load(folder.path(), &sources).unwrap();
    let mut out = Vec::new();
    replay(&views, events.as_bytes(), requests.as_bytes(), &mut out).map_err(|error| {
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
        format!("{error}{cause}")
    })?;
    Ok(String::from_utf8(out).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

const EVENTS: &str = r#"{"id":"1","type":"txn","time":"1970-01-01T00:00:10Z","subject":"c","device":"d","amount":2}
{"id":"2","type":"txn","time":20000000,"subject":"c","device":"d","amount":0.5}

{"id":"1","type":"txn","time":30000000,"subject":"c","device":"d","amount":7}
{"id":"1","source":"other","type":"txn","time":40000000,"subject":"c","device":"d","amount":1}
{"id":"5","type":"txn","time":0,"known_time":600000001,"subject":"c","device":"d","amount":100}
{"id":"6","type":"ignored","time":50000000,"subject":"c","device":"d","amount":100}
"#;

#[test]
fn requests_see_the_lines_before_them_once_and_at_their_time() {
    let ask = |id: &str, time: i64, after: usize| json!({"id": id, "time": time, "after": after, "entities": {"device": "d"}});
    let requests = [
        ask("all", 60_000_000, 6),
        ask("none", 60_000_000, 0),
        ask("repeat", 60_000_000, 3),
        ask("past", 15_000_000, 6),
    ];
    let answers = run(EVENTS, &requests.map(|request| request.to_string()).join("\n")).unwrap();
    let counts: Vec<(&str, i64)> = answers
        .iter()
        .map(|answer| (answer["id"].as_str().unwrap(), answer["features"]["v__events_1h"].as_i64().unwrap()))
        .collect();
    assert_eq!(counts, [("all", 3), ("none", 0), ("repeat", 2), ("past", 1)]);
    assert_eq!(answers[0]["features"]["v__spent_1h"], json!(3.5));
}

#[test]
fn what_is_null_says_why() {
    let requests = concat!(
        r#"{"id":1,"time":60000000,"after":6,"entities":{}}"#,
        "\n",
        r#"{"id":"r","time":15000000,"after":6,"entities":{"device":"d"}}"#,
        "\n",
        r#"{"id":"s","time":15000000,"after":6,"entities":{"device":"other"}}"#
    );
    let answers = run(EVENTS, requests).unwrap();
    assert_eq!(answers[0]["id"], json!(1), "an id comes back as it was written");
    assert_eq!(answers[0]["missing"].as_object().unwrap().values().collect::<Vec<_>>(), [&json!("unknown_entity"); 5]);
    assert_eq!(answers[1]["missing"], json!({"v__each": "not_computable"}));
    let no_rows =
        json!({"v__spent_1h": "no_rows", "v__last_1h": "no_rows", "v__mean": "no_rows", "v__each": "no_rows"});
    assert_eq!(answers[2]["missing"], no_rows);
    assert_eq!(answers[2]["features"]["v__events_1h"], json!(0));
}

#[test]
fn an_application_of_a_request_counts_for_that_request_alone() {
    let requests = concat!(
        r#"{"id":"a","time":60000000,"after":6,"entities":{"device":"d"},"application":{"amount":10}}"#,
        "\n",
        r#"{"id":"b","time":60000000,"after":6,"entities":{},"application":{"amount":10,"device":"d"}}"#,
        "\n",
        r#"{"id":"c","time":60000000,"after":6,"entities":{"device":"d"}}"#
    );
    let answers = run(EVENTS, requests).unwrap();
    let spent = answers.iter().map(|answer| answer["features"]["v__spent_1h"].as_f64().unwrap());
    assert_eq!(spent.collect::<Vec<_>>(), [13.5, 13.5, 3.5]);
    assert_eq!(answers[0]["features"]["v__last_1h"], json!(10.0));
}

#[test]
fn a_bad_line_is_named_by_file_line_and_field() {
    let good = r#"{"id":"r","time":0,"after":0,"entities":{}}"#;
    let event = |from: &str, to: &str| run(&EVENTS.lines().next().unwrap().replace(from, to), good).unwrap_err();
    assert!(
        event("\"1970-01-01T00:00:10Z\"", "\"138 today\"").starts_with("events, line 1: time: expected an RFC 3339")
    );
    assert!(!event("\"1970-01-01T00:00:10Z\"", "\"138 today\"").contains("138"));
    assert!(event("\"subject\":\"c\",", "").contains("missing field `subject`"));
    let request = |from: &str, to: &str| run(EVENTS, &format!("{good}\n{}", good.replace(from, to))).unwrap_err();
    assert!(request("\"after\":0", "\"after\":-1").starts_with("requests, line 2: after: invalid value"));
    assert!(request("\"after\":0,", "").contains("missing field `after`"));
    assert!(request("\"entities\":{}", "\"entities\":{\"device\":1.5}").contains("entities.device: expected an id"));
    assert_eq!(
        request("\"after\":0", "\"after\":7"),
        "requests, line 2: after: expected at most the 6 events there are, found 7"
    );
}

/// A card is what its digits say, whatever number they would make.
#[test]
fn an_integer_of_any_size_is_an_id_of_its_own_and_a_float_is_named() {
    let view = VIEW
        .replace("\"device\"\nsource", "\"card\"\nsource")
        .replace("last   =", "cards  = \"count(distinct card)\"\nlast   =");
    let event = |id: u8, card: &str| {
        format!(
            r#"{{"id":"{id}","type":"txn","time":"1970-01-01T00:00:1{id}Z","subject":"c","card":{card},"amount":1}}"#
        )
    };
    let events = |cards: &[&str]| {
        let lines = (1..).zip(cards).map(|(id, card)| event(id, card)).collect::<Vec<_>>();
        format!("\u{feff}{}\n", lines.join("\n"))
    };
    let loaded = |events: &str| {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("v.toml"), &view).unwrap();
        let sources = Sources::inferred(events.as_bytes()).map_err(|error| error.to_string())?;
        FeatureViews::load(folder.path(), &sources).map_err(|error| weir_messages::Causes(&error).to_string())
    };
    let wide = events(&["4111", "18446744073709551615", "18446744073709551614", "4111"]);
    let requests = ["4111", "18446744073709551615", "18446744073709551614", "\"4111\""]
        .map(|card| format!(r#"{{"id":{card},"time":"1970-01-01T00:00:20Z","after":4,"entities":{{"card":{card}}}}}"#));
    let mut out = Vec::new();
    replay(&loaded(&wide).unwrap(), wide.as_bytes(), requests.join("\n").as_bytes(), &mut out).unwrap();
    let answers: Vec<Value> =
        String::from_utf8(out).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let counts: Vec<i64> = answers.iter().map(|one| one["features"]["v__events_1h"].as_i64().unwrap()).collect();
    assert_eq!(counts, [2, 1, 1, 2]);
    assert_eq!(answers[1]["id"].to_string(), "18446744073709551615");
    for (cards, said) in [
        (&["4111", "4111.0"][..], "line 2 holds a number that is no integer of 64 bits"),
        (&["18446744073709551616"], "line 1 holds a number that is no integer of 64 bits"),
        (&["18446744073709551615", "4111.5"], "line 2: card: expected text as before, found a number"),
    ] {
        let refused = loaded(&events(cards)).unwrap_err();
        assert!(refused.contains(said), "{cards:?}: {refused}");
    }
}
