//! Events and applications as they stand on the log, of about 370 bytes with their headers.

use fastrand::Rng;
use serde_json::{Value, json};
use weir_messages::{CustomerId, Event, EventId, EventTime, EventType, KnownTime, Position, Record, Sequenced};

const START: i64 = 1_772_442_000_000_000;

/// The customer of a number.
pub(super) fn customer(number: u64) -> String {
    format!("c_{number:032x}")
}

fn record(id: String, event_type: EventType, customer: String, at: i64, data: &Value) -> Record {
    let event = Event {
        id: EventId::new(id),
        source: "bench/app".to_owned(),
        event_type,
        subject: CustomerId::new(customer),
        time: EventTime::from_micros(at),
        known_time: KnownTime::from_micros(at + 40_000),
        original_time: None,
        consent_id: None,
        trace: None,
        data: serde_json::value::to_raw_value(data).expect("a JSON value serialises"),
    };
    Record::from(&event)
}

fn login(number: u64) -> Value {
    // Some devices and more addresses are shared, as in life.
    let (device, ip) = (format!("tok_t1_{:024x}", number / 2), format!("tok_t1_{:024x}", number / 5));
    json!({ "device": device, "ip": ip, "ip_net": "198.18.7.0/24", "os": "android", "emulator": false,
        "rooted": false, "hooked": false, "cloned": false, "clock_skew_ms": 12 })
}

/// Telemetry of `customers` people: three taps to a form and a log-in, one second apart for each of them.
pub(super) fn telemetry(count: u64, customers: u64, seed: u64) -> impl Iterator<Item = Record> {
    let mut random = Rng::with_seed(seed);
    (0..count).map(move |number| {
        let who = random.u64(0..customers);
        let at = START + i64::try_from(number).unwrap_or_default() * 50;
        let (event_type, data) = match number % 5 {
            0 => (EventType::DeviceLogin, login(who)),
            1 => (EventType::BehaviourForm, form(who, random.u32(20_000..200_000))),
            _ => {
                let data = json!({ "screen": "loan/calculator/instalments", "target": "button/continue",
                    "dwell_ms": random.u32(200..9_000) });
                (EventType::BehaviourClick, data)
            }
        };
        record(format!("{number:026x}"), event_type, customer(who), at, &data)
    })
}

/// Taps of a thousand people, spread evenly over `days`.
pub(super) fn clicks(count: u64, days: u64) -> impl Iterator<Item = Record> {
    let step = i64::try_from(days * 86_400_000_000 / count.max(1)).unwrap_or(i64::MAX);
    (0..count).zip(0_i64..).map(move |(number, at)| {
        let data = json!({ "screen": "loan/calculator", "target": "button", "dwell_ms": 700 });
        record(format!("{number:026x}"), EventType::BehaviourClick, customer(number % 1_000), START + at * step, &data)
    })
}

/// What makes the views of a customer answer: consent, a log-in, a form and the carrier's word.
pub(crate) fn acquainted(number: u64) -> [Record; 4] {
    let known = json!({ "phone": phone(number), "answer": "match", "carrier": "mobile", "months_in_use": 40 });
    let mut carrier = record(format!("sim-{number}"), EventType::CarrierIdentity, customer(number), START + 3, &known);
    carrier.push_header("ce_consentid", "app");
    let consent = json!({ "consent": "app", "classes": ["device", "behaviour", "carrier"], "text_version": "1" });
    [
        record(format!("consent-{number}"), EventType::ConsentGranted, customer(number), START, &consent),
        record(format!("login-{number}"), EventType::DeviceLogin, customer(number), START + 1, &login(number)),
        record(format!("form-{number}"), EventType::BehaviourForm, customer(number), START + 2, &form(number, 90_000)),
        carrier,
    ]
}

fn phone(number: u64) -> String {
    format!("tok_t1_{:032x}", number)
}

/// A form that a person filled in.
fn form(who: u64, fill_ms: u32) -> Value {
    json!({ "form": "application", "device": format!("tok_t1_{:024x}", who / 2), "fill_ms": fill_ms, "fields": 15,
        "keystrokes": 120, "pastes": 1, "corrections": 4, "rhythm_ms": 110.5 })
}

/// The application `id` of a customer, whose device and address are asked.
pub(crate) fn application(id: &str, number: u64) -> Record {
    let access = login(number);
    let data = json!({
        "application": id, "partner": "bench", "product": "consumer_instalment", "product_version": 1,
        "amount": "1200.00", "currency": "EUR", "term_months": 12, "age": 40, "region": "DE",
        "device": access["device"], "ip": access["ip"], "phone": phone(number),
        "account_status": "no checking account",
        "credit_history": "critical account/ other credits existing (not at this bank)",
        "purpose": "car (used)", "savings": "... >= 1000 DM", "employment": "... >= 7 years",
        "installment_rate": 1, "other_debtors": "guarantor", "residence_since": 4, "property": "real estate",
        "other_installment_plans": "none", "housing": "own", "existing_credits": 1,
        "job": "skilled employee / official", "dependents": 1,
        "telephone": "yes, registered under the customers name",
    });
    record(id.to_owned(), EventType::Application, customer(number), START + 1_000_000, &data)
}

/// As they are read from partition 0, the first of them at `offset`.
pub(crate) fn placed(offset: u64, records: impl IntoIterator<Item = Record>) -> Vec<Sequenced<Record>> {
    let positions = (offset..).map(|offset| Position { partition: 0, offset });
    positions.zip(records).map(|(position, record)| Sequenced::first(position, record)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_has_about_370_bytes_and_is_one_of_the_catalogue() {
        let records: Vec<Record> = telemetry(1_000, 100, 1).collect();
        let size = |record: &Record| {
            let headers: usize = record.headers.iter().map(|header| header.name.len() + header.value.len()).sum();
            record.key.len() + headers + record.value.len()
        };
        let mean = records.iter().map(size).sum::<usize>() / records.len();
        assert!((330..=410).contains(&mean), "{mean}");
        for record in records.iter().chain(&acquainted(7)).chain([&application("a", 7)]) {
            let event = Event::try_from(record).unwrap();
            weir_messages::events::check(event.event_type, event.data.get()).unwrap();
        }
    }
}
