//! Events as they are stored: a committed sample of each name ever written must still be read.

use super::*;

const SAMPLES: &str = include_str!("../../../testdata/loan_events.jsonl");

#[test]
fn every_event_ever_written_still_decodes_and_encodes_the_same() {
    for line in SAMPLES.lines() {
        let event: LoanEvent = serde_json::from_str(line).unwrap();
        assert_eq!(serde_json::to_string(&event).unwrap(), line);
    }
}

#[test]
fn the_samples_hold_every_event_written_today() {
    let mut story = Story::signed(&Product::consumer_instalment(), eur("300.00"), 3, rate("0.12"), day("2024-01-15"));
    story.apply(&start("P1"), "2024-01-15");
    story.apply(&fail("P1"), "2024-01-15");
    story.pay_out_under("P2", "2024-01-16");
    story.repay("R1", "10.00", "2024-01-20", "2024-01-20");
    story.apply(&reverse("R1"), "2024-01-21");
    story.end_day("2024-02-15");
    story.repay("R2", "400.00", "2024-02-15", "2024-02-15");
    story.apply(&refund("P3"), "2024-02-16");
    story.apply(&fail("P3"), "2024-02-16");
    story.apply(&refund("P4"), "2024-02-16");
    story.apply(&confirm("P4", "2024-02-16"), "2024-02-17");
    let mut cancelled =
        Story::signed(&Product::consumer_instalment(), eur("300.00"), 3, rate("0.12"), day("2024-01-15"));
    cancelled.apply(&cancel(), "2024-01-15");
    story.events.extend(cancelled.events.pop());
    let form = |event: &serde_json::Value| -> (String, Vec<String>) {
        let fields = event.as_object().unwrap().keys().cloned().collect();
        (event["event"].to_string(), fields)
    };
    let samples: Vec<_> = SAMPLES.lines().map(|line| form(&serde_json::from_str(line).unwrap())).collect();
    for event in &story.events {
        let json = serde_json::to_value(event).unwrap();
        assert!(samples.contains(&form(&json)), "no sample of {json}");
    }
}
