//! What may be asked of lending, in one place: the only way in for the HTTP edge, the loop and the demo. Decisions are
//! made by the pure modules and kept by the store; here they meet.

mod amount;
mod answers;
mod applications;
mod books;
mod canonical;
mod contracts;
mod customers;
mod day_end;
mod decisions;
mod each;
mod endings;
mod error;
mod fresh;
mod loan_commands;
mod loans;
mod missing_products;
mod news;
mod once;
mod parking;
mod payouts;
mod queues;
#[cfg(test)]
mod tests;
mod upkeep;
mod verification;
mod waiting;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::NaiveDate;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use uuid::{NoContext, Timestamp, Uuid};
use weir_messages::privacy::{Keyring, Tokenizer};
use weir_messages::{Clock, KnownTime, Tasks};

pub use amount::MAX_AMOUNT;
pub use answers::*;
pub use applications::ApplicationRequest;
pub use books::{StatementLine, TrialBalanceLine};
pub use contracts::Acceptance;
pub use day_end::DaysClosed;
pub use decisions::DecisionTaken;
pub use error::{ErrorKind, LendingError};
pub use loan_commands::{CancellationRequest, ReversalRequest};
pub use loans::RepaymentRequest;
pub use once::{Once, RequestKey};
pub use parking::{ParkedAnswer, RETRY_PARKED_AFTER, RetryOutcome};
pub use upkeep::Upkeep;
pub use verification::{BookDifference, Verified};

use fresh::Fresh;
use queues::Queues;
use verification::LatestVerification;
use waiting::Waiting;

use crate::decision_source::DecisionSource;
use crate::outbox::{EventSink, OutboxAge, Relay};
use crate::payment::{Ordered, PaymentChannel, Runner};
use crate::product::{Product, ProductRef};
use crate::rate::CapTable;
use crate::store::{self, Database, FailPoint, Opened, Store};
use crate::vault::{KeyCheckError, Vault};
use crate::zone::BusinessZone;

/// Orders of payouts that wait for the runner; beyond that it finds them in the database.
const MAX_ORDERED: usize = 1_024;

/// What lending is told once, at the start.
#[derive(Debug, Clone)]
pub struct LendingConfig {
    pub database: Database,
    /// The lender's name as its licence has it; stands in every contract.
    pub lender: String,
    pub products: Vec<Product>,
    pub caps: CapTable,
    pub upkeep: Upkeep,
    /// Where its business days begin and end.
    pub zone: BusinessZone,
}

/// What lending needs of the world.
#[derive(Clone)]
pub struct Ports {
    pub clock: Arc<dyn Clock>,
    pub tokens: Arc<Tokenizer>,
    pub keyring: Arc<Keyring>,
    pub payments: Arc<dyn PaymentChannel>,
    pub events: Arc<dyn EventSink>,
    /// Where a decision that was set aside is read again.
    pub decisions: Arc<dyn DecisionSource>,
    /// Passed with `commit_done` and `outbox_published`; `|_| ()` outside tests.
    pub fail_point: FailPoint,
    /// Where the end of a task is told that must not end.
    pub tasks: Tasks,
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
    waiting: Waiting,
    queues: Queues,
    upkeep: Upkeep,
    verification: LatestVerification,
    pub(crate) zone: BusinessZone,
    fresh: Fresh,
    outbox_age: OutboxAge,
    /// Whether this process is the one that relays and looks after what others left.
    turn: watch::Receiver<bool>,
    payouts: mpsc::Sender<Ordered>,
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
    /// Keys that are not those of the database are refused.
    pub async fn open(config: LendingConfig, ports: Ports) -> Result<Self, KeyCheckError> {
        let fail_point = Arc::clone(&ports.fail_point);
        let Opened { store, feed, news } = store::open(&config.database, fail_point, &ports.tasks).await?;
        let vault = Vault::new(Arc::clone(&ports.keyring), Arc::clone(&ports.tokens));
        if let Err(error) = vault.check_keys(&*store).await {
            store.close().await;
            return Err(error);
        }
        let (payouts, ordered) = mpsc::channel(MAX_ORDERED);
        let (outbox_age, turn) = (OutboxAge::default(), feed.turn.clone());
        let relay = Relay {
            store: Arc::clone(&store),
            sink: Arc::clone(&ports.events),
            feed,
            age: outbox_age.clone(),
            clock: Arc::clone(&ports.clock),
            fail_point: Arc::clone(&ports.fail_point),
        };
        let lending = Self(Arc::new(Office {
            store,
            vault,
            products: config.products.into_iter().map(|product| (product.reference.clone(), product)).collect(),
            caps: config.caps,
            lender: config.lender,
            waiting: Waiting::default(),
            queues: Queues::default(),
            upkeep: config.upkeep,
            verification: LatestVerification::default(),
            zone: config.zone,
            fresh: Fresh::default(),
            outbox_age,
            turn,
            payouts,
            tasks: Mutex::default(),
            ports,
        }));
        let channel = Arc::clone(&lending.ports.payments);
        let runner = Runner { payouts: Arc::new(lending.clone()), channel, ordered };
        let watch = &lending.ports.tasks;
        let tasks = vec![
            tokio::spawn(watch.watch("outbox-relay", relay.run())),
            tokio::spawn(watch.watch("payout-runner", runner.run())),
            tokio::spawn(watch.watch("lending-news", lending.clone().hear(news))),
            tokio::spawn(watch.watch("lending-upkeep", lending.clone().keep_up())),
        ];
        lending.tasks.lock().expect("no holder panics").extend(tasks);
        Ok(lending)
    }

    /// Stops paying out and publishing, finishes the commits that were sent, and closes the store.
    pub async fn close(&self) {
        let tasks = std::mem::take(&mut *self.tasks.lock().expect("no holder panics"));
        self.ports.tasks.stop();
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

    /// For how long the payment channel has given no answer that reads; `None` where it answered last.
    #[must_use]
    pub fn payments_silent_for(&self) -> Option<Duration> {
        self.ports.payments.silent_for()
    }

    pub(crate) fn now(&self) -> KnownTime {
        self.ports.clock.now()
    }

    /// The business date: the clock's day in the lender's zone.
    #[must_use]
    pub fn business_date(&self) -> NaiveDate {
        self.zone.date(self.now())
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
