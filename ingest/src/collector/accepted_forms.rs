//! The table "Forms" of `docs/telemetry.md`, row by row, over HTTP and as records of the intake topic.

use bytes::Bytes;
use serde_json::{Value, json};
use weir_messages::{Event, Position};

use super::*;
use crate::bench::Site;
use crate::log::Entry;

fn click() -> Value {
    json!({
        "specversion": "1.0", "id": "e", "source": "app", "type": "behaviour.click.v1", "subject": "c1",
        "time": "2026-03-01T09:00:00Z", "data": { "screen": "home", "target": "next", "dwell_ms": 1200 },
    })
}

/// One event in structured mode.
fn structured(change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut event = click();
    change(&mut event);
    event.to_string().into_bytes()
}

type Attributes = Vec<(&'static str, String)>;

/// One event in binary mode; attributes and value.
fn binary(change: impl FnOnce(&mut Attributes)) -> Attributes {
    let mut attributes: Attributes = ["specversion", "id", "source", "type", "subject", "time"]
        .map(|name| (name, click()[name].as_str().unwrap().to_owned()))
        .to_vec();
    change(&mut attributes);
    attributes
}

enum Form {
    Structured(Vec<u8>),
    Binary(Attributes),
}

use Form::{Binary, Structured};

/// Each row of the table: what it says, the form, and the field that is refused, where it is.
fn forms() -> Vec<(&'static str, Form, Option<&'static str>)> {
    let base64 = |event: &mut Value, bytes: &[u8]| {
        event.as_object_mut().unwrap().remove("data");
        event["data_base64"] = json!(base64::Engine::encode(&base64::engine::general_purpose::STANDARD, bytes));
    };
    let json = click()["data"].to_string();
    vec![
        ("a payload in `data`", Structured(structured(|_| ())), None),
        ("the same in `data_base64`", Structured(structured(|event| base64(event, json.as_bytes()))), None),
        ("both of them", Structured(structured(|event| event["data_base64"] = json!("e30="))), Some("data_base64")),
        (
            "`data_base64` of anything but a JSON object",
            Structured(structured(|event| base64(event, b"7"))),
            Some("data_base64"),
        ),
        (
            "a byte order mark before the JSON",
            Structured([b"\xef\xbb\xbf".to_vec(), structured(|_| ())].concat()),
            None,
        ),
        (
            "an integer written with a point or an exponent (`1200.0`, `1.2e3`)",
            Structured(String::from_utf8(structured(|_| ())).unwrap().replace("1200", "1.2e3").into_bytes()),
            None,
        ),
        (
            "an integer with a fraction",
            Structured(structured(|event| event["data"]["dwell_ms"] = json!(1200.5))),
            Some("data.dwell_ms"),
        ),
        ("an attribute that is null", Structured(structured(|event| event["sentat"] = Value::Null)), None),
        (
            "a `time` with an offset",
            Structured(structured(|event| event["time"] = json!("2026-03-01T10:00:00+01:00"))),
            None,
        ),
        (
            "a `time` in digits, as text",
            Structured(structured(|event| event["time"] = json!("1772359200"))),
            Some("time"),
        ),
        (
            "a `time` in digits, as a number",
            Structured(structured(|event| event["time"] = json!(1_772_359_200_000_u64))),
            Some("time"),
        ),
        (
            "a `time` before `limits.earliest_event`, by default 2000",
            Structured(structured(|event| event["time"] = json!("1999-12-31T23:59:59Z"))),
            Some("time"),
        ),
        (
            "an identifier that names nobody: without a letter or digit, of zeros alone (12 or more), with control characters, as `ip` the address `0.0.0.0` or `::`",
            Structured(structured(|event| {
                event["type"] = json!("behaviour.form.v1");
                event["data"] = json!({
                    "form": "f", "device": "00000000-0000-0000-0000-000000000000", "fill_ms": 1, "fields": 1,
                    "keystrokes": 1, "pastes": 0, "corrections": 0,
                });
            })),
            Some("data.device"),
        ),
        (
            "a `subject` that names nobody",
            Structured(structured(|event| event["subject"] = json!("00000000-0000-0000-0000-000000000000"))),
            Some("subject"),
        ),
        (
            "a consent under an id that no event could name in `consentid`",
            Structured(structured(|event| {
                event["type"] = json!("consent.granted.v1");
                event["data"] = json!({ "consent": "", "classes": ["device"], "text_version": "1" });
            })),
            Some("data.consent"),
        ),
        ("attributes in headers (binary mode)", Binary(binary(|_| ())), None),
        ("a header said twice and the same", Binary(binary(|given| given.push(("subject", "c1".to_owned())))), None),
        (
            "a header said twice and not the same",
            Binary(binary(|given| given.push(("subject", "c2".to_owned())))),
            Some("subject"),
        ),
        (
            "the content type as a header and as `datacontenttype`, the same",
            Binary(binary(|given| given.push(("datacontenttype", "application/json".to_owned())))),
            None,
        ),
        ("a `time` header in digits", Binary(binary(|given| given[5].1 = "1772359200".to_owned())), Some("time")),
    ]
}

async fn over_http(site: &Site, form: &Form) -> Answer {
    let content = match form {
        Structured(json) => Content::Structured(Bytes::from(json.clone())),
        Binary(attributes) => Content::Binary {
            attributes: attributes.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
            content_type: Some("application/json".to_owned()),
            data: Bytes::from(click()["data"].to_string()),
        },
    };
    site.collector.collect(content, TraceId::random()).await.unwrap().remove(0)
}

async fn over_kafka(site: &Site, form: &Form) -> Answer {
    let mut record =
        Record { key: String::new(), headers: Vec::new(), value: click()["data"].to_string().into_bytes() };
    match form {
        Structured(json) => {
            record.push_header("content-type", "application/cloudevents+json");
            record.value.clone_from(json);
        }
        Binary(attributes) => {
            record.push_header("content-type", "application/json");
            attributes.iter().for_each(|(name, value)| record.push_header(&format!("ce_{name}"), value.clone()));
        }
    }
    let entry = Entry { position: Position { partition: 0, offset: 0 }, record };
    site.collector.collect_records(&[entry]).await.unwrap().remove(0)
}

#[tokio::test]
async fn every_form_is_taken_or_refused_as_the_guide_says_over_http_and_kafka_alike() {
    for (row, form, refused) in forms() {
        for over_http_too in [true, false] {
            let site = Site::new();
            let answer = if over_http_too { over_http(&site, &form).await } else { over_kafka(&site, &form).await };
            assert_eq!(answer.field.as_deref(), refused, "{row}: {answer:?}");
            let events = site.events(0).await;
            assert_eq!(events.len(), usize::from(refused.is_none()), "{row}");
            for entry in events {
                let event = Event::try_from(&entry.record).unwrap();
                assert_eq!(event.time.to_string(), "2026-03-01T09:00:00.000000Z", "{row}");
                assert_eq!(serde_json::from_str::<Value>(event.data.get()).unwrap(), click()["data"], "{row}");
            }
        }
    }
}

#[test]
fn the_guide_has_a_row_for_each_form_and_no_other() {
    let package = std::env::var("CARGO_MANIFEST_DIR").unwrap();
    let guide = std::fs::read_to_string(std::path::Path::new(&package).join("../docs/telemetry.md")).unwrap();
    let section = guide.split("\n## Forms\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |")?.split_once(" | "));
    let rows: Vec<(&str, bool)> =
        rows.filter(|(_, said)| !said.contains("HTTP")).map(|(row, said)| (row, said.starts_with("taken"))).collect();
    let forms = forms();
    let expected: Vec<(&str, bool)> = forms.iter().map(|(row, _, refused)| (*row, refused.is_none())).collect();
    assert_eq!(rows, expected);
}
