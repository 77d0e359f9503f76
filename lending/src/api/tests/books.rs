//! The journal and the loans tell the same, and where they do not, both are named.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_and_an_event_that_were_changed_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::open(folder.path()).await;
    let (first, second) = (desk.running("L01X00T471").await, desk.running("L01X00T472").await);
    let third = desk.running("L01X00T473").await;
    desk.assert_books_balance().await;
    assert_eq!(desk.lending.latest_verification().unwrap().1.loans, 3);

    let line = format!("update journal_lines set minor_units = 119999 where account = 'loan:{first}:principal'");
    tamper(folder.path(), &line).await;
    let event = "update stream_events set body = replace(body, 'payout_succeeded.v1', 'payout_failed.v1')";
    let event = event.replace("'payout_failed.v1'", "'payout_failed.v1\",\"reason\":\"none'");
    let event = event.replace("set body = replace(", "set body = replace(replace(");
    let event = event.replace("none')", "none'), '\"value_on\":\"2024-01-15\",', '')");
    tamper(folder.path(), &format!("{event} where stream = 'loan:{second}'")).await;
    tamper(folder.path(), &format!("delete from stream_events where stream = 'loan:{third}'")).await;

    let verified = desk.lending.verify_books().await.unwrap();
    assert!(verified.broken.as_ref().is_some_and(|broken| broken.contains("its lines are not those")), "{verified:?}");
    let named = |loan: &LoanId, account: &str, difference: Option<&str>| {
        let found = verified.differences.iter().any(|one| {
            one.loan == loan.as_str()
                && one.account.as_deref() == Some(format!("loan:{loan}:{account}").as_str())
                && one.difference.as_deref() == difference
        });
        assert!(found, "{loan} {account} {difference:?}: {verified:#?}");
    };
    named(&first, "principal", Some("-0.01 EUR"));
    named(&second, "principal", Some("1200.00 EUR"));
    named(&third, "principal", None);
    assert_eq!((verified.different, verified.loans), (3, 2));
}

#[tokio::test]
async fn a_loan_that_does_not_read_is_named_and_the_others_are_compared() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::open(folder.path()).await;
    let (first, second) = (desk.running("L01X00T471").await, desk.running("L01X00T472").await);
    tamper(folder.path(), &format!("update stream_events set body = '{{}}' where stream = 'loan:{first}'")).await;
    let verified = desk.lending.verify_books().await.unwrap();
    assert_eq!((verified.loans, verified.different, verified.broken.as_deref()), (2, 1, None));
    assert_eq!((verified.differences[0].loan.as_str(), &verified.differences[0].account), (first.as_str(), &None));
    assert_ne!(first, second);
}

/// Each takes its turn: none is answered that others were there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_repayments_of_one_loan_at_once_are_all_booked() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Arc::new(Desk::open(folder.path()).await);
    let loan = desk.running("L01X00T471").await;
    let mut racing = tokio::task::JoinSet::new();
    for racer in 0..50 {
        let (desk, loan) = (Arc::clone(&desk), loan.clone());
        racing.spawn(async move { desk.repay(&loan, &format!("r{racer}"), "1.00").await.map(drop) });
    }
    for booked in racing.join_all().await {
        booked.unwrap();
    }
    let lines = desk.lending.ledger_statement(&"house:bank:EUR".parse().unwrap(), 0, 100).await.unwrap();
    assert_eq!(lines.iter().filter(|line| line.amount == "1.00").count(), 50);
    desk.assert_books_balance().await;
}
