//! Answers under an idempotency key: the same bytes for as long as they live, whatever today's form is.

use super::*;

#[tokio::test]
async fn a_replay_gives_the_first_bytes_and_status_of_any_release() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::open(folder.path()).await;
    let key = request("k1", b"").answered_with(200);
    let first = desk.lending.register_customer(registration("L01X00T471"), &key).await.unwrap();
    assert_eq!((first.status, first.replayed()), (Some(200), false));
    let again = desk.lending.register_customer(registration("L01X00T471"), &key).await.unwrap();
    assert_eq!((&again.body, again.status, again.replayed()), (&first.body, Some(200), true));
    desk.lending.close().await;
    // As an earlier release might have written it: another form, and no status.
    tamper(folder.path(), r#"update answered_requests set answer = '{ "of":"old" }', status = null"#).await;
    let desk = Desk::open(folder.path()).await;
    let old = desk.lending.register_customer(registration("L01X00T471"), &key).await.unwrap();
    assert_eq!((old.body.as_str(), old.status, old.replayed()), (r#"{ "of":"old" }"#, None, true));
}

#[tokio::test]
async fn an_answer_is_forgotten_when_its_days_are_over() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::open(folder.path()).await;
    let key = request("k1", b"");
    let register = || desk.lending.register_customer(registration("L01X00T471"), &key);
    register().await.unwrap();
    desk.clock.move_to(KnownTime::parse("2024-02-14T09:59:00Z").unwrap());
    desk.lending.forget_answers().await.unwrap();
    assert!(register().await.unwrap().replayed(), "30 days are not over");
    desk.clock.move_to(KnownTime::parse("2024-02-14T10:01:00Z").unwrap());
    desk.lending.forget_answers().await.unwrap();
    assert_eq!(register().await.unwrap_err().code(), "customer_registered", "it is a new request now");
}
