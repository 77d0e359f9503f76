//! The latest feature values of each customer, and the parameters in force, in Redis for other readers: written behind
//! the decisions and never waited for. No decision reads them.
//!
//! `weir:features:<customer>` is a hash with a field of JSON for each feature of the customer's latest application, and
//! beside them `application`, `at`, `known_time`, `read_at`, `missing`, `views` and `order`. What became known later wins,
//! whichever process writes it and in whatever order. `weir:parameters` tells what decisions are made with.

mod erasures;
mod latest;
mod settings;
#[cfg(test)]
mod tests;
mod waiting;
mod writer;

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::task::JoinHandle;
use weir_messages::{CustomerId, FeatureVector, Tasks};

use erasures::Erasures;
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
    tasks: Tasks,
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
    /// Erasures that wait now.
    pub erasures: usize,
}

#[derive(Debug)]
struct Shared {
    waiting: Mutex<Waiting>,
    erasures: Erasures,
    offered: Notify,
    written: AtomicU64,
    failed: AtomicU64,
    answers: AtomicBool,
}

impl Shared {
    fn new(most: usize, erasures: Erasures) -> Self {
        Self {
            waiting: Mutex::new(Waiting::new(most)),
            erasures,
            offered: Notify::new(),
            written: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            // Until it is known better, so that a server which is not there is told of.
            answers: AtomicBool::new(true),
        }
    }

    /// Values that somebody who panicked left half done are written again with the next application.
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Customers and erasures that are not known to be written.
    fn len(&self) -> usize {
        self.waiting().len() + self.erasures.len()
    }
}

impl Online {
    /// Starts writing, on the runtime at hand. `views` is the hash of the views in force; `parameters` tells of what else
    /// is, by name, whenever it is asked. A server that is not there is waited for. The file at `erasures` keeps erasures
    /// until they are written: an error is one of that file.
    pub fn open(
        settings: RedisSettings,
        erasures: &Path,
        views: String,
        parameters: impl Fn() -> Vec<(String, String)> + Send + Sync + 'static,
        tasks: &Tasks,
    ) -> io::Result<Self> {
        Self::with_room(MOST_WAITING, settings, erasures, views, Box::new(parameters), tasks)
    }

    fn with_room(
        most: usize,
        settings: RedisSettings,
        erasures: &Path,
        views: String,
        parameters: Parameters,
        tasks: &Tasks,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared::new(most, Erasures::open(erasures)?));
        let writer = Writer { settings, shared: Arc::clone(&shared), views, parameters, connection: None };
        let tasks = tasks.part();
        Ok(Self { shared, writer: tokio::spawn(tasks.watch("redis-writer", writer.run())), tasks })
    }

    /// Neither waits nor fails: what finds no room pushes out what waited longest.
    pub fn offer(&self, vector: FeatureVector) {
        self.shared.waiting().offer(vector.customer.clone(), vector);
        self.shared.offered.notify_one();
    }

    /// Takes the customer's values away, and leaves word that none may follow. When it returns, this is sure to be done
    /// once Redis answers, after a restart of this process too.
    pub async fn erase(&self, customer: CustomerId) -> io::Result<()> {
        let shared = Arc::clone(&self.shared);
        let added = tokio::task::spawn_blocking(move || shared.erasures.add(customer)).await;
        added.map_err(io::Error::other)??;
        self.shared.offered.notify_one();
        Ok(())
    }

    #[must_use]
    pub fn counts(&self) -> OnlineCounts {
        let (written, failed) =
            (self.shared.written.load(Ordering::Relaxed), self.shared.failed.load(Ordering::Relaxed));
        let erasures = self.shared.erasures.len();
        let waiting = self.shared.waiting();
        let (replaced, dropped) = (waiting.replaced, waiting.dropped);
        OnlineCounts { written, replaced, dropped, failed, waiting: waiting.len(), erasures }
    }

    /// Whether the server took what it was last given, which is at most a few seconds ago.
    #[must_use]
    pub fn answers(&self) -> bool {
        self.shared.answers.load(Ordering::Relaxed)
    }

    /// Waits until nothing waits, at most so long.
    pub async fn drain(&self, at_most: Duration) {
        let began = Instant::now();
        while self.shared.len() > 0 && began.elapsed() < at_most {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Drop for Online {
    fn drop(&mut self) {
        self.tasks.stop();
        self.writer.abort();
    }
}
