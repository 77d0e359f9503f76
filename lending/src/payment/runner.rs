//! Gets every loan that is paying out to an outcome: pays, and while the outcome is unknown asks again with the same id,
//! ever more slowly. After a restart it asks before it pays, as the order may have gone out. A payout that cannot go on
//! for a reason of ours is parked.

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::{Id, JoinError, JoinSet};
use weir_messages::{LoanId, Retry};

use super::{Asked, Outcome, PaymentChannel, PayoutOrder};
use crate::api::LendingError;
use crate::loan::FailureReason;

/// Payouts that talk to the channel at once.
const MAX_CALLS: usize = 32;
/// Payouts that one process looks after at once. Beyond that they wait in the database, where they are found again.
const MAX_PAYOUTS: usize = 4_096;
const PAYOUTS: usize = if cfg!(test) { 8 } else { MAX_PAYOUTS };
/// Of these, as many are left for new orders.
const LEFT_FOR_ORDERS: usize = PAYOUTS / 4;
const ASK_FIRST: Duration = Duration::from_millis(if cfg!(test) { 10 } else { 200 });
const ASK_LAST: Duration = Duration::from_millis(if cfg!(test) { 50 } else { 60_000 });
/// Finds payouts whose order was committed after its caller had gone, or whose process died.
const LOOK_EVERY: Duration = Duration::from_millis(if cfg!(test) { 50 } else { 5_000 });

/// What the runner needs of lending.
#[async_trait]
pub(crate) trait Payouts: Send + Sync + 'static {
    /// Loans beyond `after` that are paying out and may have nobody who does it, in order, some at a time.
    async fn open(&self, after: Option<&LoanId>) -> Result<Vec<LoanId>, LendingError>;
    /// `None` where the loan is not paying out.
    async fn order(&self, loan: &LoanId) -> Result<Option<PayoutOrder>, LendingError>;
    async fn conclude(&self, loan: &LoanId, order: &PayoutOrder, outcome: Concluded) -> Result<(), LendingError>;
    async fn is_parked(&self, loan: &LoanId) -> Result<bool, LendingError>;
    async fn park(&self, loan: &LoanId, error: &LendingError) -> Result<(), LendingError>;
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Concluded {
    Succeeded,
    Failed { reason: FailureReason },
}

/// A payout to look after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ordered {
    loan: LoanId,
    why: Why,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    /// It was ordered just now: nobody can have paid it.
    New,
    /// It was parked, and somebody wants it tried again.
    Retry,
    /// It was found paying out.
    Found,
}

impl Ordered {
    pub(crate) const fn new(loan: LoanId) -> Self {
        Self { loan, why: Why::New }
    }

    /// Of a payout that is parked.
    pub(crate) const fn again(loan: LoanId) -> Self {
        Self { loan, why: Why::Retry }
    }
}

pub(crate) struct Runner<P> {
    pub(crate) payouts: Arc<P>,
    pub(crate) channel: Arc<dyn PaymentChannel>,
    pub(crate) ordered: mpsc::Receiver<Ordered>,
}

impl<P: Payouts> Runner<P> {
    /// Until nobody can order any more.
    pub(crate) async fn run(mut self) {
        let mut running = Running::new(Arc::clone(&self.payouts), self.channel);
        let mut look = tokio::time::interval(LOOK_EVERY);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        // Where the next look goes on, so that those with the greatest ids have their turn too.
        let mut after = None;
        loop {
            tokio::select! {
                Some(ended) = running.tasks.join_next_with_id() => running.ended(ended).await,
                ordered = self.ordered.recv() => match ordered {
                    Some(ordered) => running.start(ordered),
                    None => break,
                },
                _ = look.tick() => after = running.look(after).await,
            }
        }
    }
}

/// The payouts that are looked after.
struct Running<P> {
    payouts: Arc<P>,
    channel: Arc<dyn PaymentChannel>,
    tasks: JoinSet<()>,
    loans: HashSet<LoanId>,
    /// Of these, those to be tried again when they end.
    again: HashSet<LoanId>,
    by_task: HashMap<Id, LoanId>,
    places: Arc<Semaphore>,
    calls: Arc<Semaphore>,
}

impl<P: Payouts> Running<P> {
    fn new(payouts: Arc<P>, channel: Arc<dyn PaymentChannel>) -> Self {
        Self {
            payouts,
            channel,
            tasks: JoinSet::new(),
            loans: HashSet::new(),
            again: HashSet::new(),
            by_task: HashMap::new(),
            places: Arc::new(Semaphore::new(PAYOUTS)),
            calls: Arc::new(Semaphore::new(MAX_CALLS)),
        }
    }

    /// One that finds no place is found again when there is one.
    fn start(&mut self, Ordered { loan, why }: Ordered) {
        if self.loans.contains(&loan) {
            // It may just be finding out that it is parked, and must not swallow the wish.
            if why == Why::Retry {
                self.again.insert(loan);
            }
            return;
        }
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else { return };
        let payout = Payout {
            payouts: Arc::clone(&self.payouts),
            channel: Arc::clone(&self.channel),
            calls: Arc::clone(&self.calls),
            places: Arc::clone(&self.places),
            loan: loan.clone(),
            _place: place,
        };
        self.by_task.insert(self.tasks.spawn(payout.run(why)).id(), loan.clone());
        self.loans.insert(loan);
    }

    /// Takes up payouts beyond `after` while there are places; where the next look goes on.
    async fn look(&mut self, mut after: Option<LoanId>) -> Option<LoanId> {
        while self.places.available_permits() > LEFT_FOR_ORDERS {
            let found = match self.payouts.open(after.as_ref()).await {
                Ok(found) => found,
                Err(error) => {
                    tracing::warn!(%error, "open payouts cannot be read");
                    return after;
                }
            };
            // `None` at the end: the next look begins anew.
            after = found.last().cloned();
            if after.is_none() {
                break;
            }
            found.into_iter().for_each(|loan| self.start(Ordered { loan, why: Why::Found }));
        }
        after
    }

    async fn ended(&mut self, ended: Result<(Id, ()), JoinError>) {
        let id = ended.as_ref().map_or_else(JoinError::id, |(id, ())| *id);
        let Some(loan) = self.by_task.remove(&id) else { return };
        self.loans.remove(&loan);
        if ended.is_err_and(|error| error.is_panic())
            && let Err(error) = self.payouts.park(&loan, &LendingError::Panicked).await
        {
            tracing::warn!(%loan, %error, "a payout that panicked is not parked and will be found again");
        }
        if self.again.remove(&loan) {
            self.start(Ordered::again(loan));
        }
    }
}

/// One payout that is looked after.
struct Payout<P> {
    payouts: Arc<P>,
    channel: Arc<dyn PaymentChannel>,
    calls: Arc<Semaphore>,
    places: Arc<Semaphore>,
    loan: LoanId,
    _place: OwnedSemaphorePermit,
}

impl<P: Payouts> Payout<P> {
    /// Until it has an outcome, is parked, or its place is wanted by others.
    async fn run(self, why: Why) {
        let loan = &self.loan;
        if why == Why::Found && !matches!(self.payouts.is_parked(loan).await, Ok(false)) {
            return;
        }
        let (mut wait, mut sent) = (ASK_FIRST, why != Why::New);
        loop {
            let Ok(call) = self.calls.acquire().await else { return };
            match self.attempt(sent).await {
                Ok(true) => return,
                Ok(false) => tracing::info!(%loan, ?wait, "payout has no outcome yet; asking again"),
                Err(error) if error.retry() == Retry::Now => {
                    tracing::warn!(%loan, %error, ?wait, "payout cannot be concluded now");
                }
                Err(error) => match self.payouts.park(loan, &error).await {
                    Ok(()) => return,
                    Err(failed) => tracing::warn!(%loan, %error, %failed, ?wait, "payout cannot be parked now"),
                },
            }
            drop(call);
            if wait == ASK_LAST && self.places.available_permits() <= LEFT_FOR_ORDERS {
                return;
            }
            sent = true;
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(ASK_LAST);
        }
    }

    /// Whether nothing is left to do.
    async fn attempt(&self, sent: bool) -> Result<bool, LendingError> {
        let Some(order) = self.payouts.order(&self.loan).await? else { return Ok(true) };
        let asked = if sent { self.channel.ask(&order.payment).await } else { Asked::NotKnown };
        let outcome = match asked {
            Asked::Known(outcome) => outcome,
            Asked::NotKnown => self.channel.pay_out(&order).await,
        };
        let concluded = match outcome {
            Outcome::Succeeded => Concluded::Succeeded,
            Outcome::Failed { reason } => Concluded::Failed { reason },
            Outcome::Unknown => return Ok(false),
        };
        self.payouts.conclude(&self.loan, &order, concluded).await.map(|()| true)
    }
}
