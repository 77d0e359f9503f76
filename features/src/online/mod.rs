//! The latest feature values of each customer, and the parameters in force, in Redis for other readers: written behind
//! the decisions and never waited for. No decision reads them.
//!
//! `weir:features:<customer>` is a hash with a field of JSON for each feature of the customer's latest application, and
//! beside them `application`, `at`, `known_time`, `read_at`, `missing`, `views` and `order`. What became known later wins,
//! whichever process writes it and in whatever order. `weir:parameters` tells what decisions are made with.

mod latest;
mod settings;
#[cfg(test)]
mod tests;
mod waiting;
mod writer;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::task::JoinHandle;
use weir_messages::{CustomerId, FeatureVector};

use latest::Latest;
pub use settings::{InvalidRedis, RedisSettings};
use waiting::Waiting;
use writer::{Parameters, Writer};

/// Customers that may wait: four seconds at a thousand applications a second, in about fifty megabytes.
const MOST_WAITING: usize = 4_096;

/// Writes until it is dropped.
#[derive(Debug)]
pub struct Online {
    shared: Arc<Shared>,
    writer: JoinHandle<()>,
}

/// Since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OnlineCounts {
    /// Customers whose hash was written; those that something newer stood for are not among them.
    pub written: u64,
    /// Offers that met another one of the same customer still waiting.
    pub replaced: u64,
    /// Lost because too many waited.
    pub dropped: u64,
    /// Attempts to write that failed; what they held waits again.
    pub failed: u64,
    /// Customers that wait now.
    pub waiting: usize,
}

#[derive(Debug)]
struct Shared {
    waiting: Mutex<Waiting>,
    offered: Notify,
    written: AtomicU64,
    failed: AtomicU64,
    answers: AtomicBool,
}

impl Shared {
    fn new(most: usize) -> Self {
        Self {
            waiting: Mutex::new(Waiting::new(most)),
            offered: Notify::new(),
            written: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            // Until it is known better, so that a server which is not there is told of.
            answers: AtomicBool::new(true),
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().expect("no holder panics")
    }
}

impl Online {
    /// Starts writing, on the runtime at hand. `views` is the hash of the views in force; `parameters` tells of what else
    /// is, by name, whenever it is asked. A server that is not there is waited for.
    #[must_use]
    pub fn open(
        settings: RedisSettings,
        views: String,
        parameters: impl Fn() -> Vec<(String, String)> + Send + Sync + 'static,
    ) -> Self {
        Self::with_room(MOST_WAITING, settings, views, Box::new(parameters))
    }

    fn with_room(most: usize, settings: RedisSettings, views: String, parameters: Parameters) -> Self {
        let shared = Arc::new(Shared::new(most));
        let writer = Writer { settings, shared: Arc::clone(&shared), views, parameters, connection: None };
        Self { shared, writer: tokio::spawn(writer.run()) }
    }

    /// Neither waits nor fails: what finds no room pushes out what waited longest.
    pub fn offer(&self, vector: FeatureVector) {
        self.wait(vector.customer.clone(), Latest::Values(Box::new(vector)));
    }

    /// Takes the customer's values away, and leaves word that none may follow. As `offer`, it is not waited for.
    pub fn erase(&self, customer: CustomerId) {
        self.wait(customer, Latest::Erased);
    }

    fn wait(&self, customer: CustomerId, latest: Latest) {
        self.shared.waiting().offer(customer, latest);
        self.shared.offered.notify_one();
    }

    #[must_use]
    pub fn counts(&self) -> OnlineCounts {
        let (written, failed) =
            (self.shared.written.load(Ordering::Relaxed), self.shared.failed.load(Ordering::Relaxed));
        let waiting = self.shared.waiting();
        let (replaced, dropped) = (waiting.replaced, waiting.dropped);
        OnlineCounts { written, replaced, dropped, failed, waiting: waiting.len() }
    }

    /// Whether the server took what it was last given, which is at most a few seconds ago.
    #[must_use]
    pub fn answers(&self) -> bool {
        self.shared.answers.load(Ordering::Relaxed)
    }

    /// Waits until nothing waits, at most so long.
    pub async fn drain(&self, at_most: Duration) {
        let began = Instant::now();
        while self.shared.waiting().len() > 0 && began.elapsed() < at_most {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Drop for Online {
    fn drop(&mut self) {
        self.writer.abort();
    }
}
