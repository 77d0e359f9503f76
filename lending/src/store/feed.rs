//! What a store tells the process around it: outbox rows as they are committed, whose turn it is to relay them, and
//! what other processes have changed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{mpsc, watch};
use weir_messages::ApplicationId;

use super::OutboxRow;

/// News handed over in memory; what does not fit is looked for every second.
const MAX_NEWS: usize = 1_024;
/// Groups of commits whose outbox rows are handed over in memory; what does not fit is read from the table.
const MAX_GROUPS: usize = 64;

/// Outbox rows as they are committed, for the relay.
#[derive(Debug)]
pub struct OutboxFeed {
    pub(crate) rows: mpsc::Receiver<Vec<OutboxRow>>,
    /// The last number committed by any process, whether or not its row fitted into `rows`.
    pub(crate) committed: Arc<AtomicU64>,
    /// Of all processes on one database one relays, and looks after payouts that nobody else does.
    pub(crate) turn: watch::Receiver<bool>,
}

/// What may have changed without this process having done it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    Applications(Vec<ApplicationId>),
    /// Something may have been missed.
    Anything,
}

/// The end that the store holds.
#[derive(Debug, Clone)]
pub(super) struct Teller {
    rows: mpsc::Sender<Vec<OutboxRow>>,
    committed: Arc<AtomicU64>,
    news: mpsc::Sender<News>,
}

impl Teller {
    /// Rows of an own commit, in memory, at once.
    pub(super) fn hand_over(&self, rows: Vec<OutboxRow>) {
        if let Some(last) = rows.last() {
            self.committed.fetch_max(last.number, Ordering::AcqRel);
            self.rows.try_send(rows).ok();
        }
    }

    /// The outbox stands at `number`; the relay finds in the table what it does not have.
    pub(super) fn reached(&self, number: u64) {
        if self.committed.fetch_max(number, Ordering::AcqRel) < number {
            self.rows.try_send(Vec::new()).ok();
        }
    }

    pub(super) fn tell(&self, news: News) {
        self.news.try_send(news).ok();
    }
}

/// Both ends. `committed` is where the outbox stands now.
pub(super) fn feed(committed: u64, turn: watch::Receiver<bool>) -> (Teller, OutboxFeed, mpsc::Receiver<News>) {
    let ((sender, rows), (news, heard)) = (mpsc::channel(MAX_GROUPS), mpsc::channel(MAX_NEWS));
    let committed = Arc::new(AtomicU64::new(committed));
    let teller = Teller { rows: sender, committed: Arc::clone(&committed), news };
    (teller, OutboxFeed { rows, committed, turn }, heard)
}
