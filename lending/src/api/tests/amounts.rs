//! However much is repaid, the books can be summed and verified.

use super::*;

#[tokio::test]
async fn a_repayment_above_the_bound_is_refused_and_the_books_verify() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::open(folder.path()).await;
    for id_number in ["L01X00T471", "L01X00T472"] {
        let loan = desk.running(id_number).await;
        let error = desk.repay(&loan, "huge", "92233720368547758.07").await.unwrap_err();
        assert_eq!((error.kind(), error.field()), (ErrorKind::Invalid, Some("amount")));
        assert!(error.to_string().contains("at most 10000000000.00 EUR"), "{error}");
        assert_eq!(desk.repay(&loan, "large", "10000000000.00").await.unwrap().value().state, LoanStatus::Overpaid);
        assert_eq!(desk.repay(&loan, "small", "1.00").await.unwrap().value().state, LoanStatus::Overpaid);
    }
    desk.assert_books_balance().await;
}
