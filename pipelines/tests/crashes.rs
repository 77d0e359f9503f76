//! Killed at any moment and started again: no acknowledged event, decision, loan or posting is lost or doubled. Twenty
//! kills at random moments, their seeds printed, and one at every named fail point; each while at least fifty
//! applications are under way.

#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]
#![allow(clippy::print_stdout, reason = "a kill's seed and what it met are printed, so that it can be looked into")]

mod harness;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures::{StreamExt, stream};
use harness::people::{application, consents, registration, telemetry};
use harness::{Site, Weir, answer, set};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::task::JoinSet;

/// Applications under way at once: each is followed by the next, until the platform dies.
const WORKERS: usize = 160;
const FEWEST_IN_FLIGHT: usize = 50;
/// Customers of one life: more than are reached before it ends.
const CUSTOMERS: u32 = 600;
const TAPS: u32 = 3;
const RANDOM_KILLS: u32 = 20;
/// Every so many of the approved sign.
const ONE_SIGNS_OF: u32 = 4;

/// What the platform has acknowledged, over all its lives.
#[derive(Default)]
struct Acknowledged {
    /// Customers whose application was cut off: whether the platform has it is unknown, and they send it again.
    unanswered: Mutex<Vec<(u32, String)>>,
    /// By the number of its customer.
    applications: Mutex<BTreeMap<u32, String>>,
    /// State and reasons by application, as they were first told.
    decided: Mutex<BTreeMap<String, Value>>,
    /// Loan by application.
    loans: Mutex<BTreeMap<String, String>>,
}

/// The load of one life.
struct Load {
    weir: Weir,
    customers: Mutex<Vec<(u32, String)>>,
    answered: AtomicUsize,
    /// Applications that the platform had before it ended and did not answer.
    cut_off: AtomicUsize,
    known: Arc<Acknowledged>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_twenty_random_moments_nothing_is_lost_or_doubled() {
    let mut site = Site::new("late=30,paid-unanswered=30,unpaid=30,twice=30,error-before=30,error-after=30,seed=5");
    set(&mut site.config, "limits", "save_every_ms", 150);
    let known = Arc::new(Acknowledged::default());
    for seed in 0..RANDOM_KILLS {
        let mut random = fastrand::Rng::with_seed(u64::from(seed));
        let (after, pause) = (random.usize(1..250), Duration::from_micros(random.u64(0..20_000)));
        let weir = site.start(&[]).await;
        check(&weir, &known).await;
        let customers = registered(&weir, seed).await;
        let load = Load::new(weir, customers, &known);
        let (running, began) = (load.run(), Instant::now());
        while load.answered.load(Ordering::SeqCst) < after && began.elapsed() < Duration::from_secs(30) {
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
        tokio::time::sleep(pause).await;
        load.weir.kill();
        running.join_all().await;
        let in_flight = load.cut_off.load(Ordering::SeqCst);
        println!("seed {seed}: killed after {after} answers and {pause:?}, {in_flight} applications in flight");
        assert!(in_flight >= FEWEST_IN_FLIGHT, "seed {seed}: only {in_flight} applications in flight");
    }
    end(&site, &known).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ended_at_every_fail_point_nothing_is_lost_or_doubled() {
    let mut site = Site::new("twice=50,error-after=50,seed=6");
    set(&mut site.config, "limits", "save_every_ms", 150);
    let known = Arc::new(Acknowledged::default());
    for (round, place) in (1_000..).zip(weir_pipelines::FAIL_POINTS) {
        // The life before is not armed: the fail point must find applications under way.
        let weir = site.start(&[]).await;
        check(&weir, &known).await;
        let customers = registered(&weir, round).await;
        weir.stop();
        let weir = site.start(&[("WEIR_FAIL_AT", &format!("{place}:5"))]).await;
        let load = Load::new(weir, customers, &known);
        load.run().join_all().await;
        let status = load.weir.wait(Duration::from_secs(10));
        assert!(status.is_some_and(|status| !status.success()), "{place} was not passed five times");
        let in_flight = load.cut_off.load(Ordering::SeqCst);
        println!("{place}: ended with {in_flight} applications in flight");
        assert!(in_flight >= FEWEST_IN_FLIGHT, "{place}: only {in_flight} applications in flight");
    }
    end(&site, &known).await;
}

/// A life's customers, with consent and telemetry.
async fn registered(weir: &Weir, life: u32) -> Vec<(u32, String)> {
    let register = |number: u32| async move {
        let (status, body) = weir.post("/v1/customers", &format!("r{number}"), &registration(number)).await;
        assert_eq!(status, StatusCode::CREATED, "{body}");
        (number, body["customer"].as_str().unwrap().to_owned())
    };
    let numbers = (0..CUSTOMERS).map(|number| life * CUSTOMERS + number);
    let customers: Vec<(u32, String)> = stream::iter(numbers).map(register).buffered(64).collect().await;
    for some in customers.chunks(100) {
        let events =
            |(number, customer): &(u32, String)| [consents(customer), telemetry(customer, *number, TAPS)].concat();
        let events: Vec<Value> = some.iter().flat_map(events).collect();
        // Twice, as an app does that missed the answer: the second time must change nothing.
        for time in 1..=2 {
            let answers = weir.send_events(&events).await;
            for (event, answer) in events.iter().zip(&answers) {
                // Whether a sensitive event counted is up to consent, which the collector does not know.
                let sensitive = event["type"].as_str().unwrap().starts_with("carrier.");
                let expected = if time == 1 || sensitive { "accepted" } else { "duplicate" };
                assert_eq!(answer["status"], expected, "{event}");
            }
        }
    }
    customers
}

impl Load {
    /// Who was cut off before comes first.
    fn new(weir: Weir, mut customers: Vec<(u32, String)>, known: &Arc<Acknowledged>) -> Arc<Self> {
        customers.append(&mut known.unanswered.lock().unwrap());
        let (answered, cut_off) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Arc::new(Self { weir, customers: Mutex::new(customers), answered, cut_off, known: Arc::clone(known) })
    }

    fn run(self: &Arc<Self>) -> JoinSet<()> {
        (0..WORKERS).map(|_| Arc::clone(self)).map(|load| async move { while load.one().await.is_some() {} }).collect()
    }

    /// One customer applies and perhaps signs; `None` when nobody is left or the platform is gone.
    async fn one(&self) -> Option<()> {
        let (number, customer) = self.customers.lock().unwrap().pop()?;
        let request = self.weir.request(Method::POST, "/v1/applications").header("prefer", "wait=20");
        let request = request.header("idempotency-key", format!("a{number}")).json(&application(&customer, number));
        let Ok((status, body)) = told(request).await.inspect_err(|error| {
            // One that found nobody to connect to was never under way.
            self.cut_off.fetch_add(usize::from(!error.is_connect()), Ordering::SeqCst);
        }) else {
            self.known.unanswered.lock().unwrap().push((number, customer));
            return None;
        };
        assert_eq!(status, StatusCode::CREATED, "{body}");
        self.answered.fetch_add(1, Ordering::SeqCst);
        let id = self.known.heard(number, &body);
        if body["state"] == "approved" && number.is_multiple_of(ONE_SIGNS_OF) {
            self.sign(&id).await?;
        }
        Some(())
    }

    async fn sign(&self, application: &str) -> Option<()> {
        let path = format!("/v1/applications/{application}");
        let request = self.weir.request(Method::POST, &format!("{path}/contract"));
        let (status, contract) = answer(request.header("idempotency-key", format!("c{application}"))).await?;
        assert_eq!(status, StatusCode::CREATED, "{contract}");
        let body = json!({ "contract_hash": contract["contract_hash"] });
        let request = self.weir.request(Method::POST, &format!("{path}/acceptance"));
        let (status, loan) = answer(request.header("idempotency-key", format!("s{application}")).json(&body)).await?;
        assert_eq!(status, StatusCode::CREATED, "{loan}");
        self.known.loans.lock().unwrap().insert(application.to_owned(), loan["loan"].as_str().unwrap().to_owned());
        Some(())
    }
}

async fn told(request: reqwest::RequestBuilder) -> reqwest::Result<(StatusCode, Value)> {
    let response = request.send().await?;
    Ok((response.status(), response.json().await?))
}

impl Acknowledged {
    /// Keeps what was told of an application, and compares it with what was told before.
    fn heard(&self, number: u32, told: &Value) -> String {
        let id = told["application"].as_str().unwrap().to_owned();
        let before = self.applications.lock().unwrap().insert(number, id.clone());
        assert!(before.is_none_or(|before| before == id), "customer {number} has two applications");
        if told["state"] != "submitted" {
            let outcome = json!([told["offer"], told["reasons"]]);
            let before = self.decided.lock().unwrap().entry(id.clone()).or_insert_with(|| outcome.clone()).clone();
            assert_eq!(before, outcome, "{id} was decided twice");
        }
        id
    }
}

/// Everything acknowledged is there, is decided, and as it was told; decisions have seen each event once.
async fn check(weir: &Weir, known: &Acknowledged) {
    let applications = known.applications.lock().unwrap().clone();
    stream::iter(applications)
        .for_each_concurrent(32, |(number, id)| async move {
            let told = decided(weir, &id).await;
            assert_eq!(known.heard(number, &told), id);
        })
        .await;
    let loans = known.loans.lock().unwrap().clone();
    for (application, loan) in loans {
        assert_eq!(weir.get(&format!("/v1/loans/{loan}")).await["application"], json!(application));
    }
    weir.books_balance().await;
}

async fn decided(weir: &Weir, application: &str) -> Value {
    let began = Instant::now();
    loop {
        let told = weir.get(&format!("/v1/applications/{application}")).await;
        assert_eq!(told["application"], json!(application), "an acknowledged application is gone: {told}");
        if told["state"] != "submitted" {
            return told;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "{application} is never decided");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// After the last life: the counts that a loss or a double would have changed.
async fn end(site: &Site, known: &Arc<Acknowledged>) {
    let load = Load::new(site.start(&[]).await, Vec::new(), known);
    load.run().join_all().await;
    let Some(Load { weir, .. }) = Arc::into_inner(load) else { panic!("the load is over") };
    check(&weir, known).await;
    let applications = known.applications.lock().unwrap().clone();
    println!("{} applications were acknowledged", applications.len());
    for application in applications.values() {
        let decision = weir.get(&format!("/v1/decisions/{application}")).await;
        let features = &decision["vector"]["features"];
        assert_eq!(features["taps__taps_7d"], json!(TAPS), "{application}: events were lost or counted twice");
        let again = weir.post(&format!("/v1/decisions/{application}/rerun"), "rerun", &json!({})).await.1;
        assert_eq!(again["equal"], json!(true), "{again}");
    }
    // Every application that was ever sent is one of these, and there is none beside them.
    assert_eq!(one_record_each(&weir).await, applications.values().cloned().collect());
    each_paid_once(site, &weir).await;
    weir.books_balance().await;
    weir.stop();
}

/// The decisions topic holds one record for each application, though the fold was repeated.
async fn one_record_each(weir: &Weir) -> BTreeSet<String> {
    let metrics = weir.http.get(format!("{}/metrics", weir.base)).send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains("weir_fold_lag_records 0"), "{metrics}");
    let (mut seen, mut after) = (BTreeSet::new(), String::new());
    loop {
        let page = weir.get(&format!("/v1/decisions?limit=1000&after={after}")).await;
        let lines = page["decisions"].as_array().unwrap().clone();
        let Some(last) = lines.last() else { break };
        after = last["application"].as_str().unwrap().to_owned();
        for line in &lines {
            assert!(seen.insert(line["application"].as_str().unwrap().to_owned()), "{line} comes twice");
            let stands = weir.get(&format!("/v1/applications/{}", line["application"].as_str().unwrap())).await;
            assert_ne!(stands["state"], json!("submitted"), "{stands}");
        }
    }
    assert!(!seen.is_empty());
    seen
}

/// Loans paid out and the channel's own statement agree, one to one.
async fn each_paid_once(site: &Site, weir: &Weir) {
    let (mut owed, mut after) = (Vec::new(), String::new());
    loop {
        let page = weir.get(&format!("/v1/loans?limit=1000&after={after}")).await;
        let loans = page["loans"].as_array().unwrap().clone();
        let Some(last) = loans.last() else { break };
        after = last["loan"].as_str().unwrap().to_owned();
        for loan in &loans {
            let loan = weir.paid_out(loan["loan"].as_str().unwrap()).await;
            assert_eq!(loan["state"], json!("active"), "{loan}");
            owed.push(loan["principal"].as_str().unwrap().to_owned());
        }
    }
    let statement = site.statement().await;
    let mut paid: Vec<_> = statement.iter().map(|one| one["amount"].as_str().unwrap().to_owned()).collect();
    owed.sort();
    paid.sort();
    assert!(!owed.is_empty());
    assert_eq!(owed, paid);
    println!("{} loans, each paid out once", owed.len());
}
