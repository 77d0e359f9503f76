//! Who may be erased: a customer with whom nothing is open, either way. What is open is named.

use std::collections::BTreeSet;

use super::*;
use crate::vault::CustomerKeys;

impl Desk {
    async fn erase(&self, customer: &CustomerId, key: &str) -> Result<(), LendingError> {
        self.lending.erase_customer(customer, &request(key, b"")).await.map(|_| ())
    }

    async fn customer_of(&self, loan: &LoanId) -> CustomerId {
        self.lending.loan(loan).await.unwrap().customer
    }

    async fn refuses_to_erase(&self, loan: &LoanId, status: LoanStatus) {
        let customer = self.customer_of(loan).await;
        let refused = self.erase(&customer, &format!("erase {status}")).await.unwrap_err();
        let text = format!("the customer has loan {loan} ({status}), and is erased only when nothing is open");
        assert_eq!((refused.code(), refused.to_string()), ("customer_not_settled", text));
    }

    async fn erases(&self, loan: &LoanId) {
        let customer = self.customer_of(loan).await;
        self.erase(&customer, "erase").await.unwrap();
        assert_eq!(self.lending.customer(&customer).await.unwrap_err().code(), "not_found");
    }

    async fn closed(folder: &Path) -> (Self, LoanId) {
        let desk = Self::open(folder).await;
        let loan = desk.signed().await.loan;
        desk.until(&loan, LoanStatus::Active).await;
        let payoff = desk.lending.loan(&loan).await.unwrap().payoff;
        assert_eq!(desk.repaid(&loan, "R1", &payoff).await.unwrap().state, LoanStatus::Closed);
        (desk, loan)
    }
}

#[tokio::test]
async fn an_open_application_keeps_its_customer_and_one_that_is_over_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::open(folder.path()).await;
    for (number, status) in (1..).zip(ApplicationStatus::ALL.iter().copied()) {
        // Its loan keeps the customer; loans are looked at below.
        if status == ApplicationStatus::Accepted {
            continue;
        }
        let (customer, id) = desk.brought_to(number, status).await;
        let erased = desk.erase(&customer, &format!("erase {number}")).await;
        if status.is_over() {
            erased.unwrap_or_else(|error| panic!("{status}: {error}"));
        } else {
            let text = format!("the customer has application {id} ({status}), and is erased only when nothing is open");
            assert_eq!(erased.unwrap_err().to_string(), text);
        }
    }
}

#[tokio::test]
async fn a_customer_whose_application_expired_today_is_erased_before_the_day_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::open(folder.path()).await;
    let (customer, _) = desk.brought_to(1, ApplicationStatus::Offered).await;
    desk.noon("2024-02-14");
    assert_eq!(desk.erase(&customer, "early").await.unwrap_err().code(), "customer_not_settled");
    desk.noon("2024-02-15");
    desk.erase(&customer, "erase").await.unwrap();
    desk.erase(&customer, "erase").await.unwrap();
    assert_eq!(desk.erase(&customer, "again").await.unwrap_err().code(), "not_found");
}

#[tokio::test]
async fn a_failed_payout_keeps_its_customer_until_it_is_cancelled() {
    let folder = tempfile::tempdir().unwrap();
    let (desk, loan) = Desk::payout_failed(folder.path(), &[]).await;
    desk.refuses_to_erase(&loan, LoanStatus::PayoutFailed).await;
    let asked = CancellationRequest { reason: CancellationReason::Withdrawn };
    desk.lending.cancel_loan(&loan, &asked, &request("cancel", b"")).await.unwrap();
    desk.erases(&loan).await;
}

#[tokio::test]
async fn a_credit_keeps_its_customer_until_it_is_refunded() {
    let folder = tempfile::tempdir().unwrap();
    let (desk, loan) = Desk::overpaid(folder.path()).await;
    desk.refuses_to_erase(&loan, LoanStatus::Overpaid).await;
    // The channel is asked again at once, and pays after that.
    desk.channel.faults.lock().unwrap().push_back(Fault::Lost);
    desk.lending.refund(&loan, &request("refund", b"")).await.unwrap();
    desk.refuses_to_erase(&loan, LoanStatus::Refunding).await;
    desk.until(&loan, LoanStatus::Closed).await;
    desk.erases(&loan).await;
}

#[tokio::test]
async fn what_comes_for_the_closed_loan_of_an_erased_customer_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let (desk, loan) = Desk::closed(folder.path()).await;
    let customer = desk.customer_of(&loan).await;
    assert_eq!(desk.repaid(&loan, "R2", "0.01").await.unwrap().state, LoanStatus::Overpaid);
    desk.lending.refund(&loan, &request("refund", b"")).await.unwrap();
    desk.until(&loan, LoanStatus::Closed).await;
    desk.erase(&customer, "erase").await.unwrap();
    let refused = desk.repaid(&loan, "R3", "10.00").await.unwrap_err();
    let text = format!("loan {loan} has nothing open and its customer is erased: a credit would be nobody's");
    assert_eq!((refused.code(), refused.to_string()), ("customer_erased", text));
    assert_eq!(desk.lending.loan(&loan).await.unwrap().state, LoanStatus::Closed);
    // What was booked before is told again as it was.
    assert!(desk.repaid(&loan, "R2", "0.01").await.is_ok());
    desk.assert_books_balance().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repayment_and_an_erasure_at_once_leave_no_credit_of_nobody() {
    for round in 0..20 {
        let folder = tempfile::tempdir().unwrap();
        let (desk, loan) = Desk::closed(folder.path()).await;
        let customer = desk.customer_of(&loan).await;
        let (erased, repaid) = tokio::join!(desk.erase(&customer, "erase"), desk.repaid(&loan, "R2", "10.00"));
        let state = desk.lending.loan(&loan).await.unwrap().state;
        assert_eq!(
            (erased.is_ok(), repaid.is_ok()),
            (state == LoanStatus::Closed, state == LoanStatus::Overpaid),
            "{round}"
        );
        assert_ne!(erased.is_ok(), repaid.is_ok(), "exactly one of them: {round}");
        desk.lending.close().await;
    }
}

#[tokio::test]
async fn a_customers_key_is_lent_until_the_customer_is_erased() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::open(folder.path()).await;
    let (customer, _) = desk.brought_to(1, ApplicationStatus::Withdrawn).await;
    let keys = CustomerKeys::new(&Database::Sqlite(folder.path().join("lending.db")), keyring([7; 32]));
    let asked = BTreeSet::from([customer.clone(), "nobody".into()]);
    let mut lent = keys.of(&asked).await.unwrap();
    let key = lent.remove(&customer).flatten().unwrap().unwrap();
    assert!(lent.is_empty() && key.open("p", &key.seal("p", b"x")).is_ok());
    let elsewhere = CustomerKeys::new(&Database::Sqlite(folder.path().join("lending.db")), keyring([8; 32]));
    assert!(elsewhere.of(&asked).await.unwrap().remove(&customer).flatten().unwrap().is_err());
    desk.erase(&customer, "erase").await.unwrap();
    let erased = keys.of(&asked).await.unwrap();
    assert!(erased.len() == 1 && erased[&customer].is_none(), "who was ours is not taken for a stranger");
}
