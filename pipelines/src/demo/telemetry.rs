//! Made-up telemetry of each person: log-ins, forms with their rhythm, taps, calls and the carrier's identity answer,
//! as CloudEvents that a real app would send. People are slow and uneven; bots are neither.

use fastrand::Rng;
use serde::Serialize;
use serde_json::{Value, json};
use weir_messages::EventTime;

use super::calendar;
use super::cast::{CarrierConsent, Part, Person};
use super::chance::{around, happens, stream, whole};

const SOURCE: &str = "weir-demo/app";
const TEXT_VERSION: &str = "2026-01";
const SCREENS: [&str; 6] = ["home", "offers", "calculator", "application", "documents", "profile"];
const TARGETS: [&str; 5] = ["next", "back", "amount_slider", "help", "terms"];
const MODELS: [&str; 5] = ["P10", "A54", "X7 Lite", "Note 12", "Mini 5"];

/// One event in the CloudEvents 1.0 JSON format.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct CloudEvent {
    specversion: &'static str,
    pub(crate) id: String,
    source: &'static str,
    #[serde(rename = "type")]
    pub(crate) event_type: &'static str,
    subject: String,
    time: EventTime,
    #[serde(skip_serializing_if = "Option::is_none")]
    consentid: Option<String>,
    data: Value,
}

/// What each person agreed to, before anything else is collected.
pub(crate) fn consents(person: &Person, customer: &str, seed: u64) -> Vec<CloudEvent> {
    let mut session = Session::open(person, customer, seed, 0);
    let first = ["device", "behaviour"];
    session.event("consent.granted.v1", granted(&consent_id(customer, "app"), &first));
    if person.carrier != CarrierConsent::Refused {
        session.event("consent.granted.v1", granted(&consent_id(customer, "carrier"), &["carrier"]));
    }
    session.events
}

fn granted(consent: &str, classes: &[&str]) -> Value {
    json!({ "consent": consent, "classes": classes, "text_version": TEXT_VERSION })
}

fn consent_id(customer: &str, what: &str) -> String {
    format!("cn_{what}_{customer}")
}

/// What one person does in one round, in order of time.
pub(crate) fn session(person: &Person, customer: &str, seed: u64, round: usize) -> Vec<CloudEvent> {
    let mut session = Session::open(person, customer, seed, round + 1);
    session.log_in();
    for _ in 0..session.random.u32(2..7) {
        session.tap();
    }
    let last = round + 1 == calendar::rounds();
    if round == 0 || last {
        session.fill_in(if last { "application" } else { "profile" });
    }
    session.carrier(round);
    session.events
}

/// One person's events of one round, while they are drawn.
struct Session<'a> {
    person: &'a Person,
    customer: &'a str,
    /// Zero for consents, the round and one for the others: part of every event's id.
    number: usize,
    random: Rng,
    at: i64,
    step: i64,
    events: Vec<CloudEvent>,
}

impl<'a> Session<'a> {
    fn open(person: &'a Person, customer: &'a str, seed: u64, number: usize) -> Self {
        let mut random = stream(seed ^ u64::try_from(number).unwrap_or_default(), "session", person.applicant.row);
        let (begins, length) = match number.checked_sub(1) {
            Some(round) => (calendar::round_begins(round).micros(), calendar::round_length()),
            None => (calendar::start().micros(), calendar::consents_length()),
        };
        // Half of the time to begin in, half to act in; at most forty events.
        let at = begins + random.i64(0..length / 2);
        Self { person, customer, number, random, at, step: length / 80, events: Vec::new() }
    }

    fn event(&mut self, event_type: &'static str, data: Value) {
        self.at += self.random.i64(1..self.step);
        let consent = event_type.starts_with("carrier.").then(|| consent_id(self.customer, "carrier"));
        self.events.push(CloudEvent {
            specversion: "1.0",
            id: format!("{}-{}-{}", self.person.applicant.row, self.number, self.events.len()),
            source: SOURCE,
            event_type,
            subject: self.customer.to_owned(),
            time: EventTime::from_micros(self.at),
            consentid: consent,
            data,
        });
    }

    fn log_in(&mut self) {
        let (access, part) = (&self.person.access, self.person.part);
        let model = MODELS[self.person.applicant.row % MODELS.len()];
        let data = json!({
            "device": access.device, "ip": access.ip, "imei": access.imei, "os": "android", "os_version": "15",
            "model": model, "app_version": "4.2.0",
            "emulator": part == Part::Bot, "rooted": part == Part::Ordinary && happens(&mut self.random, 15),
            "hooked": false, "cloned": false, "clock_skew_ms": self.random.i64(-900..900),
        });
        self.event("device.login.v1", data);
    }

    fn tap(&mut self) {
        let dwell = match self.person.part {
            Part::Bot => 12.0,
            Part::Ordinary | Part::Ring(_) => around(&mut self.random, 4_000.0, 0.7),
        };
        let (screen, target) = (self.random.usize(0..SCREENS.len()), self.random.usize(0..TARGETS.len()));
        let data = json!({ "screen": SCREENS[screen], "target": TARGETS[target], "dwell_ms": whole(dwell) });
        self.event("behaviour.click.v1", data);
    }

    fn fill_in(&mut self, form: &str) {
        const FIELDS: u32 = 15;
        let (fill, keystrokes, pastes, corrections, rhythm) = match self.person.part {
            Part::Bot => (self.random.u32(300..900), FIELDS, FIELDS, 0, 0.0),
            Part::Ordinary | Part::Ring(_) => {
                let keystrokes = self.random.u32(80..180);
                let rhythm = around(&mut self.random, 110.0, 0.3);
                let fill = around(&mut self.random, 95_000.0, 0.4).max(25_000.0);
                (whole(fill), keystrokes, self.random.u32(0..2), self.random.u32(1..12), rhythm)
            }
        };
        let data = json!({
            "form": form, "device": self.person.access.device, "fill_ms": fill, "fields": FIELDS,
            "keystrokes": keystrokes, "pastes": pastes, "corrections": corrections, "rhythm_ms": rhythm,
        });
        self.event("behaviour.form.v1", data);
    }

    /// Calls with a circle of its own size, the identity answer once, and perhaps the consent taken back.
    fn carrier(&mut self, round: usize) {
        let consent = self.person.carrier;
        let before_last = round + 2 == calendar::rounds();
        if consent == CarrierConsent::Withdrawn && before_last {
            self.event("consent.withdrawn.v1", json!({ "consent": consent_id(self.customer, "carrier") }));
        }
        let gone = consent == CarrierConsent::Withdrawn && round + 2 >= calendar::rounds();
        if consent == CarrierConsent::Refused || gone {
            return;
        }
        if round == 0 {
            self.identity();
        }
        let circle = 6 + self.person.applicant.row % 15;
        for _ in 0..self.random.u32(2..7) {
            self.call(circle);
        }
    }

    fn identity(&mut self) {
        let doubtful = if self.person.part == Part::Ordinary { 20 } else { 300 };
        let answer = match self.random.u32(0..1_000) {
            draw if draw < doubtful => "uncertain",
            draw if draw < doubtful + doubtful / 2 => "mismatch",
            _ => "match",
        };
        let data = json!({
            "phone": self.person.identity.phone, "answer": answer, "carrier": "demo-mobile",
            "months_in_use": self.random.u16(3..140),
        });
        self.event("carrier.identity.v1", data);
    }

    fn call(&mut self, circle: usize) {
        let message = happens(&mut self.random, 300);
        let duration = if message { 0 } else { whole(around(&mut self.random, 70.0, 0.9)) };
        let direction = if self.random.bool() { "incoming" } else { "outgoing" };
        // A pseudonym, as the producer would have made it.
        let contact = format!("ct-{}-{}", self.person.applicant.row, self.random.usize(0..circle));
        let data = json!({ "contact": contact, "direction": direction, "duration_s": duration, "message": message });
        self.event("carrier.call.v1", data);
    }
}

#[cfg(test)]
mod tests {
    use super::super::cast::everybody;
    use super::*;

    fn all_of(person: &Person, seed: u64) -> Vec<CloudEvent> {
        let rounds = (0..calendar::rounds()).flat_map(|round| session(person, "c_1", seed, round));
        consents(person, "c_1", seed).into_iter().chain(rounds).collect()
    }

    #[test]
    fn telemetry_is_the_same_for_one_seed() {
        let people = everybody(40, 7).unwrap();
        for person in &people {
            assert_eq!(all_of(person, 7), all_of(person, 7));
            assert_ne!(all_of(person, 7), all_of(person, 8));
        }
    }

    #[test]
    fn events_lie_in_their_round_in_order_and_bear_an_id_of_their_own() {
        let mut ids = std::collections::BTreeSet::new();
        for person in &everybody(200, 7).unwrap() {
            for round in 0..calendar::rounds() {
                let events = session(person, "c_1", 7, round);
                assert!(events.is_sorted_by_key(|event| event.time) && events.len() <= 40);
                assert!(events.iter().all(|event| event.time >= calendar::round_begins(round)
                    && event.time.as_known() <= calendar::round_ends(round)));
                assert!(events.into_iter().all(|event| ids.insert(event.id)));
            }
        }
    }

    #[test]
    fn every_payload_is_one_that_the_collector_takes() {
        let tokens = weir_messages::privacy::Tokenizer::new("t1", [7; 32]);
        for person in &everybody(200, 7).unwrap() {
            for event in all_of(person, 7) {
                let json = serde_json::to_string(&event.data).unwrap();
                weir_messages::intake::to_log(event.event_type.parse().unwrap(), &json, &tokens).unwrap();
            }
        }
    }

    #[test]
    fn consent_comes_before_what_it_is_for() {
        for person in &everybody(200, 7).unwrap() {
            let given = consents(person, "c_1", 7);
            assert!(given.iter().all(|event| event.time < calendar::round_begins(0)));
        }
    }

    #[test]
    fn nothing_of_the_carrier_is_sent_without_living_consent() {
        let people = everybody(1_000, 7).unwrap();
        for person in people.iter().filter(|person| person.carrier != CarrierConsent::Given) {
            let events = all_of(person, 7);
            let last = events.iter().rposition(|event| event.event_type.starts_with("carrier."));
            let withdrawn = events.iter().position(|event| event.event_type == "consent.withdrawn.v1");
            assert!(last < withdrawn || last.is_none());
        }
    }

    #[test]
    fn a_bot_has_no_rhythm_and_a_person_has_one() {
        for person in &everybody(200, 7).unwrap() {
            let forms: Vec<_> = all_of(person, 7).into_iter().filter(|e| e.event_type == "behaviour.form.v1").collect();
            assert_eq!(forms.len(), 2);
            for form in forms {
                let instant = form.data["fill_ms"].as_u64().unwrap() < 1_000;
                let even = form.data["rhythm_ms"].as_f64().unwrap() == 0.0;
                assert_eq!((instant, even), (person.part == Part::Bot, person.part == Part::Bot));
            }
        }
    }
}
