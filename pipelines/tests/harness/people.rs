//! People to test with: made up, each with identifiers of their own, all of them as creditworthy as the scorecard knows.

use serde_json::{Value, json};

/// Digits no card network routes; the number is filled in and completed by its check digit (ISO/IEC 7812-1 annex B).
pub fn card(number: u32) -> String {
    let body = format!("999999{number:09}");
    let sum: u32 = body
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, byte)| {
            let weighted = u32::from(byte - b'0') * if place % 2 == 0 { 2 } else { 1 };
            weighted / 10 + weighted % 10
        })
        .sum();
    format!("{body}{}", (10 - sum % 10) % 10)
}

pub fn phone(number: u32) -> String {
    format!("+4930231{number:06}")
}

pub fn id_number(number: u32) -> String {
    format!("990101199001{number:06}")
}

pub fn device(number: u32) -> String {
    format!("device-of-{number:06}")
}

pub fn ip(number: u32) -> String {
    format!("198.18.{}.{}", number / 250 % 250, number % 250 + 1)
}

pub fn registration(number: u32) -> Value {
    json!({
        "name": "Greta Vogel", "phone": phone(number), "id_number": id_number(number), "card": card(number),
        "email": format!("greta.{number}@example.org"), "date_of_birth": "1985-06-17", "region": "DE",
    })
}

/// An application that model and policy approve.
pub fn application(customer: &str, number: u32) -> Value {
    json!({
        "customer": customer, "partner": "test", "product": "consumer_instalment", "product_version": 1,
        "amount": "1200.00", "currency": "EUR", "term_months": 12, "device": device(number), "ip": ip(number),
        "attributes": {
            "account_status": "no checking account",
            "credit_history": "critical account/ other credits existing (not at this bank)",
            "purpose": "car (used)", "savings": "... >= 1000 DM", "employment": "... >= 7 years",
            "installment_rate": 1, "other_debtors": "guarantor", "residence_since": 4, "property": "real estate",
            "other_installment_plans": "none", "housing": "own", "existing_credits": 1,
            "job": "skilled employee / official", "dependents": 1,
            "telephone": "yes, registered under the customers name",
        },
    })
}

pub fn event(customer: &str, id: &str, event_type: &str, time: &str, data: Value) -> Value {
    let mut event = json!({
        "specversion": "1.0", "id": id, "source": "test/app", "type": event_type, "subject": customer, "time": time,
        "data": data,
    });
    if event_type.starts_with("carrier.") {
        event["consentid"] = json!(format!("carrier-{customer}"));
    }
    event
}

pub fn consents(customer: &str) -> Vec<Value> {
    let granted =
        |consent: String, classes: &[&str]| json!({ "consent": consent, "classes": classes, "text_version": "1" });
    let grant = |consent: String, classes: &[&str]| {
        let id = format!("{customer}-{consent}");
        event(customer, &id, "consent.granted.v1", super::START, granted(consent, classes))
    };
    vec![grant(format!("app-{customer}"), &["device", "behaviour"]), grant(format!("carrier-{customer}"), &["carrier"])]
}

/// What a careful person's phone tells before the application: a log-in, a form, `taps` taps, calls and the carrier's word.
pub fn telemetry(customer: &str, number: u32, taps: u32) -> Vec<Value> {
    let time = "2026-03-02T08:55:00Z";
    let one =
        |id: &str, event_type: &str, data: Value| event(customer, &format!("{customer}-{id}"), event_type, time, data);
    let mut events = vec![
        one(
            "login",
            "device.login.v1",
            json!({
                "device": device(number), "ip": ip(number), "os": "android", "emulator": false, "rooted": false,
                "hooked": false, "cloned": false, "clock_skew_ms": 12,
            }),
        ),
        one(
            "form",
            "behaviour.form.v1",
            json!({
                "form": "application", "device": device(number), "fill_ms": 95_000, "fields": 15, "keystrokes": 120,
                "pastes": 0, "corrections": 4, "rhythm_ms": 110.5,
            }),
        ),
        one(
            "identity",
            "carrier.identity.v1",
            json!({
                "phone": phone(number), "answer": "match", "carrier": "test-mobile", "months_in_use": 40,
            }),
        ),
    ];
    for call in 0..3 {
        let data = json!({ "contact": format!("contact-{call}"), "direction": "outgoing", "duration_s": 60, "message": false });
        events.push(one(&format!("call-{call}"), "carrier.call.v1", data));
    }
    for tap in 0..taps {
        let data = json!({ "screen": "home", "target": "next", "dwell_ms": 3_000 });
        events.push(one(&format!("tap-{tap}"), "behaviour.click.v1", data));
    }
    events
}
