//! Every window and aggregate against thirty naive lines over all rows: late, repeated and equal-time events included.

use proptest::option::of;
use proptest::prelude::*;
use serde_json::{Value, json};
use weir_features::{FeatureViews, Sources};

use crate::recording;

const VIEW: &str = r#"
name     = "v"
version  = 1
entity   = "card"
source   = ["txn", "refund"]
purpose  = "fraud"
consent  = "none"
consent_reason = "a test"
lateness = "20s"
tile     = "7s"
windows  = ["5s", "30s"]
where    = "flag or amount > 0"
[aggregates]
rows     = "count(*)"
amounts  = "count(amount)"
flags    = "count_if(flag)"
sum      = "sum(amount)"
avg      = "avg(amount)"
min      = "min(amount)"
max      = "max(label)"
first    = "first(label)"
last     = "last(amount)"
dev      = "stddev(amount)"
since    = "seconds_since_last()"
labels   = "count(distinct label)"
wide     = { expr = "count(distinct customer)", windows = ["100s"] }
[derived]
share    = "sum_5s / nullif(sum_30s, 0)"
"#;

const SECOND: i64 = 1_000_000;

#[derive(Debug, Clone)]
struct Txn {
    id: u8,
    refund: bool,
    other: bool,
    time: i64,
    delay: i64,
    customer: u8,
    card: Option<u8>,
    /// In thousandths.
    amount: Option<i64>,
    label: Option<char>,
    flag: Option<bool>,
}

fn txn() -> impl Strategy<Value = Txn> {
    let who = (0..40_u8, any::<bool>(), prop::bool::weighted(0.1), 0..3_u8, of(0..3_u8));
    let when = (0..60_i64, 0..30_i64);
    (who, when, of(-5_000..9_000_i64), of(prop::char::range('a', 'd')), of(any::<bool>())).prop_map(
        |((id, refund, other, customer, card), (time, delay), amount, label, flag)| Txn {
            id,
            refund,
            other,
            time,
            delay,
            customer,
            card,
            amount,
            label,
            flag,
        },
    )
}

#[allow(clippy::cast_precision_loss, reason = "thousandths below 2^53")]
fn units(thousandths: i64) -> f64 {
    thousandths as f64 / 1000.0
}

fn line(txn: &Txn) -> Value {
    json!({
        "id": txn.id.to_string(), "type": if txn.other { "other" } else if txn.refund { "refund" } else { "txn" },
        "time": txn.time * SECOND, "known_time": (txn.time + txn.delay) * SECOND, "subject": format!("c{}", txn.customer),
        "card": txn.card.map(|card| format!("k{card}")), "amount": txn.amount.map(units),
        "label": txn.label.map(String::from), "flag": txn.flag,
    })
}

/// The window of `width` at `at` worked out row by row.
#[allow(clippy::cast_precision_loss, reason = "small numbers")]
fn oracle(events: &[Txn], card: u8, at: i64, width: i64) -> Vec<Value> {
    let mut ids = std::collections::HashSet::new();
    let mut rows: Vec<&Txn> = events.iter().filter(|e| ids.insert(e.id)).collect();
    rows.retain(|e| !e.other && e.card == Some(card) && e.delay <= 20);
    rows.retain(|e| e.flag == Some(true) || e.amount.is_some_and(|amount| amount > 0));
    rows.retain(|e| (at - width).div_euclid(7) * 7 <= e.time && e.time <= at);
    rows.sort_by_key(|e| (e.time, e.time + e.delay, e.id.to_string()));
    let amounts: Vec<i64> = rows.iter().filter_map(|e| e.amount).collect();
    let labels: Vec<char> = rows.iter().filter_map(|e| e.label).collect();
    let (n, sum) = (amounts.len() as i64, amounts.iter().sum::<i64>());
    let squares: i64 = amounts.iter().map(|amount| amount * amount).sum();
    let deviation = ((n * squares - sum * sum) as f64 / (n * (n - 1) * 1_000_000) as f64).sqrt();
    let distinct = |of: Vec<String>| of.into_iter().collect::<std::collections::HashSet<_>>().len();
    vec![
        json!(rows.len()),
        json!(amounts.len()),
        json!(rows.iter().filter(|e| e.flag == Some(true)).count()),
        json!((n > 0).then(|| units(sum))),
        json!((n > 0).then(|| sum as f64 / (1000 * n) as f64)),
        json!(amounts.iter().min().copied().map(units)),
        json!(labels.iter().max()),
        json!(labels.first()),
        json!(amounts.last().copied().map(units)),
        json!((n > 1).then_some(deviation)),
        json!(rows.last().map(|e| (at - e.time) as f64)),
        json!(distinct(labels.iter().map(char::to_string).collect())),
        json!(distinct(rows.iter().map(|e| e.customer.to_string()).collect())),
    ]
}

const NAMES: [&str; 13] =
    ["rows", "amounts", "flags", "sum", "avg", "min", "max", "first", "last", "dev", "since", "labels", "wide"];

fn agrees(name: &str, found: &Value, expected: &Value) -> bool {
    match (name, found.as_f64(), expected.as_f64()) {
        ("dev", Some(found), Some(expected)) => (found - expected).abs() <= 2.0 * f64::EPSILON * expected,
        _ => found == expected,
    }
}

fn load(events: &[Value]) -> FeatureViews {
    let mut lines: String = events.iter().map(|event| format!("{event}\n")).collect();
    lines += r#"{"id":"x","type":"txn","card":"k","amount":0.5,"label":"a","flag":true}"#;
    recording::views(&[("v.toml", VIEW)], &Sources::inferred(lines.as_bytes()).unwrap())
}

proptest! {
    #[test]
    fn every_aggregate_over_every_window_equals_the_naive_one(
        events in prop::collection::vec(txn(), 0..60),
        asked in prop::collection::vec((0..90_i64, 0..61_usize, 0..3_u8), 1..12),
    ) {
        let lines: Vec<Value> = events.iter().map(line).collect();
        let asked: Vec<(i64, usize, u8)> = asked.into_iter().map(|(at, after, card)| (at, after.min(events.len()), card)).collect();
        let requests: Vec<Value> = asked.iter().enumerate().map(|(id, (at, after, card))| {
            json!({"id": id, "time": at * SECOND, "after": after, "entities": {"card": format!("k{card}")}})
        }).collect();
        let answers = recording::answers(&load(&lines), &lines, &requests);
        prop_assert_eq!(answers.len(), asked.len());
        for ((at, after, card), answer) in asked.iter().zip(&answers) {
            let answer: Value = serde_json::from_str(answer).unwrap();
            for width in [5, 30, 100] {
                for (name, expected) in NAMES.iter().zip(oracle(&events[..*after], *card, *at, width)) {
                    let feature = format!("v__{name}_{width}s");
                    let Some(found) = answer["features"].get(&feature) else {
                        prop_assert_eq!(width == 100, *name != "wide", "{}", feature);
                        continue;
                    };
                    prop_assert!(agrees(name, found, &expected), "{}: found {}, expected {}", feature, found, expected);
                    prop_assert_eq!(found.is_null(), answer["missing"].get(&feature).is_some(), "{}", feature);
                }
            }
        }
    }
}
