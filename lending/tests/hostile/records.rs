//! What lending reads back: events of loans and of applications, entries of the journal, and decisions from their
//! topic. No panic whatever they say, and what was read is written as it was read.

use std::convert::Infallible;
use std::fmt::Debug;

use chrono::NaiveDate;
use serde::Serialize;
use serde::de::DeserializeOwned;
use weir_lending::application::{Application, ApplicationEvent, Submitted, decide};
use weir_lending::ledger::{Entry, TrialBalance};
use weir_lending::loan::{Answer, FailureReason, Loan, LoanCommand, LoanEvent, PaymentId, RepaymentId};
use weir_lending::product::{Product, Validity};
use weir_lending::rate::CapTable;
use weir_lending::zone::BusinessZone;
use weir_messages::{Decision, Record, decode_json};
use weir_money::Money;

use crate::blocks::records;

pub(crate) fn try_out(bytes: &[u8]) {
    for (place, record) in records(bytes) {
        match place.as_str() {
            "loan" => loan(&lines(&record)),
            "application" => application(lines(&record)),
            "journal" => {
                let entries: Vec<Entry> = lines(&record);
                if let Ok(trial) = TrialBalance::of(&entries) {
                    assert!(trial.is_zero().unwrap_or(true), "{entries:?}");
                }
            }
            "weir.decisions" => decision(&record),
            _ => {}
        }
    }
}

/// The lines that read, each of which is written as it was read.
fn lines<T: DeserializeOwned + Serialize + PartialEq + Debug>(record: &Record) -> Vec<T> {
    let text = String::from_utf8_lossy(&record.value);
    let read: Vec<T> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    for one in &read {
        let json = serde_json::to_string(one).unwrap();
        assert_eq!(serde_json::from_str::<T>(&json).unwrap(), *one, "{json}");
    }
    read
}

fn days() -> [NaiveDate; 4] {
    ["2024-01-15", "2024-01-17", "2024-06-01", "2031-01-01"].map(|day| day.parse().unwrap())
}

fn loan(events: &[LoanEvent]) {
    let Ok(loan) = Loan::fold(events) else { return };
    loan.balances().ok();
    loan.signed().cost_table.exact_all_in_rate().ok();
    let payment = loan.open_payment().map_or(PaymentId::new("P1"), |open| open.payment);
    let amount = Money::from_minor_units(10_000, loan.signed().cost_table.principal.currency());
    for on in days() {
        if let Some(position) = loan.position() {
            position.payoff_amount(on).ok();
            position.due_by(on).ok();
            position.outstanding().ok();
            assert!(position.oldest_open().is_some() || position.days_past_due(on) == 0);
        }
        for command in [
            LoanCommand::StartPayout { payment: payment.clone() },
            LoanCommand::StartRefund { payment: PaymentId::new("another") },
            LoanCommand::ConfirmPayment { payment: payment.clone(), value_on: on },
            LoanCommand::FailPayment { payment: payment.clone(), reason: FailureReason::given("account 1 closed") },
            LoanCommand::Repay { repayment: RepaymentId::new("another"), amount, value_on: None },
            LoanCommand::EndDay { through: on },
        ] {
            if let Ok(Answer::Applied(change)) = loan.decide(&command, on) {
                assert_eq!(loan.after(&change.event).unwrap(), change.loan, "{command:?}");
            }
        }
    }
}

fn application(events: Vec<ApplicationEvent>) {
    let Ok(application) = Application::fold(events) else { return };
    for zone in ["UTC", "Pacific/Kiritimati", "America/Los_Angeles"] {
        let zone: BusinessZone = zone.parse().unwrap();
        let last = application.valid_through(Validity::default(), zone);
        for on in days() {
            let state = application.clone().as_of(on, Validity::default(), zone).state;
            assert!(state == application.state || last.is_some_and(|last| last < on), "{state:?} on {on}");
        }
    }
}

fn decision(record: &Record) {
    let Ok(decision) = decode_json::<Decision>(&record.value) else { return };
    let (product, caps) = (Product::consumer_instalment(), CapTable::shipped());
    let submitted = Submitted {
        application: decision.application.clone(),
        customer: decision.customer.clone(),
        partner: "direct".to_owned(),
        product: product.reference.clone(),
        amount: Money::from_minor_units(120_000, product.currency()),
        term_months: 12,
        device: None,
        ip: None,
        attributes: Default::default(),
        at: decision.at,
    };
    let decided = decide::<Infallible>(&submitted, &decision, || Ok(&product), &caps, days()[0]).unwrap();
    if let Some(approval) = decided.approval {
        assert!(approval.amount.minor_units() <= submitted.amount.minor_units() && !approval.annual_rate.is_negative());
    }
}
