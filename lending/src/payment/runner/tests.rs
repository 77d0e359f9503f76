//! Many payouts without an outcome leave room for those that come, and none is forgotten.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use weir_messages::privacy::Clear;
use weir_money::{Currency, Money};

use super::*;
use crate::loan::PaymentId;

/// Loans that are paying out.
#[derive(Default)]
struct Open {
    loans: Mutex<BTreeSet<LoanId>>,
}

#[async_trait]
impl Payouts for Open {
    async fn open(&self, after: Option<&LoanId>) -> Result<Vec<LoanId>, LendingError> {
        let loans = self.loans.lock().unwrap();
        Ok(loans.iter().filter(|loan| after.is_none_or(|after| *loan > after)).take(4).cloned().collect())
    }

    async fn order(&self, loan: &LoanId) -> Result<Option<PayoutOrder>, LendingError> {
        let amount = Money::from_minor_units(1, Currency::EUR);
        let order =
            || PayoutOrder { payment: PaymentId::new(loan.as_str()), amount, card: Clear::from("1".to_owned()) };
        Ok(self.loans.lock().unwrap().contains(loan).then(order))
    }

    async fn conclude(&self, loan: &LoanId, _: &PayoutOrder, _: Concluded) -> Result<(), LendingError> {
        self.loans.lock().unwrap().remove(loan);
        Ok(())
    }

    async fn is_parked(&self, _: &LoanId) -> Result<bool, LendingError> {
        Ok(false)
    }

    async fn park(&self, _: &LoanId, _: &LendingError) -> Result<(), LendingError> {
        Ok(())
    }
}

/// Knows nothing of the payouts that are stuck, until it answers.
#[derive(Debug, Default)]
struct Silent(AtomicBool);

#[async_trait]
impl PaymentChannel for Silent {
    async fn pay_out(&self, order: &PayoutOrder) -> Outcome {
        let stuck = order.payment.as_str().starts_with("stuck");
        if stuck && !self.0.load(Ordering::SeqCst) { Outcome::Unknown } else { Outcome::Succeeded }
    }

    async fn ask(&self, _: &PaymentId) -> Asked {
        Asked::NotKnown
    }
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..1_200 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("never: {what}");
}

#[tokio::test]
async fn payouts_without_an_outcome_leave_room_for_new_ones() {
    let (open, channel) = (Arc::new(Open::default()), Arc::new(Silent::default()));
    let stuck = (0..50).map(|number| LoanId::new(format!("stuck{number:02}")));
    open.loans.lock().unwrap().extend(stuck);
    let (orders, ordered) = mpsc::channel(1);
    let runner = Runner { payouts: Arc::clone(&open), channel: Arc::clone(&channel) as _, ordered };
    let running = tokio::spawn(runner.run());
    for number in 0..20 {
        let loan = LoanId::new(format!("new{number:02}"));
        open.loans.lock().unwrap().insert(loan.clone());
        orders.send(Ordered::new(loan)).await.unwrap();
    }
    until("new payouts are paid", || open.loans.lock().unwrap().iter().all(|loan| loan.as_str().starts_with("stuck")))
        .await;
    assert_eq!(open.loans.lock().unwrap().len(), 50);
    channel.0.store(true, Ordering::SeqCst);
    until("those that were stuck are paid", || open.loans.lock().unwrap().is_empty()).await;
    drop(orders);
    running.await.unwrap();
}

#[tokio::test]
async fn a_retry_is_not_lost_on_a_payout_that_is_just_ending() {
    let open = Arc::new(Open::default());
    let loan = LoanId::new("new");
    open.loans.lock().unwrap().insert(loan.clone());
    let mut running = Running::new(Arc::clone(&open), Arc::new(Silent::default()) as _);
    running.loans.insert(loan.clone());
    let ending = running.tasks.spawn(async {}).id();
    running.by_task.insert(ending, loan.clone());
    running.start(Ordered::again(loan));
    let ended = running.tasks.join_next_with_id().await.unwrap();
    running.ended(ended).await;
    assert_eq!(running.tasks.len(), 1, "it is tried again");
    running.tasks.join_next().await.unwrap().unwrap();
    assert!(open.loans.lock().unwrap().is_empty());
}
