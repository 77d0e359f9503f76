//! What a loan that went wrong can still be brought to: paid out on another try, cancelled, refunded, reversed.

use super::*;

impl Desk {
    /// A loan whose first payout failed, and what the channel does with the next orders.
    pub(super) async fn payout_failed(folder: &Path, next: &[Fault]) -> (Self, LoanId) {
        let channel = Arc::new(Channel::default());
        channel.faults.lock().unwrap().push_back(Fault::Refused);
        channel.faults.lock().unwrap().extend(next);
        let desk = Self::open_with(folder, channel).await;
        let loan = desk.signed().await.loan;
        desk.until(&loan, LoanStatus::PayoutFailed).await;
        (desk, loan)
    }

    pub(super) async fn overpaid(folder: &Path) -> (Self, LoanId) {
        let desk = Self::open(folder).await;
        let loan = desk.signed().await.loan;
        desk.until(&loan, LoanStatus::Active).await;
        let answer = desk.repaid(&loan, "R1", "1300.00").await.unwrap();
        assert_eq!((answer.state, answer.credit.as_str()), (LoanStatus::Overpaid, "100.00"));
        (desk, loan)
    }

    pub(super) async fn repaid(&self, loan: &LoanId, id: &str, amount: &str) -> Result<LoanAnswer, LendingError> {
        Ok(self.repay(loan, id, amount).await?.value())
    }

    async fn reverse(&self, loan: &LoanId, id: &str) -> Result<LoanAnswer, LendingError> {
        let asked = ReversalRequest { repayment: id.to_owned(), reason: ReversalReason::Returned };
        Ok(self.lending.reverse_repayment(loan, &asked, &request(&format!("reverse {id}"), b"")).await?.value())
    }

    /// How often each id was ordered, and whether it was paid: the paid ones last, as ids of one moment have no order.
    fn orders(&self) -> Vec<(u32, Option<Outcome>)> {
        let mut orders: Vec<_> = self.channel.orders.lock().unwrap().values().cloned().collect();
        orders.sort_by_key(|(_, outcome)| *outcome == Some(Outcome::Succeeded));
        orders
    }
}

fn failed() -> Option<Outcome> {
    Some(Outcome::Failed { reason: FailureReason::given("account closed") })
}

#[tokio::test]
async fn a_failed_payout_tells_its_code_and_is_retried_under_an_id_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let (desk, loan) = Desk::payout_failed(folder.path(), &[Fault::Late]).await;
    assert_eq!(desk.lending.loan(&loan).await.unwrap().payment_failure, Some(FailureCode::AccountClosed));
    let retried = desk.lending.retry_payout(&loan, &request("again", b"")).await.unwrap();
    assert_eq!((retried.value().state, retried.value().payment_failure), (LoanStatus::PayingOut, None));
    assert!(desk.lending.retry_payout(&loan, &request("again", b"")).await.unwrap().replayed());
    desk.until(&loan, LoanStatus::Active).await;
    assert_eq!(desk.orders(), [(1, failed()), (1, Some(Outcome::Succeeded))], "two ids, one paid once");
    let refused = desk.lending.retry_payout(&loan, &request("third", b"")).await.unwrap_err();
    assert_eq!(refused.to_string(), format!("loan {loan} is active, and only a payout that failed is ordered again"));
    desk.assert_books_balance().await;
}

#[tokio::test]
async fn a_failed_payout_is_retried_within_the_days_of_its_contract_and_cancelled_any_day() {
    let folder = tempfile::tempdir().unwrap();
    let (desk, loan) = Desk::payout_failed(folder.path(), &[]).await;
    desk.clock.move_to(KnownTime::parse("2024-01-21T12:00:00Z").unwrap());
    let late = desk.lending.retry_payout(&loan, &request("late", b"")).await.unwrap_err();
    assert_eq!((late.code(), late.field()), ("invalid_field", Some("payout")));
    let asked = CancellationRequest { reason: CancellationReason::PayoutFailed };
    let cancelled = desk.lending.cancel_loan(&loan, &asked, &request("c", b"")).await.unwrap().value();
    assert_eq!(
        (cancelled.state, cancelled.cancellation),
        (LoanStatus::Cancelled, Some(CancellationReason::PayoutFailed))
    );
    let again = desk.lending.cancel_loan(&loan, &asked, &request("d", b"")).await.unwrap().value();
    assert_eq!(again, cancelled);
    assert_eq!(desk.lending.retry_payout(&loan, &request("e", b"")).await.unwrap_err().code(), "loan_state");
    assert_eq!(desk.orders(), [(1, failed())]);
    desk.assert_books_balance().await;
}

#[tokio::test]
async fn a_credit_is_refunded_once_though_the_answer_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let (desk, loan) = Desk::overpaid(folder.path()).await;
    desk.channel.faults.lock().unwrap().extend([Fault::Lost, Fault::Late]);
    let ordered = desk.lending.refund(&loan, &request("refund", b"")).await.unwrap().value();
    assert_eq!((ordered.state, ordered.credit.as_str()), (LoanStatus::Refunding, "100.00"));
    let twice = desk.lending.refund(&loan, &request("another", b"")).await;
    assert!(twice.is_err(), "a second refund of the same credit");
    let closed = desk.until(&loan, LoanStatus::Closed).await;
    assert_eq!((closed.credit.as_str(), closed.refunded.as_str()), ("0.00", "100.00"));
    let amounts = desk.channel.paid.lock().unwrap().clone();
    assert_eq!(amounts, ["1200.00 EUR", "100.00 EUR"]);
    assert_eq!(desk.told(EventType::LoanClosed).await.len(), 1);
    let refused = desk.lending.refund(&loan, &request("none left", b"")).await.unwrap_err();
    assert_eq!(refused.to_string(), format!("loan {loan} is closed, and only a loan with a credit is refunded"));
    desk.assert_books_balance().await;
}

#[tokio::test]
async fn a_refund_that_failed_leaves_the_credit_and_is_ordered_again() {
    let folder = tempfile::tempdir().unwrap();
    let (desk, loan) = Desk::overpaid(folder.path()).await;
    desk.channel.faults.lock().unwrap().push_back(Fault::Refused);
    desk.lending.refund(&loan, &request("refund", b"")).await.unwrap();
    let overpaid = desk.until(&loan, LoanStatus::Overpaid).await;
    assert_eq!((overpaid.credit.as_str(), overpaid.payment_failure), ("100.00", Some(FailureCode::AccountClosed)));
    desk.lending.refund(&loan, &request("again", b"")).await.unwrap();
    desk.until(&loan, LoanStatus::Closed).await;
    desk.assert_books_balance().await;
}

#[tokio::test]
async fn a_refund_under_way_at_a_restart_is_asked_for_before_it_is_paid() {
    let folder = tempfile::tempdir().unwrap();
    let (desk, loan) = Desk::overpaid(folder.path()).await;
    // Paid, but the answer is lost with the process.
    desk.channel.faults.lock().unwrap().push_back(Fault::Late);
    desk.lending.refund(&loan, &request("refund", b"")).await.unwrap();
    while desk.channel.orders.lock().unwrap().len() < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    desk.lending.close().await;
    let desk = Desk::open_with(folder.path(), Arc::clone(&desk.channel)).await;
    desk.until(&loan, LoanStatus::Closed).await;
    assert!(desk.orders().iter().all(|(count, _)| *count == 1), "each ordered once: {:?}", desk.orders());
}

#[tokio::test]
async fn a_repayment_that_went_back_is_owed_again_and_reversed_once() {
    let folder = tempfile::tempdir().unwrap();
    let (desk, loan) = Desk::overpaid(folder.path()).await;
    let active = desk.reverse(&loan, "R1").await.unwrap();
    assert_eq!((active.state, active.credit.as_str()), (LoanStatus::Active, "0.00"));
    let asked = ReversalRequest { repayment: "R1".to_owned(), reason: ReversalReason::BookedInError };
    let again = desk.lending.reverse_repayment(&loan, &asked, &request("again", b"")).await.unwrap().value();
    assert_eq!(again, active);
    assert_eq!(desk.reverse(&loan, "R2").await.unwrap_err().code(), "loan_refused");
    desk.assert_books_balance().await;
}

#[tokio::test]
async fn a_reversal_after_the_refund_leaves_the_refund_owed_and_the_loan_can_still_close() {
    let folder = tempfile::tempdir().unwrap();
    let (desk, loan) = Desk::overpaid(folder.path()).await;
    desk.lending.refund(&loan, &request("refund", b"")).await.unwrap();
    desk.until(&loan, LoanStatus::Closed).await;
    let active = desk.reverse(&loan, "R1").await.unwrap();
    assert_eq!((active.state, active.payoff.as_str(), active.due.as_str()), (LoanStatus::Active, "1300.00", "100.00"));
    assert_eq!(desk.repaid(&loan, "R2", "1300.00").await.unwrap().state, LoanStatus::Closed);
    desk.assert_books_balance().await;
}
