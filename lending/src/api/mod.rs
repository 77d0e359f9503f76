//! What may be asked of lending, in one place: the only way in for the HTTP edge, the loop and the demo. Decisions are
//! made by the pure modules and kept by the store; here they meet.

mod answers;
mod applications;
mod books;
mod contracts;
mod customers;
mod decisions;
mod error;
mod fresh;
mod loans;
mod news;
mod once;
mod payouts;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex};

use chrono::NaiveDate;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use uuid::{NoContext, Timestamp, Uuid};
use weir_messages::privacy::{Keyring, Tokenizer};
use weir_messages::{ApplicationId, Clock, KnownTime, LoanId};

pub use answers::*;
pub use applications::ApplicationRequest;
pub use books::{StatementLine, TrialBalanceLine};
pub use contracts::Acceptance;
pub use decisions::DecisionTaken;
pub use error::{ErrorKind, LendingError};
pub use loans::RepaymentRequest;
pub use once::{Once, RequestKey};

use fresh::Fresh;

use crate::outbox::{EventSink, OutboxAge, Relay};
use crate::payment::{PaymentChannel, Runner};
use crate::product::{Product, ProductRef};
use crate::rate::CapTable;
use crate::store::{self, Database, FailPoint, Opened, Store, StoreError};
use crate::vault::Vault;

/// What lending is told once, at the start.
#[derive(Debug, Clone)]
pub struct LendingConfig {
    pub database: Database,
    /// The lender's name as its licence has it; stands in every contract.
    pub lender: String,
    pub products: Vec<Product>,
    pub caps: CapTable,
}

/// What lending needs of the world.
#[derive(Clone)]
pub struct Ports {
    pub clock: Arc<dyn Clock>,
    pub tokens: Arc<Tokenizer>,
    pub keyring: Arc<Keyring>,
    pub payments: Arc<dyn PaymentChannel>,
    pub events: Arc<dyn EventSink>,
    /// Passed with `commit_done` and `outbox_published`; `|_| ()` outside tests.
    pub fail_point: FailPoint,
}

impl fmt::Debug for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ports").field("payments", &self.payments).field("events", &self.events).finish_non_exhaustive()
    }
}

/// Cheap to clone.
#[derive(Debug, Clone)]
pub struct Lending(Arc<Office>);

/// What all clones share.
#[derive(Debug)]
pub struct Office {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) ports: Ports,
    pub(crate) vault: Vault,
    products: BTreeMap<ProductRef, Product>,
    caps: CapTable,
    lender: String,
    waiting: Mutex<HashMap<ApplicationId, Vec<oneshot::Sender<ApplicationAnswer>>>>,
    fresh: Fresh,
    outbox_age: OutboxAge,
    /// Whether this process is the one that relays and looks after what others left.
    turn: watch::Receiver<bool>,
    payouts: mpsc::UnboundedSender<LoanId>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl std::ops::Deref for Lending {
    type Target = Office;

    fn deref(&self) -> &Office {
        &self.0
    }
}

impl Lending {
    /// Opens the store and starts the outbox relay and the payout runner, both of which take up what a crash left.
    pub async fn open(config: LendingConfig, ports: Ports) -> Result<Self, StoreError> {
        let Opened { store, feed, news } = store::open(&config.database, Arc::clone(&ports.fail_point)).await?;
        let (payouts, ordered) = mpsc::unbounded_channel();
        let (outbox_age, turn) = (OutboxAge::default(), feed.turn.clone());
        let relay = Relay {
            store: Arc::clone(&store),
            sink: Arc::clone(&ports.events),
            feed,
            age: outbox_age.clone(),
            fail_point: Arc::clone(&ports.fail_point),
        };
        let lending = Self(Arc::new(Office {
            store,
            vault: Vault::new(Arc::clone(&ports.keyring), Arc::clone(&ports.tokens)),
            products: config.products.into_iter().map(|product| (product.reference.clone(), product)).collect(),
            caps: config.caps,
            lender: config.lender,
            waiting: Mutex::default(),
            fresh: Fresh::default(),
            outbox_age,
            turn,
            payouts,
            tasks: Mutex::default(),
            ports,
        }));
        let channel = Arc::clone(&lending.ports.payments);
        let runner = Runner { payouts: Arc::new(lending.clone()), channel, ordered };
        let tasks =
            vec![tokio::spawn(relay.run()), tokio::spawn(runner.run()), tokio::spawn(lending.clone().hear(news))];
        lending.tasks.lock().expect("no holder panics").extend(tasks);
        Ok(lending)
    }

    /// Stops paying out and publishing, finishes the commits that were sent, and closes the store.
    pub async fn close(&self) {
        let tasks = std::mem::take(&mut *self.tasks.lock().expect("no holder panics"));
        tasks.iter().for_each(JoinHandle::abort);
        self.store.close().await;
    }

    /// Whether the store answers.
    pub async fn ping(&self) -> Result<(), LendingError> {
        self.store.offset("ping", 0).await?;
        Ok(())
    }

    /// When the oldest event that is not on the log yet was committed.
    #[must_use]
    pub fn oldest_unpublished(&self) -> Option<KnownTime> {
        self.outbox_age.oldest()
    }

    pub(crate) fn now(&self) -> KnownTime {
        self.ports.clock.now()
    }

    /// The business date: the clock's day in UTC.
    #[must_use]
    pub fn business_date(&self) -> NaiveDate {
        self.now().date()
    }

    /// A new id, in order of the clock.
    fn new_id(&self, prefix: &str) -> String {
        let micros = u64::try_from(self.now().micros()).unwrap_or_default();
        let nanos = u32::try_from(micros % 1_000_000).unwrap_or_default() * 1_000;
        let id = Uuid::new_v7(Timestamp::from_unix(NoContext, micros / 1_000_000, nanos));
        format!("{prefix}_{}", id.simple())
    }
}

/// A stored event as its JSON says.
fn decoded<T: serde::de::DeserializeOwned>(what: &'static str, body: &str) -> Result<T, LendingError> {
    serde_json::from_str(body).map_err(|error| LendingError::Corrupt { what, reason: error.to_string() })
}

fn encoded<T: serde::Serialize>(what: &'static str, event: &T) -> Result<String, LendingError> {
    serde_json::to_string(event).map_err(|error| LendingError::Corrupt { what, reason: error.to_string() })
}
