//! Promises that can be broken, and frauds that can be caught, over a story of three people written out by hand.

use serde_json::{Value, json};
use weir_lending::api::TrialBalanceLine;

use super::super::cast::{Part, everybody};
use super::super::platform::PaidOut;
use super::super::story::{Case, Lent, Recorded, Streamed, Told};
use super::*;

fn decision(outcome: &str, rules: &Value) -> Recorded {
    let vector = json!({
        "application": "a1", "customer": "c1", "at": 1, "known_time": 1, "features": {}, "missing": {},
        "read_at": { "topic": "weir.events", "partition": 0, "offset": 1 },
    });
    let decision = json!({
        "application": "a1", "customer": "c1", "at": 1, "outcome": outcome, "offer": null, "model": null, "missing": {},
        "reasons": [{ "code": "why", "text": "because", "kind": "rule" }], "vector": vector,
        "policy": { "name": "p", "version": 1, "hash": "h", "rules": rules },
    });
    Recorded { decision: serde_json::from_value(decision).unwrap(), rerun_is_equal: true }
}

fn lent() -> Lent {
    let installment = |paid: Value| {
        let mut one = json!({ "number": 1, "due_on": "2026-04-12", "principal": "500.00", "interest": "5.00" });
        one.as_object_mut().unwrap().extend(paid.as_object().unwrap().clone());
        one
    };
    let cost = json!({
        "product": "p", "product_version": 1, "currency": "EUR", "principal": "500.00", "annual_rate": "0.12",
        "all_in_rate": "0.12", "total_interest": "5.00", "total_repayable": "505.00", "starts_on": "2026-03-12",
        "installments": [installment(json!({}))], "cost_table_hash": "h1",
    });
    let shown = json!({ "application": "a1", "loan": "l1", "contract_hash": "h2", "text": "…", "cost": cost });
    let paid = json!({ "principal_paid": "0.00", "interest_paid": "0.00", "paid_on": null });
    let loan = json!({
        "loan": "l1", "application": "a1", "customer": "c1", "state": "active", "currency": "EUR",
        "principal": "500.00", "annual_rate": "0.12", "contract_hash": "h2", "outstanding": "505.00", "due": "0.00",
        "payoff": "500.00", "credit": "0.00", "days_past_due": 0, "installments": [installment(paid)],
    });
    let loan: weir_lending::api::LoanAnswer = serde_json::from_value(loan).unwrap();
    Lent { shown: serde_json::from_value(shown).unwrap(), paid_out: loan.clone(), at_the_end: loan }
}

/// A ring member caught by a rule on telemetry, one declined for what was declared, and one who got a loan.
fn told() -> Told {
    let rule = |name: &str, feature: &str| {
        let read = std::iter::once((feature.to_owned(), json!(6))).collect::<serde_json::Map<_, _>>();
        json!([{ "rule": name, "answer": "hit", "read": read }])
    };
    let decisions = [
        decision("decline", &rule("shared_device", "device_velocity__customers_1d")),
        decision("decline", &rule("age_outside_18_60", "applicant__age")),
        decision("approve", &json!([])),
    ];
    let parts = [Part::Ring(0), Part::Ring(0), Part::Ordinary];
    let people = everybody(20, 7).unwrap().into_iter().zip(parts).map(|(mut person, part)| {
        person.part = part;
        person
    });
    let mut cases: Vec<Case> =
        people.zip(decisions).map(|(person, one)| Case { person, decision: Some(one), lent: None }).collect();
    cases[2].lent = Some(lent());
    let line = |account: &str, balance: &str| TrialBalanceLine {
        account: account.to_owned(),
        currency: "EUR".to_owned(),
        balance: balance.to_owned(),
    };
    let mut streamed = Streamed { sent: 9, ..Streamed::default() };
    streamed.intake.accepted = 9;
    Told {
        cases,
        streamed,
        latencies: Latencies::default(),
        fdatasync: Latencies::default(),
        repeated: 2,
        doubled: 0,
        days: Vec::new(),
        repayments: 0,
        trial_balance: vec![line("loans:principal", "500.00"), line("house:bank:EUR", "-500.00")],
        statement: vec![PaidOut { amount: "500.00".to_owned() }],
        peak_memory: None,
    }
}

type Spoil<'a> = &'a dyn Fn(&mut Told);

fn broken(spoil: impl FnOnce(&mut Told)) -> Vec<&'static str> {
    let mut told = told();
    spoil(&mut told);
    promises::all(&told).into_iter().filter(|promise| !promise.held).map(|promise| promise.text).collect()
}

fn recorded(told: &mut Told) -> &mut Recorded {
    told.cases[0].decision.as_mut().unwrap()
}

fn loan(told: &mut Told) -> &mut Lent {
    told.cases[2].lent.as_mut().unwrap()
}

#[test]
fn in_a_good_story_every_promise_holds() {
    assert_eq!(broken(|_| ()), Vec::<&str>::new());
}

#[test]
fn whatever_goes_wrong_breaks_its_promise_and_no_other() {
    let paid_twice = |told: &mut Told| told.statement.push(told.statement[0].clone());
    let spoiled: [(&str, Spoil); 9] = [
        ("every event is acknowledged once", &|told| told.streamed.intake.rejected = 1),
        ("every event is acknowledged once", &|told| told.streamed.sent = 10),
        ("no application is lost", &|told| told.cases[1].decision = None),
        ("a request sent twice counts once", &|told| told.doubled = 1),
        ("every outcome carries a reason", &|told| recorded(told).decision.reasons.clear()),
        ("a decision run again is equal to the byte", &|told| recorded(told).rerun_is_equal = false),
        ("what was shown is signed and billed", &|told| loan(told).paid_out.installments[0].interest = "6.00".into()),
        ("every signed loan is paid out, and once", &paid_twice),
        ("the trial balance is zero", &|told| told.trial_balance[0].balance = "500.01".into()),
    ];
    for (promise, spoil) in spoiled {
        assert_eq!(broken(spoil), [promise]);
    }
}

#[test]
fn a_contract_with_another_hash_or_a_payout_that_never_came_shows() {
    assert_eq!(
        broken(|told| loan(told).paid_out.contract_hash = "h3".to_owned()),
        ["what was shown is signed and billed"]
    );
    assert_eq!(broken(|told| told.statement.clear()), ["every signed loan is paid out, and once"]);
}

#[test]
fn only_a_rule_that_reads_more_than_was_declared_catches_a_fraud() {
    let groups = planted::planted(&told().cases);
    let shown: Vec<_> = groups.iter().map(|one| (one.name.as_str(), one.people, one.caught.people)).collect();
    assert_eq!(shown, [("ring 1", 2, 1), ("everybody else", 1, 0)]);
    assert_eq!(groups[0].caught.rules.keys().collect::<Vec<_>>(), ["shared_device"]);
}

#[test]
fn outcomes_and_reasons_are_counted_over_all_decisions() {
    let figures = Figures::of(&told(), 7, Duration::from_secs(1));
    assert_eq!(figures.outcomes.map(|[good, bad]| good + bad), [1, 0, 2]);
    assert_eq!((figures.reasons.len(), figures.reasons[0].with), (1, [1, 0, 2]));
    assert_eq!(figures.paid_out.unwrap().to_string(), "500.00 EUR");
    assert_eq!(figures.loans, BTreeMap::from([(Standing::OnSchedule, 1)]));
}
