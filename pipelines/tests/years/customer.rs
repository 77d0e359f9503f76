//! One customer's way: registers, is told of, applies, signs, repays, and ends as the plan has it.

use std::time::{Duration, Instant};

use fastrand::Rng;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::calendar::Day;
use crate::harness::people::{application, consents, event, registration, telemetry};
use crate::harness::ready::PATIENCE;
use crate::harness::{Weir, answer, events};

/// What a customer does once approved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plan {
    PaysOnTime,
    PaysLate,
    /// Pays the first installment twice as much, and asks for what is too much at the end.
    Overpays,
    /// Its bank takes the first repayment back.
    Reversed,
    StopsPaying,
    WithdrawsOffer,
    /// Never answers the offer.
    WalksAway,
    /// Closes the loan and asks to be erased.
    ClosesAndLeaves,
}

impl Plan {
    fn drawn(rng: &mut Rng) -> Self {
        match rng.u8(0..20) {
            0..8 => Self::PaysOnTime,
            8..10 => Self::PaysLate,
            10 => Self::Overpays,
            11 => Self::Reversed,
            12..14 => Self::StopsPaying,
            14..16 => Self::WithdrawsOffer,
            16..18 => Self::WalksAway,
            _ => Self::ClosesAndLeaves,
        }
    }
}

#[derive(Debug)]
pub(crate) struct Customer {
    pub(crate) number: u32,
    pub(crate) id: String,
    pub(crate) plan: Plan,
    /// Every application that was acknowledged, the latest last.
    pub(crate) applications: Vec<String>,
    pub(crate) loan: Option<Loan>,
    /// Has paid, and has nothing more to ask for.
    pub(crate) settled: bool,
    pub(crate) erased: bool,
}

#[derive(Debug)]
pub(crate) struct Loan {
    pub(crate) id: String,
    /// Day, number and cents of each installment that is not paid yet.
    pub(crate) due: Vec<(Day, u64, i64)>,
}

pub(crate) fn cents(text: &Value) -> i64 {
    text.as_str().unwrap().replace('.', "").parse().unwrap()
}

pub(crate) fn euros(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

/// Repeats the request under the same key until the platform answers: it may be restarting or short of a store.
pub(crate) async fn insist(
    weir: &Weir,
    method: Method,
    path: &str,
    key: &str,
    body: Option<&Value>,
) -> (StatusCode, Value) {
    for _ in 0..600 {
        let request = weir.request(method.clone(), path).header("idempotency-key", key).header("prefer", "wait=20");
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        match answer(request).await {
            Some((status, body)) if status != StatusCode::SERVICE_UNAVAILABLE => return (status, body),
            _ => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
    panic!("{method} {path}: no answer in a minute");
}

/// The application, decided later than a caller waits: behind a disk that was full the fold has much to catch up with.
async fn decided(weir: &Weir, application: &str) -> Value {
    let (began, path) = (Instant::now(), format!("/v1/applications/{application}"));
    while began.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let shown = answer(weir.request(Method::GET, &path)).await;
        if let Some((StatusCode::OK, body)) = shown
            && body["state"] != "submitted"
        {
            println!("{application} was decided {:?} after its submission was answered", began.elapsed());
            return body;
        }
    }
    panic!("{application} is not decided in {PATIENCE:?}");
}

/// The customer's bank returns a repayment.
async fn take_back(weir: &Weir, loan: &str, repayment: &str) {
    let body = json!({ "repayment": repayment, "reason": "returned" });
    let path = format!("/v1/loans/{loan}/reversals");
    let (status, body) = insist(weir, Method::POST, &path, &format!("v{repayment}"), Some(&body)).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
}

impl Customer {
    /// Registered, with consents and telemetry of `day`.
    pub(crate) async fn arrive(weir: &Weir, number: u32, day: Day, rng: &mut Rng) -> Self {
        let body = registration(number);
        let (status, body) = insist(weir, Method::POST, "/v1/customers", &format!("r{number}"), Some(&body)).await;
        assert_eq!(status, StatusCode::CREATED, "{body}");
        let id = body["customer"].as_str().unwrap().to_owned();
        let plan = Plan::drawn(rng);
        let customer = Self { number, id, plan, applications: Vec::new(), loan: None, settled: false, erased: false };
        customer.tell(weir, day, rng.u32(1..6)).await;
        customer
    }

    /// Consents and telemetry, sent until all of it is acknowledged, and then once more as an app does that missed it.
    pub(crate) async fn tell(&self, weir: &Weir, day: Day, taps: u32) {
        let mut sent = [consents(&self.id), telemetry(&self.id, self.number, taps)].concat();
        for event in &mut sent {
            event["time"] = json!(day.at(8, 55));
            event["id"] = json!(format!("{}-{}", event["id"].as_str().unwrap(), day.0));
        }
        for _ in 0..2 {
            for answer in events::insist(weir, &sent, PATIENCE).await {
                let known = ["accepted", "duplicate"].contains(&answer["status"].as_str().unwrap());
                assert!(known, "{answer}");
            }
        }
    }

    /// What the app tells of one day.
    pub(crate) fn taps(&self, day: Day) -> Vec<Value> {
        (0..3).map(|number| self.tap(&format!("tap-{}-{}-{number}", self.number, day.0), day)).collect()
    }

    pub(crate) fn tap(&self, id: &str, day: Day) -> Value {
        let data = json!({ "screen": "home", "target": "next", "dwell_ms": 3_000 });
        event(&self.id, id, "behaviour.click.v1", &day.at(8, 30), data)
    }

    /// Applies for a loan of `product`; the application is decided when this returns.
    pub(crate) async fn apply(&mut self, weir: &Weir, product: u32, months: u16) -> Value {
        let mut body = application(&self.id, self.number);
        body["product_version"] = json!(product);
        body["term_months"] = json!(months);
        let key = format!("a{}-{}", self.number, self.applications.len());
        let (status, body) = insist(weir, Method::POST, "/v1/applications", &key, Some(&body)).await;
        assert_eq!(status, StatusCode::CREATED, "{body}");
        let application = body["application"].as_str().unwrap().to_owned();
        self.applications.push(application.clone());
        if body["state"] == "submitted" { decided(weir, &application).await } else { body }
    }

    /// Sees the contract and signs it.
    pub(crate) async fn sign(&mut self, weir: &Weir) {
        let application = self.applications.last().unwrap().clone();
        let path = format!("/v1/applications/{application}");
        let (status, contract) =
            insist(weir, Method::POST, &format!("{path}/contract"), &format!("d{application}"), None).await;
        assert!(status.is_success(), "{contract}");
        let body = json!({ "contract_hash": contract["contract_hash"] });
        let (status, loan) =
            insist(weir, Method::POST, &format!("{path}/acceptance"), &format!("s{application}"), Some(&body)).await;
        assert_eq!(status, StatusCode::CREATED, "{loan}");
        let due = contract["cost"]["installments"].as_array().unwrap().iter().map(|one| {
            let day = Day(one["due_on"].as_str().unwrap().parse().unwrap());
            (day, one["number"].as_u64().unwrap(), cents(&one["principal"]) + cents(&one["interest"]))
        });
        self.loan = Some(Loan { id: loan["loan"].as_str().unwrap().to_owned(), due: due.collect() });
    }

    /// The payout that failed is ordered once more.
    pub(crate) async fn order_again(&self, weir: &Weir, day: Day) {
        let loan = &self.loan.as_ref().unwrap().id;
        let path = format!("/v1/loans/{loan}/payouts");
        let (status, body) = insist(weir, Method::POST, &path, &format!("p{loan}-{}", day.0), None).await;
        assert!(status.is_success(), "{body}");
    }

    /// It is called off instead, and nothing is owed.
    pub(crate) async fn call_off(&mut self, weir: &Weir) {
        let loan = self.loan.as_mut().unwrap();
        let (path, reason) = (format!("/v1/loans/{}/cancellation", loan.id), json!({ "reason": "payout_failed" }));
        let (status, body) = insist(weir, Method::POST, &path, &format!("o{}", loan.id), Some(&reason)).await;
        assert_eq!((status, &body["state"]), (StatusCode::CREATED, &json!("cancelled")), "{body}");
        loan.due.clear();
    }

    /// Pays what the plan pays on `day`.
    pub(crate) async fn pay(&mut self, weir: &Weir, day: Day) {
        let Some(loan) = &mut self.loan else { return };
        let late = if self.plan == Plan::PaysLate { 12 } else { 0 };
        while let Some((due, number, amount)) = loan.due.first().copied()
            && due.after(late) <= day
        {
            loan.due.remove(0);
            if self.plan == Plan::StopsPaying && number > 1 {
                continue;
            }
            let amount = if self.plan == Plan::Overpays && loan.due.is_empty() { amount + 500 } else { amount };
            let id = format!("{}-{number}-{}", loan.id, day.0);
            let body = json!({ "repayment": id, "amount": euros(amount), "currency": "EUR" });
            let path = format!("/v1/loans/{}/repayments", loan.id);
            let (status, body) = insist(weir, Method::POST, &path, &id, Some(&body)).await;
            assert_eq!(status, StatusCode::CREATED, "{body}");
            if self.plan == Plan::Reversed && number == 1 {
                self.plan = Plan::PaysOnTime;
                take_back(weir, &loan.id, &id).await;
                loan.due.push((day.after(5), number, amount));
                loan.due.sort_unstable();
            }
        }
    }

    pub(crate) async fn withdraw(&mut self, weir: &Weir) {
        let application = self.applications.last().unwrap();
        let path = format!("/v1/applications/{application}/withdrawal");
        let (status, body) = insist(weir, Method::POST, &path, &format!("w{application}"), None).await;
        assert_eq!((status, &body["state"]), (StatusCode::OK, &json!("withdrawn")), "{body}");
    }

    /// Erased, once nothing is owed either way.
    pub(crate) async fn leave(&mut self, weir: &Weir) {
        // A payout that was late earned less interest than was scheduled, and all of that was paid. The channel may decline a refund.
        for time in 1.. {
            while self.loan_state(weir).await == "refunding" {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            if self.loan_state(weir).await != "overpaid" {
                break;
            }
            self.take_credit(weir, time).await;
        }
        let path = format!("/v1/customers/{}", self.id);
        let (status, body) = insist(weir, Method::DELETE, &path, &format!("e{}", self.number), None).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        self.erased = true;
    }

    async fn loan_state(&self, weir: &Weir) -> String {
        let loan = weir.get(&format!("/v1/loans/{}", self.loan.as_ref().unwrap().id)).await;
        loan["state"].as_str().unwrap().to_owned()
    }

    /// Asked for the first, the second time.
    pub(crate) async fn take_credit(&self, weir: &Weir, time: u32) {
        let loan = &self.loan.as_ref().unwrap().id;
        let path = format!("/v1/loans/{loan}/refunds");
        let (status, body) = insist(weir, Method::POST, &path, &format!("c{loan}-{time}"), None).await;
        assert_eq!(status, StatusCode::CREATED, "{body}");
    }
}
