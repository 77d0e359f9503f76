//! Lending as a whole on a real SQLite file, with an event sink and a payment channel that a test can look into.

mod amounts;
mod answers;
mod application;
mod books;
mod corrections;
mod endings;
mod erasure;
mod parked;
mod payout;
mod personal;
mod shared;
mod world;
mod zone;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::json;
use weir_messages::{
    ApplicationId, CustomerId, Decision, Event, EventType, FeatureVector, LoanId, ManualClock, Offer,
    Outcome as Decided, Place, PolicyUse, Position, Reason, Retry, Topic, TraceId,
};

use super::*;
use crate::application::ApplicationStatus;
use crate::loan::{CancellationReason, FailureCode, FailureReason, LoanStatus, ReversalReason};
use crate::payment::Outcome;
use world::{Channel, Decisions, Fault, Published};

/// Where decisions of these tests stand on a log that they do not have.
const RECORD: Place = Place::new(Topic::Decisions, Position { partition: 1, offset: 7 });

fn keyring(key: [u8; 32]) -> Arc<Keyring> {
    Arc::new(Keyring::new("m", BTreeMap::from([("m".to_owned(), key)])).unwrap())
}

struct Desk {
    lending: Lending,
    clock: Arc<ManualClock>,
    published: Arc<Published>,
    decisions: Arc<Decisions>,
    channel: Arc<Channel>,
}

impl Desk {
    async fn open(folder: &Path) -> Self {
        Self::open_with(folder, Arc::new(Channel::default())).await
    }

    async fn open_with(folder: &Path, channel: Arc<Channel>) -> Self {
        Self::at(Database::Sqlite(folder.join("lending.db")), channel).await
    }

    /// With one product, and no other.
    async fn offering(folder: &Path, product: Product) -> Self {
        let database = Database::Sqlite(folder.join("lending.db"));
        Self::with(database, Arc::new(Channel::default()), vec![product]).await
    }

    async fn at(database: Database, channel: Arc<Channel>) -> Self {
        Self::with(database, channel, vec![Product::consumer_instalment()]).await
    }

    async fn with(database: Database, channel: Arc<Channel>, products: Vec<Product>) -> Self {
        Self::in_zone(database, channel, products, BusinessZone::UTC).await
    }

    async fn in_zone(database: Database, channel: Arc<Channel>, products: Vec<Product>, zone: BusinessZone) -> Self {
        let clock = Arc::new(ManualClock::starting_at(KnownTime::parse("2024-01-15T10:00:00Z").unwrap()));
        let (published, decisions) = (Arc::new(Published::default()), Arc::new(Decisions::default()));
        let ports = Ports {
            clock: Arc::clone(&clock) as _,
            tokens: Arc::new(Tokenizer::new("t", [9; 32])),
            keyring: keyring([7; 32]),
            payments: Arc::clone(&channel) as _,
            events: Arc::clone(&published) as _,
            decisions: Arc::clone(&decisions) as _,
            fail_point: Arc::new(|_| ()),
            tasks: Tasks::default(),
        };
        let config = LendingConfig {
            database,
            lender: "Weir Test Lender".to_owned(),
            products,
            caps: CapTable::shipped(),
            upkeep: Upkeep::default(),
            zone,
        };
        let lending = Lending::open(config, ports).await.unwrap();
        Self { lending, clock, published, decisions, channel }
    }

    async fn customer(&self, id_number: &str) -> CustomerId {
        let key = RequestKey::new(format!("register {id_number}"), "register", b"", TraceId::random());
        self.lending.register_customer(registration(id_number), &key).await.unwrap().value().customer
    }

    async fn submit(&self, customer: &CustomerId, key: &str) -> Result<Once<ApplicationAnswer>, LendingError> {
        self.lending.submit_application(application(customer, "1200.00"), &request(key, b"1200")).await
    }

    /// Draws the contract up, under a key of its own each time.
    async fn draw(&self, application: &ApplicationId) -> Result<ContractAnswer, LendingError> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let key = format!("draw {}", NEXT.fetch_add(1, Ordering::Relaxed));
        Ok(self.lending.draw_contract(application, &request(&key, b"")).await?.value())
    }

    /// A loan that is signed, and whose payout is ordered.
    async fn signed(&self) -> LoanAnswer {
        self.signed_by("L01X00T471").await
    }

    /// The same of a customer with this id number.
    async fn signed_by(&self, id_number: &str) -> LoanAnswer {
        let customer = self.customer(id_number).await;
        let applied = self.submit(&customer, &format!("apply {id_number}")).await.unwrap().value().application;
        self.lending.apply_decision(&approval(&applied, &customer, "5000.00"), RECORD).await.unwrap();
        let shown = self.draw(&applied).await.unwrap();
        let acceptance = Acceptance { contract_hash: shown.contract_hash };
        let key = request(&format!("accept {id_number}"), b"");
        self.lending.accept(&applied, &acceptance, &key).await.unwrap().value()
    }

    /// A loan that is paid out.
    async fn running(&self, id_number: &str) -> LoanId {
        let loan = self.signed_by(id_number).await.loan;
        self.until(&loan, LoanStatus::Active).await;
        loan
    }

    async fn repay(&self, loan: &LoanId, repayment: &str, amount: &str) -> Result<Once<LoanAnswer>, LendingError> {
        let asked: RepaymentRequest =
            serde_json::from_value(json!({ "repayment": repayment, "amount": amount, "currency": "EUR" })).unwrap();
        self.lending.repay(loan, &asked, &request(&format!("{loan} {repayment}"), amount.as_bytes())).await
    }

    async fn until(&self, loan: &LoanId, state: LoanStatus) -> LoanAnswer {
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
        let verified = self.lending.verify_books().await.unwrap();
        assert!(verified.is_sound(), "{verified:?}");
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

/// Reaches into the database of a desk.
async fn tamper(folder: &Path, sql: &str) {
    use sqlx::{ConnectOptions, Connection};
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(folder.join("lending.db"));
    let mut raw = options.connect().await.unwrap();
    sqlx::query(sqlx::AssertSqlSafe(sql.to_owned())).execute(&mut raw).await.unwrap();
    raw.close().await.unwrap();
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
