//! Figures of other engines' own tests (Apache Flink, Apache Kafka, Chronon, Feast): tumbling windows as tiles, aggregates
//! over their rows.

use serde_json::{Value, json};
use weir_features::{FeatureViews, Sources};

use crate::recording;

const WINDOWS: &str = include_str!("../../testdata/window_assignment_flink_kafka.json");
const AGGREGATES: &str = include_str!("../../testdata/chronon_feast_aggregations.json");

fn figures(file: &str) -> Value {
    serde_json::from_str(file).unwrap()
}

fn view(tile: i64, aggregates: &str, events: &[Value]) -> FeatureViews {
    let lines: String = events.iter().map(|event| format!("{event}\n")).collect();
    let text = format!(
        "name = 'v'\nversion = 1\nentity = 'customer'\nsource = ['e']\npurpose = 'test'\nconsent = 'device'\n\
         lateness = '0s'\ntile = '{tile}s'\nwindows = ['{tile}s']\n[aggregates]\n{aggregates}"
    );
    recording::views(&[("v.toml", &text)], &Sources::inferred(lines.as_bytes()).unwrap())
}

fn event(id: usize, micros: i64, data: Value) -> Value {
    let mut event = json!({"id": id.to_string(), "type": "e", "time": micros, "subject": "c"});
    event.as_object_mut().unwrap().extend(data.as_object().unwrap().clone());
    event
}

fn features(views: &FeatureViews, events: &[Value], micros: i64, customer: &str) -> Value {
    let request = json!({"id": "r", "time": micros, "after": events.len(), "entities": {"customer": customer}});
    let answer: Value = serde_json::from_str(&recording::answers(views, events, &[request])[0]).unwrap();
    answer["features"].clone()
}

/// One of their units of time is a second here.
#[test]
fn a_tile_begins_where_flink_and_kafka_let_a_tumbling_window_begin() {
    let figures = figures(WINDOWS);
    let cases = figures["assign"].as_array().unwrap();
    let cases = cases.iter().filter(|case| case["kind"] == "tumble" && case["offset"] == 0);
    let mut held = 0;
    for case in cases {
        let (size, time) = (case["size"].as_i64().unwrap(), case["ts"].as_i64().unwrap());
        let start = case["windows"][0][0].as_i64().unwrap();
        let at = |second: i64| second * 1_000_000;
        let events =
            [event(0, at(start) - 1, json!({})), event(1, at(start), json!({})), event(2, at(time), json!({}))];
        let views = view(size, "n = 'count(*)'", &events);
        assert_eq!(features(&views, &events, at(time + size), "c")[format!("v__n_{size}s")], 2, "{case}");
        held += 1;
    }
    assert!(held >= 5, "{held}");
}

#[test]
fn aggregates_give_the_figures_of_chronon_and_feast() {
    let figures = figures(AGGREGATES);
    let case = |id: &str| figures["cases"].as_array().unwrap().iter().find(|case| case["id"] == id).unwrap().clone();
    let tiles = case("tile-merge");
    let rows = tiles["rows"].as_array().unwrap().iter().enumerate();
    let events: Vec<Value> = rows
        .map(|(at, row)| {
            event(at, row[0].as_i64().unwrap() * 1_000, json!({"views": row[1], "rating": row[2], "title": row[3]}))
        })
        .collect();
    let aggregates = "views = 'avg(views)'\nrating = 'avg(rating)'\nmost = 'max(title)'\nlast = 'last(title)'";
    let found = features(&view(60, aggregates, &events), &events, 1_519_862_400_000_000, "c");
    for (feature, figure) in
        [("views", "avg views"), ("rating", "avg rating"), ("most", "max title"), ("last", "last title")]
    {
        assert_eq!(found[format!("v__{feature}_60s")], tiles["expected"][figure], "{figure}");
    }

    let distinct = case("feast-count-distinct");
    let rows = distinct["rows"].as_array().unwrap().iter().enumerate();
    let events: Vec<Value> = rows
        .map(|(at, row)| {
            let mut event = event(at, 0, json!({"value": row[1]}));
            event["subject"] = row[0].clone();
            event
        })
        .collect();
    let views = view(60, "n = 'count(distinct value)'", &events);
    for (user, expected) in distinct["expected"].as_object().unwrap() {
        assert_eq!(&features(&views, &events, 0, user)["v__n_60s"], expected, "{user}");
    }
}
