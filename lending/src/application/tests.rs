//! Which state may follow which, until when an application is open, and events of every form ever written.

use chrono::NaiveDate;
use weir_messages::{EventTime, Outcome};
use weir_money::{Currency, Money, Rate};

use super::*;
use crate::contract::Parties;
use crate::product::{Product, Validity};
use crate::quote::Quote;
use crate::rate::CapTable;
use crate::zone::BusinessZone;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn eur(text: &str) -> Money {
    Money::parse(text, Currency::EUR).unwrap()
}

fn submitted() -> ApplicationEvent {
    ApplicationEvent::Submitted(Box::new(Submitted {
        application: "A1".into(),
        customer: "c1".into(),
        partner: "demo".to_owned(),
        product: Product::consumer_instalment().reference,
        amount: eur("1200.00"),
        term_months: 12,
        device: None,
        ip: None,
        attributes: BTreeMap::new(),
        at: EventTime::parse("2024-01-15T23:30:00Z").unwrap(),
    }))
}

fn decided(outcome: Outcome) -> ApplicationEvent {
    let approval = Approval { amount: eur("1200.00"), annual_rate: "0.12".parse().unwrap(), band: "B".to_owned() };
    ApplicationEvent::Decided(Box::new(Decided {
        outcome,
        reasons: Vec::new(),
        approval: (outcome == Outcome::Approve).then_some(approval),
        at: EventTime::parse("2024-01-15T23:30:00Z").unwrap(),
        decided_on: Some(day("2024-01-20")),
        record: None,
    }))
}

fn drawn() -> ApplicationEvent {
    let (product, caps, rate): (_, _, Rate) =
        (Product::consumer_instalment(), CapTable::shipped(), "0.12".parse().unwrap());
    let quote = Quote::new(&product, &caps, eur("1200.00"), 12, rate, day("2024-01-15")).unwrap();
    let parties = Parties {
        loan: "L1".into(),
        application: "A1".into(),
        customer: "c1".into(),
        lender: "Weir Test Lender".to_owned(),
        drawn_on: day("2024-01-15"),
    };
    ApplicationEvent::ContractDrawn { contract: Box::new(Contract::draw(&quote, &caps, parties).unwrap()) }
}

fn accepted() -> ApplicationEvent {
    let contract_hash = Sha256::of(b"text");
    ApplicationEvent::Accepted { loan: "L1".into(), contract_hash, accepted_on: day("2024-01-16") }
}

fn withdrawn() -> ApplicationEvent {
    ApplicationEvent::Withdrawn { withdrawn_on: day("2024-01-16") }
}

fn expired() -> ApplicationEvent {
    ApplicationEvent::Expired { expired_on: day("2024-02-20") }
}

fn too_late() -> ApplicationEvent {
    let json = r#"{"event":"decision_too_late.v1","outcome":"decline","at":"2024-01-17T00:00:00.000000Z","record":"weir.decisions/1/7"}"#;
    serde_json::from_str(json).unwrap()
}

/// An application in a state.
fn standing(status: ApplicationStatus) -> Application {
    let events = match status {
        ApplicationStatus::Submitted => vec![],
        ApplicationStatus::InReview => vec![decided(Outcome::Review)],
        ApplicationStatus::Declined => vec![decided(Outcome::Decline)],
        ApplicationStatus::Approved => vec![decided(Outcome::Approve)],
        ApplicationStatus::Offered => vec![decided(Outcome::Approve), drawn()],
        ApplicationStatus::Accepted => vec![decided(Outcome::Approve), drawn(), accepted()],
        ApplicationStatus::Withdrawn => vec![withdrawn()],
        ApplicationStatus::Expired => vec![expired()],
    };
    let application = Application::fold(std::iter::once(submitted()).chain(events)).unwrap();
    assert_eq!(application.state.status(), status);
    application
}

#[test]
fn every_state_but_the_last_ones_has_two_ways_out() {
    for status in ApplicationStatus::ALL.iter().copied() {
        let application = standing(status);
        for (event, end) in [(withdrawn(), ApplicationStatus::Withdrawn), (expired(), ApplicationStatus::Expired)] {
            let after = application.after(&event).ok().map(|after| after.state.status());
            assert_eq!(after, (!status.is_over()).then_some(end), "{status}");
        }
        for event in [decided(Outcome::Approve), drawn(), accepted()] {
            assert!(!status.is_over() || application.after(&event).is_err(), "{status} is over");
        }
    }
}

#[test]
fn a_decision_that_came_too_late_follows_only_an_end_without_a_decision_in_time() {
    for status in ApplicationStatus::ALL.iter().copied() {
        let late = standing(status).after(&too_late());
        let may = matches!(status, ApplicationStatus::Withdrawn | ApplicationStatus::Expired);
        assert_eq!(late.is_ok(), may, "{status}");
        if let Ok(late) = late {
            assert_eq!(late.state.status(), status);
            assert_eq!(late.first_decision.unwrap().record.unwrap().to_string(), "weir.decisions/1/7");
        }
    }
}

#[test]
fn an_application_is_open_through_the_last_of_its_days_in_the_zone() {
    let validity = Validity { decision_within_days: 10, approval_valid_days: 20 };
    let berlin = "Europe/Berlin".parse().unwrap();
    for (status, zone, last) in [
        (ApplicationStatus::Submitted, BusinessZone::UTC, Some("2024-01-25")),
        (ApplicationStatus::Submitted, berlin, Some("2024-01-26")),
        (ApplicationStatus::InReview, berlin, Some("2024-01-30")),
        (ApplicationStatus::Approved, berlin, Some("2024-02-09")),
        (ApplicationStatus::Offered, berlin, Some("2024-02-09")),
        (ApplicationStatus::Declined, berlin, None),
        (ApplicationStatus::Accepted, berlin, None),
        (ApplicationStatus::Withdrawn, berlin, None),
        (ApplicationStatus::Expired, berlin, None),
    ] {
        let application = standing(status);
        assert_eq!(application.valid_through(validity, zone), last.map(day), "{status}");
        let on = |date| application.clone().as_of(date, validity, zone).state.status();
        let Some(last) = last.map(day) else {
            assert_eq!(on(NaiveDate::MAX), status);
            continue;
        };
        assert_eq!((on(last), on(last.succ_opt().unwrap())), (status, ApplicationStatus::Expired));
    }
}

#[test]
fn a_decision_from_before_its_day_was_kept_counts_from_its_own_time() {
    let json =
        r#"{"event":"decided.v1","outcome":"review","reasons":[],"approval":null,"at":"2024-01-18T10:00:00.000000Z"}"#;
    let decided: ApplicationEvent = serde_json::from_str(json).unwrap();
    assert_eq!(serde_json::to_string(&decided).unwrap(), json);
    let application = Application::fold([submitted(), decided]).unwrap();
    let validity = Validity { decision_within_days: 1, approval_valid_days: 1 };
    assert_eq!(application.valid_through(validity, BusinessZone::UTC), Some(day("2024-01-19")));
}

#[test]
fn every_event_reads_back_as_it_was_written() {
    let all = [submitted(), decided(Outcome::Approve), drawn(), accepted(), withdrawn(), expired(), too_late()];
    for event in all {
        let json = serde_json::to_string(&event).unwrap();
        assert_eq!(serde_json::from_str::<ApplicationEvent>(&json).unwrap(), event, "{json}");
    }
    for json in [
        r#"{"event":"withdrawn.v1","withdrawn_on":"2024-01-16"}"#,
        r#"{"event":"expired.v1","expired_on":"2024-02-20"}"#,
    ] {
        assert_eq!(serde_json::to_string(&serde_json::from_str::<ApplicationEvent>(json).unwrap()).unwrap(), json);
    }
}
