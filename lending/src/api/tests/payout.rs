//! Whatever the payment channel does, a payout ends as it ended there, and is paid once.

use super::*;

async fn paid_in_spite_of(faults: &[Fault]) {
    let folder = tempfile::tempdir().unwrap();
    let channel = Arc::new(Channel::default());
    channel.faults.lock().unwrap().extend(faults);
    let desk = Desk::open_with(folder.path(), channel).await;
    let loan = desk.signed().await.loan;
    desk.until(&loan, LoanStatus::Active).await;
    let orders = desk.channel.orders.lock().unwrap().clone();
    assert_eq!(orders.len(), 1, "never ordered under another id: {orders:?}");
    assert!(orders.values().all(|(_, outcome)| *outcome == Some(Outcome::Succeeded)));
    let bank = desk.lending.ledger_statement(&"house:bank:EUR".parse().unwrap(), 0, 100).await.unwrap();
    assert_eq!(bank.iter().map(|line| line.amount.as_str()).collect::<Vec<_>>(), ["-1200.00"]);
    desk.assert_books_balance().await;
}

#[tokio::test]
async fn an_answer_that_comes_too_late_is_asked_for_and_not_paid_again() {
    paid_in_spite_of(&[Fault::Late]).await;
}

#[tokio::test]
async fn an_order_that_was_lost_is_sent_again_with_the_same_id() {
    paid_in_spite_of(&[Fault::Lost, Fault::Lost]).await;
}

#[tokio::test]
async fn an_order_lost_and_then_answered_late_is_paid_once() {
    paid_in_spite_of(&[Fault::Lost, Fault::Late]).await;
}

#[tokio::test]
async fn a_definite_failure_leaves_the_books_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let channel = Arc::new(Channel::default());
    channel.faults.lock().unwrap().push_back(Fault::Refused);
    let desk = Desk::open_with(folder.path(), channel).await;
    let loan = desk.signed().await.loan;
    desk.until(&loan, LoanStatus::PayoutFailed).await;
    assert!(desk.lending.trial_balance().await.unwrap().iter().all(|line| line.balance == "0.00"));
    desk.assert_books_balance().await;
}

#[tokio::test]
async fn a_payout_under_way_at_a_restart_is_asked_for_before_it_is_paid() {
    let folder = tempfile::tempdir().unwrap();
    let channel = Arc::new(Channel::default());
    // Paid, but the answer is lost with the process.
    channel.faults.lock().unwrap().push_back(Fault::Late);
    let desk = Desk::open_with(folder.path(), Arc::clone(&channel)).await;
    let loan = desk.signed().await.loan;
    while channel.orders.lock().unwrap().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    desk.lending.close().await;
    let desk = Desk::open_with(folder.path(), Arc::clone(&channel)).await;
    desk.until(&loan, LoanStatus::Active).await;
    let orders = channel.orders.lock().unwrap().clone();
    assert_eq!(orders.values().map(|(count, _)| *count).collect::<Vec<_>>(), [1], "ordered once");
}
