//! The shipped dashboard asks for nothing that weir does not export: every metric and label in its queries is on the
//! metrics page of a platform that has decided on one applicant who is known and on one who is not.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::people::{application, consents, event, registration, telemetry};
use crate::harness::{self, START, Site, Weir};

/// What PromQL itself means by a word in the place of a metric's name.
const WORDS: [&str; 10] =
    ["sum", "max", "min", "by", "rate", "increase", "histogram_quantile", "clamp_min", "or", "and"];

/// Metric names of a page in Prometheus's text format, each with its labels.
type Exported = BTreeMap<String, BTreeSet<String>>;

fn exported(page: &str) -> Exported {
    let mut metrics = Exported::new();
    for line in page.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let (name, labels) = line.split_once('{').unwrap_or((line.split(' ').next().unwrap(), ""));
        let labels = labels.split(',').filter_map(|label| label.split_once("=\"")).map(|(label, _)| label.to_owned());
        metrics.entry(name.to_owned()).or_default().extend(labels);
    }
    metrics
}

/// What a query names, read word by word: texts and durations are passed over.
#[derive(Debug, Default, PartialEq)]
struct Named {
    metrics: BTreeSet<String>,
    labels: BTreeSet<String>,
}

fn named(query: &str) -> Named {
    let (mut named, mut rest, mut in_labels, mut after_by) = (Named::default(), query, false, false);
    while let Some(first) = rest.chars().next() {
        let length = match first {
            'a'..='z' | 'A'..='Z' | '_' => rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len()),
            '"' => rest[1..].find('"').expect("a text ends") + 2,
            '[' => rest.find(']').expect("a duration ends") + 1,
            other => other.len_utf8(),
        };
        let (word, after) = rest.split_at(length);
        match word {
            "{" => in_labels = true,
            "(" if after_by => in_labels = true,
            "}" | ")" => in_labels = false,
            "by" | "without" => {}
            _ if !first.is_alphabetic() || (!in_labels && WORDS.contains(&word)) => {}
            _ if in_labels => drop(named.labels.insert(word.to_owned())),
            _ => drop(named.metrics.insert(word.to_owned())),
        }
        after_by = word == "by" || word == "without" || (after_by && word == " ");
        rest = after;
    }
    named
}

/// Each thing the query names that is not exported.
fn missing(query: &str, exported: &Exported) -> Vec<String> {
    let Named { metrics, labels } = named(query);
    let empty = BTreeSet::new();
    let of = |metric: &String| exported.get(metric).unwrap_or(&empty);
    let unknown = metrics.iter().filter(|metric| !exported.contains_key(*metric)).cloned();
    let unlabelled = labels.iter().filter(|label| !metrics.iter().all(|metric| of(metric).contains(*label)));
    unknown.chain(unlabelled.cloned()).collect()
}

struct Query {
    panel: String,
    expression: String,
    legend: String,
}

fn dashboard() -> Value {
    let file = harness::root().join("ops/grafana/dashboards/weir.json");
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

fn queries(dashboard: &Value) -> Vec<Query> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let of_panel = |panel: &Value| {
        let title = text(&panel["title"]);
        let query = move |target: &Value| Query {
            panel: title.clone(),
            expression: text(&target["expr"]),
            legend: text(&target["legendFormat"]),
        };
        panel["targets"].as_array().unwrap().iter().map(query).collect::<Vec<_>>()
    };
    dashboard["panels"].as_array().unwrap().iter().flat_map(of_panel).collect()
}

/// Applies and waits for the decision.
async fn apply(weir: &Weir, number: u32, events: impl Fn(&str) -> Vec<Value>) {
    let (status, body) = weir.post("/v1/customers", &format!("r{number}"), &registration(number)).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
    let customer = body["customer"].as_str().unwrap();
    weir.send_events(&events(customer)).await;
    let request = weir.request(Method::POST, "/v1/applications").header("idempotency-key", format!("a{number}"));
    let request = request.header("prefer", "wait=20").json(&application(customer, number));
    let (status, body) = harness::answer(request).await.unwrap();
    assert!(status == StatusCode::CREATED && body["state"] != "submitted", "{status}: {body}");
}

/// Nobody consented to what these tell, so they end as dead letters.
fn without_consent(customer: &str) -> Vec<Value> {
    let data = json!({ "contact": "contact-1", "direction": "outgoing", "duration_s": 60, "message": false });
    vec![event(customer, "call-without-consent", "carrier.call.v1", START, data)]
}

#[tokio::test]
async fn every_query_of_the_dashboard_finds_its_metrics_and_labels() {
    let site = Site::new("");
    let weir = site.start(&[]).await;
    apply(&weir, 1, |customer| [consents(customer), telemetry(customer, 1, 4)].concat()).await;
    apply(&weir, 2, without_consent).await;
    // The last thing that a metric tells of is the state's saving, two seconds later.
    let mut page = String::new();
    for _ in 0..100 {
        page = weir.get("/metrics").await.as_str().unwrap().to_owned();
        if page.contains("weir_save_seconds") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let exported = exported(&page);
    for Query { panel, expression, .. } in queries(&dashboard()) {
        let missing = missing(&expression, &exported);
        assert!(missing.is_empty(), "panel `{panel}`: {expression}\nnot exported: {missing:?}\n{page}");
    }
    assert!(page.lines().any(|line| line == "weir_ready 1"), "{page}");
    weir.stop();
}

#[test]
fn a_legend_shows_labels_that_its_query_keeps() {
    for Query { panel, expression, legend } in queries(&dashboard()) {
        let labels = named(&expression).labels;
        for shown in legend.split("{{").skip(1).map(|rest| rest.split_once("}}").expect("a label ends").0) {
            assert!(labels.contains(shown), "panel `{panel}`: {shown} is not in {expression}");
        }
    }
}

#[test]
fn a_dashboard_fits_one_screen() {
    let dashboard = dashboard();
    let panels = dashboard["panels"].as_array().unwrap();
    assert!((8..=12).contains(&panels.len()), "expected 8 to 12 panels, found {}", panels.len());
    let without = panels.iter().find(|panel| panel["description"].as_str().is_none_or(str::is_empty));
    assert!(without.is_none(), "a panel says what to make of it: {without:?}");
}

#[test]
fn a_metric_or_label_that_is_not_exported_is_found() {
    let exported = exported("# TYPE\nweir_a_total{status=\"ok\",route=\"/x\"} 3\nweir_b 1.5\n");
    assert!(
        missing(r#"sum by (status) (rate(weir_a_total{route="/{x}"}[$__rate_interval])) / 2"#, &exported).is_empty()
    );
    assert_eq!(missing("max(weir_c) + weir_b", &exported), ["weir_c"]);
    assert_eq!(missing("sum by (status, kind) (rate(weir_a_total[5m]))", &exported), ["kind"]);
    assert_eq!(missing("sum by(status)(weir_b)", &exported), ["status"]);
    // A function that PromQL lacks reads as a metric, and is found too.
    assert_eq!(missing("ratio(weir_b)", &exported), ["ratio"]);
}
