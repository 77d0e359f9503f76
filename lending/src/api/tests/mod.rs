//! Lending as a whole on a real SQLite file, with an event sink and a payment channel that a test can look into.

mod application;
mod payout;
mod personal;
mod shared;

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use serde_json::json;
use weir_messages::{
    CustomerId, Decision, Event, EventType, FeatureVector, ManualClock, Offer, Outcome as Decided, Place, PolicyUse,
    Position, Reason, Topic, TraceId,
};

use super::*;
use crate::loan::PaymentId;
use crate::outbox::PublishError;
use crate::payment::{Asked, Outcome, PayoutOrder};

/// Where decisions of these tests stand on a log that they do not have.
const RECORD: Place = Place::new(Topic::Decisions, Position { partition: 1, offset: 7 });

/// Keeps what was published, unless it is down.
#[derive(Debug, Default)]
struct Published(Mutex<Vec<Event>>, AtomicBool);

#[async_trait]
impl EventSink for Published {
    async fn publish(&self, events: &[Event]) -> Result<(), PublishError> {
        if self.1.load(Ordering::SeqCst) {
            return Err(PublishError("down".into()));
        }
        self.0.lock().unwrap().extend(events.iter().cloned());
        Ok(())
    }
}

/// What goes wrong with one order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// Pays, and the answer comes too late.
    Late,
    /// Neither pays nor answers.
    Lost,
    /// Says that it failed, definitively.
    Refused,
}

/// An honest channel behind a faulty line: one id is paid once.
#[derive(Debug, Default)]
struct Channel {
    faults: Mutex<VecDeque<Fault>>,
    /// How often each id was ordered, and whether it was paid.
    orders: Mutex<BTreeMap<PaymentId, (u32, Option<Outcome>)>>,
}

#[async_trait]
impl PaymentChannel for Channel {
    async fn pay_out(&self, order: &PayoutOrder) -> Outcome {
        let fault = self.faults.lock().unwrap().pop_front();
        let mut orders = self.orders.lock().unwrap();
        let (count, outcome) = orders.entry(order.payment.clone()).or_default();
        *count += 1;
        match fault {
            None => outcome.get_or_insert(Outcome::Succeeded).clone(),
            Some(Fault::Late) => {
                outcome.get_or_insert(Outcome::Succeeded);
                Outcome::Unknown
            }
            Some(Fault::Lost) => Outcome::Unknown,
            Some(Fault::Refused) => {
                outcome.get_or_insert(Outcome::Failed { reason: "account closed".to_owned() }).clone()
            }
        }
    }

    async fn ask(&self, payment: &PaymentId) -> Asked {
        match self.orders.lock().unwrap().get(payment) {
            Some((_, Some(outcome))) => Asked::Known(outcome.clone()),
            Some((_, None)) | None => Asked::NotKnown,
        }
    }
}

struct Desk {
    lending: Lending,
    clock: Arc<ManualClock>,
    published: Arc<Published>,
    channel: Arc<Channel>,
}

impl Desk {
    async fn open(folder: &Path) -> Self {
        Self::open_with(folder, Arc::new(Channel::default())).await
    }

    async fn open_with(folder: &Path, channel: Arc<Channel>) -> Self {
        Self::at(Database::Sqlite(folder.join("lending.db")), channel).await
    }

    async fn at(database: Database, channel: Arc<Channel>) -> Self {
        let clock = Arc::new(ManualClock::starting_at(KnownTime::parse("2024-01-15T10:00:00Z").unwrap()));
        let published = Arc::new(Published::default());
        let keyring = Keyring::new("m", BTreeMap::from([("m".to_owned(), [7; 32])])).unwrap();
        let ports = Ports {
            clock: Arc::clone(&clock) as _,
            tokens: Arc::new(Tokenizer::new("t", [9; 32])),
            keyring: Arc::new(keyring),
            payments: Arc::clone(&channel) as _,
            events: Arc::clone(&published) as _,
            fail_point: Arc::new(|_| ()),
        };
        let config = LendingConfig {
            database,
            lender: "Weir Test Lender".to_owned(),
            products: vec![Product::consumer_instalment()],
            caps: CapTable::shipped(),
        };
        let lending = Lending::open(config, ports).await.unwrap();
        Self { lending, clock, published, channel }
    }

    async fn customer(&self, id_number: &str) -> CustomerId {
        let key = RequestKey::new(format!("register {id_number}"), "register", b"", TraceId::random());
        self.lending.register_customer(registration(id_number), &key).await.unwrap().value.customer
    }

    async fn submit(&self, customer: &CustomerId, key: &str) -> Result<Once<ApplicationAnswer>, LendingError> {
        self.lending.submit_application(application(customer, "1200.00"), &request(key, b"1200")).await
    }

    /// A loan that is signed, and whose payout is ordered.
    async fn signed(&self) -> LoanAnswer {
        let customer = self.customer("L01X00T471").await;
        let applied = self.submit(&customer, "apply").await.unwrap().value.application;
        self.lending.apply_decision(&approval(&applied, &customer, "5000.00"), RECORD).await.unwrap();
        let shown = self.lending.contract(&applied, TraceId::random()).await.unwrap();
        let acceptance = Acceptance { contract_hash: shown.contract_hash };
        self.lending.accept(&applied, &acceptance, &request("accept", b"")).await.unwrap().value
    }

    async fn until(&self, loan: &LoanId, state: &str) -> LoanAnswer {
        for _ in 0..600 {
            let found = self.lending.loan(loan).await.unwrap();
            if found.state == state {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("loan never became {state}: {:?}", self.lending.loan(loan).await.unwrap().state);
    }

    async fn told(&self, event_type: EventType) -> Vec<Event> {
        for _ in 0..100 {
            let told: Vec<_> =
                self.published.0.lock().unwrap().iter().filter(|e| e.event_type == event_type).cloned().collect();
            if !told.is_empty() && self.lending.oldest_unpublished().is_none() {
                return told;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Vec::new()
    }

    async fn assert_books_balance(&self) {
        self.lending.ledger_verify().await.unwrap().unwrap();
        let cents: i64 = self
            .lending
            .trial_balance()
            .await
            .unwrap()
            .iter()
            .map(|line| line.balance.replace('.', "").parse::<i64>().unwrap())
            .sum();
        assert_eq!(cents, 0);
    }
}

fn request(key: &str, body: &[u8]) -> RequestKey {
    RequestKey::new(key, "test", body, TraceId::random())
}

const PHONE: &str = "13812348000";
const CARD: &str = "4111111111111111";
const NAME: &str = "Annabella Bergmann";
const EMAIL: &str = "annabella@example.org";

fn registration(id_number: &str) -> crate::customer::Registration {
    serde_json::from_value(json!({
        "name": NAME, "phone": PHONE, "id_number": id_number, "card": CARD,
        "email": EMAIL, "date_of_birth": "1990-05-17", "region": "DE",
    }))
    .unwrap()
}

fn application(customer: &CustomerId, amount: &str) -> ApplicationRequest {
    serde_json::from_value(json!({
        "customer": customer, "partner": "demo", "product": "consumer_instalment", "product_version": 1,
        "amount": amount, "currency": "EUR", "term_months": 12, "device": "d-clear-device", "ip": "203.0.113.77",
        "attributes": {
            "account_status": "A11", "credit_history": "A34", "purpose": "A43", "savings": "A65",
            "employment": "A75", "installment_rate": 4, "other_debtors": "A101", "residence_since": 4,
            "property": "A121", "other_installment_plans": "A143", "housing": "A152", "existing_credits": 2,
            "job": "A173", "dependents": 1, "telephone": "A192"
        }
    }))
    .unwrap()
}

fn approval(application: &ApplicationId, customer: &CustomerId, limit: &str) -> Decision {
    let offer = Offer {
        limit: limit.to_owned(),
        currency: "EUR".to_owned(),
        annual_rate: "0.12".to_owned(),
        band: "B".to_owned(),
    };
    decision(application, customer, Decided::Approve, Some(offer))
}

fn decision(application: &ApplicationId, customer: &CustomerId, outcome: Decided, offer: Option<Offer>) -> Decision {
    let vector = FeatureVector {
        application: application.clone(),
        customer: customer.clone(),
        at: Default::default(),
        known_time: Default::default(),
        read_at: Position { partition: 0, offset: 0 },
        parts: BTreeMap::new(),
        features: Default::default(),
        missing: Default::default(),
        trace: None,
    };
    let (name, hash) = ("test".to_owned(), String::new());
    Decision {
        application: application.clone(),
        customer: customer.clone(),
        at: Default::default(),
        outcome,
        reasons: vec![Reason { code: "score".to_owned(), text: "Score".to_owned(), kind: "score".to_owned() }],
        offer,
        experiment: None,
        model: None,
        shadows: Vec::new(),
        policy: PolicyUse { name, version: 1, hash, rules: Vec::new() },
        missing: BTreeMap::new(),
        vector,
    }
}
