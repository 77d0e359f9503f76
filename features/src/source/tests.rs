//! The columns of the platform's events and of recorded ones.

use weir_expr::ColumnType::{self, Bool, Integer, Number, Text, Time};

use super::*;

fn columns(sources: &Sources, event_type: &str) -> BTreeMap<String, ColumnType> {
    sources.columns(&[event_type.to_owned()]).unwrap()
}

#[test]
fn the_platforms_events_have_the_fields_of_their_payloads_and_the_products_attributes() {
    let sources = Sources::of_events(&[("purpose".to_owned(), Text), ("dependents".to_owned(), Integer)]);
    for (event_type, column, expected) in [
        ("device.login", "device", Text),
        ("device.login", "emulator", Bool),
        ("device.login", "clock_skew_ms", Integer),
        ("behaviour.form", "rhythm_ms", Number),
        ("behaviour.form", "fill_ms", Integer),
        ("carrier.call", "direction", Text),
        ("carrier.call", "message", Bool),
        ("carrier.identity", "answer", Text),
        ("carrier.identity", "months_in_use", Integer),
        ("consent.granted", "expires", Time),
        ("loan.repaid", "days_past_due", Integer),
        ("loan.repaid", "loan", Text),
        ("application", "application", Text),
        ("application", "age", Integer),
        ("application", "amount", Text),
        ("application", "phone", Text),
        ("application", "purpose", Text),
        ("application", "dependents", Integer),
        ("taps.none", "type", Text),
    ] {
        let event_type = if event_type == "taps.none" { "behaviour.click" } else { event_type };
        assert_eq!(columns(&sources, event_type).get(column), Some(&expected), "{event_type}.{column}");
    }
    assert!(!columns(&sources, "consent.granted").contains_key("classes"), "a list is no column");
    let implicit = columns(&sources, "loan.closed");
    for (name, column) in IMPLICIT {
        assert_eq!(implicit[name], column);
    }
}

#[test]
fn columns_of_recorded_events_have_the_types_of_their_values() {
    let events = r#"
{"id":"1","type":"txn","time":0,"subject":"c","amount":1,"flag":null,"card":"x"}
{"id":"2","type":"txn.v1","time":0,"subject":"c","amount":1.5,"flag":true,"nothing":null,"list":[1]}
{"id":"3","type":"device.login.v1","time":0,"subject":"c","device":"d","os":7}
"#;
    let sources = Sources::inferred(events.as_bytes()).unwrap();
    let txn = columns(&sources, "txn");
    assert_eq!((txn["amount"], txn["card"]), (Integer, Text));
    let versioned = columns(&sources, "txn.v1");
    assert_eq!((versioned["amount"], versioned["flag"], versioned["nothing"]), (Number, Bool, Number));
    let login = columns(&sources, "device.login");
    assert_eq!((login["os"], login["emulator"], login["device"]), (Integer, Bool, Text), "what a line says stands");
    assert!(columns(&sources, "never.seen").contains_key("card"), "a type without events has all columns");
}

#[test]
fn what_no_event_shows_gives_way_to_what_one_does() {
    let events = r#"
{"id":"1","type":"txn","time":0,"subject":"c","card":null,"amount":2}
{"id":"2","type":"refund","time":0,"subject":"c","card":"x","amount":0.5}
"#;
    let sources = Sources::inferred(events.as_bytes()).unwrap();
    let columns = sources.columns(&["txn", "refund", "application", "chargeback"].map(str::to_owned)).unwrap();
    assert_eq!((columns["card"], columns["amount"]), (Text, Number));
    let clash = events.replace("2}", "\"two\"}");
    let sources = Sources::inferred(clash.as_bytes()).unwrap();
    assert!(sources.columns(&["txn", "refund"].map(str::to_owned)).is_err());
}

#[test]
fn an_application_that_a_request_brings_has_columns_too() {
    let requests = r#"{"id":"r","time":0,"after":0,"entities":{},"application":{"income":10,"purpose":"car"}}"#;
    let sources = Sources::inferred(&b""[..]).unwrap().and_requests(requests.as_bytes()).unwrap();
    let application = columns(&sources, "application");
    assert_eq!((application["income"], application["purpose"], application["term_months"]), (Integer, Text, Integer));
}

#[test]
fn what_cannot_be_read_is_named_by_line_and_field_without_its_value() {
    let text = |events: &str| {
        let error = Sources::inferred(events.as_bytes()).unwrap_err();
        format!("{error}: {}", std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default())
    };
    let conflict = text("{\"type\":\"t\",\"a\":1}\n{\"type\":\"t\",\"a\":\"13800138000\"}\n");
    assert_eq!(conflict, "line 2: a: expected an integer as before, found text: ");
    assert!(text("{\"a\":1}").contains("line 1: .: missing field `type`"));
    assert!(text("\n[13800138000").starts_with("line 2: "));
    assert!(!text("\n[13800138000").contains("138"));
}
