//! Gets every loan that is paying out to an outcome: pays, and while the outcome is unknown asks again with the same id,
//! ever more slowly. After a restart it asks before it pays, as the order may have gone out.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use weir_messages::LoanId;

use super::{Asked, Outcome, PaymentChannel, PayoutOrder};
use crate::api::LendingError;

/// Payouts under way at once.
const AT_ONCE: usize = 32;
const ASK_FIRST: Duration = Duration::from_millis(200);
const ASK_LAST: Duration = Duration::from_secs(60);
/// Finds payouts whose order was committed after its caller had gone, or whose process died.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// What the runner needs of lending.
#[async_trait]
pub(crate) trait Payouts: Send + Sync + 'static {
    /// Loans that are paying out and may have nobody who does it.
    async fn open(&self) -> Result<Vec<LoanId>, LendingError>;
    /// `None` where the loan is not paying out.
    async fn order(&self, loan: &LoanId) -> Result<Option<PayoutOrder>, LendingError>;
    async fn conclude(&self, loan: &LoanId, order: &PayoutOrder, outcome: Concluded) -> Result<(), LendingError>;
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Concluded {
    Succeeded,
    Failed { reason: String },
}

pub(crate) struct Runner<P> {
    pub(crate) payouts: Arc<P>,
    pub(crate) channel: Arc<dyn PaymentChannel>,
    pub(crate) ordered: mpsc::UnboundedReceiver<LoanId>,
}

impl<P: Payouts> Runner<P> {
    /// Until nobody can order any more.
    pub(crate) async fn run(mut self) {
        let permits = Arc::new(Semaphore::new(AT_ONCE));
        let (mut under_way, mut running) = (HashSet::new(), JoinSet::new());
        let mut look = tokio::time::interval(LOOK_EVERY);
        loop {
            let (loans, asks_first) = tokio::select! {
                Some(ended) = running.join_next() => {
                    if let Ok(loan) = ended {
                        under_way.remove(&loan);
                    }
                    continue;
                }
                loan = self.ordered.recv() => match loan {
                    Some(loan) => (vec![loan], false),
                    None => break,
                },
                _ = look.tick() => match self.payouts.open().await {
                    Ok(loans) => (loans, true),
                    Err(error) => {
                        tracing::warn!(%error, "open payouts cannot be read");
                        continue;
                    }
                },
            };
            for loan in loans.into_iter().filter(|loan| under_way.insert(loan.clone())).collect::<Vec<_>>() {
                let (payouts, channel, permits) =
                    (Arc::clone(&self.payouts), Arc::clone(&self.channel), Arc::clone(&permits));
                running.spawn(async move {
                    pay(&*payouts, &*channel, &permits, &loan, asks_first).await;
                    loan
                });
            }
        }
    }
}

/// Pays out one loan, however long it takes.
async fn pay<P: Payouts>(
    payouts: &P,
    channel: &dyn PaymentChannel,
    permits: &Semaphore,
    loan: &LoanId,
    asks_first: bool,
) {
    let (mut wait, mut sent) = (ASK_FIRST, asks_first);
    loop {
        let Ok(permit) = permits.acquire().await else { return };
        match attempt(payouts, channel, loan, sent).await {
            Ok(true) => return,
            Ok(false) => tracing::info!(%loan, ?wait, "payout has no outcome yet; asking again"),
            Err(error) => tracing::warn!(%loan, %error, ?wait, "payout cannot be concluded now"),
        }
        drop(permit);
        sent = true;
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(ASK_LAST);
    }
}

/// Whether nothing is left to do.
async fn attempt<P: Payouts>(
    payouts: &P,
    channel: &dyn PaymentChannel,
    loan: &LoanId,
    sent: bool,
) -> Result<bool, LendingError> {
    let Some(order) = payouts.order(loan).await? else { return Ok(true) };
    let asked = if sent { channel.ask(&order.payment).await } else { Asked::NotKnown };
    let outcome = match asked {
        Asked::Known(outcome) => outcome,
        Asked::NotKnown => channel.pay_out(&order).await,
    };
    let concluded = match outcome {
        Outcome::Succeeded => Concluded::Succeeded,
        Outcome::Failed { reason } => Concluded::Failed { reason },
        Outcome::Unknown => return Ok(false),
    };
    payouts.conclude(loan, &order, concluded).await.map(|()| true)
}
