//! From application to the last repayment.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_loan_lives_from_application_to_closing_and_the_books_balance() {
    let folder = tempfile::tempdir().unwrap();
    a_life(&Desk::open(folder.path()).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_loan_lives_on_postgresql_as_it_does_on_sqlite() {
    let Some(database) = crate::store::TestDatabase::of("a_loan_lives_on_postgresql_as_it_does_on_sqlite").await else {
        return;
    };
    let desk = Desk::at(database.database(), Arc::new(Channel::default())).await;
    a_life(&desk).await;
    desk.lending.close().await;
}

async fn a_life(desk: &Desk) {
    let signed = desk.signed().await;
    assert_eq!((signed.state, signed.outstanding.as_str()), (LoanStatus::PayingOut, "0.00"));
    let mut loan = desk.until(&signed.loan, LoanStatus::Active).await;
    for installment in loan.installments.clone() {
        let noon = format!("{}T12:00:00Z", installment.due_on);
        desk.clock.move_to(KnownTime::parse(&noon).unwrap());
        desk.lending.end_day(installment.due_on).await.unwrap();
        assert_eq!(desk.lending.end_day(installment.due_on).await.unwrap(), 0, "a day ends once");
        let due = desk.lending.loan(&loan.loan).await.unwrap().due;
        let repayment = RepaymentRequest {
            repayment: format!("r{}", installment.number),
            amount: due,
            currency: "EUR".to_owned(),
            value_on: None,
        };
        let key = request(&format!("repay {}", installment.number), b"");
        loan = desk.lending.repay(&signed.loan, &repayment, &key).await.unwrap().value();
        assert!(desk.lending.repay(&signed.loan, &repayment, &key).await.unwrap().replayed());
    }
    assert_eq!((loan.state, loan.outstanding.as_str()), (LoanStatus::Closed, "0.00"));
    desk.assert_books_balance().await;
    assert_eq!(desk.told(EventType::LoanClosed).await.len(), 1);
    assert_eq!(
        (desk.told(EventType::LoanDisbursed).await.len(), desk.told(EventType::LoanRepaid).await.len()),
        (1, 12)
    );
    let bank = desk.lending.ledger_statement(&"house:bank:EUR".parse().unwrap(), 0, 100).await.unwrap();
    assert_eq!((bank.len(), bank[0].amount.as_str()), (13, "-1200.00"));
}

#[tokio::test]
async fn an_application_reaches_the_log_with_tokens_and_an_age() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::open(folder.path()).await;
    let customer = desk.customer("L01X00T471").await;
    let answer = desk.submit(&customer, "k1").await.unwrap().value();
    let told = desk.told(EventType::Application).await;
    let payload: weir_messages::events::Application = told[0].decode().unwrap();
    assert_eq!((payload.application, payload.age, payload.amount.as_str()), (answer.application, 33, "1200.00"));
    assert!(payload.device.unwrap().starts_with("tok_t_") && payload.ip.unwrap().starts_with("tok_t_"));
    assert_eq!((told[0].source.as_str(), &told[0].subject), ("weir/lending", &customer));
}

#[tokio::test]
async fn an_application_from_a_device_or_an_address_that_names_nobody_is_refused_by_the_field() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::open(folder.path()).await;
    let customer = desk.customer("L01X00T471").await;
    for (field, text) in
        [("device", ""), ("device", "\0"), ("device", &*"x".repeat(257)), ("ip", "0.0.0.0"), ("ip", "")]
    {
        let mut asked = application(&customer, "1000.00");
        let clear = Some(text.to_owned().into());
        if field == "ip" {
            asked.ip = clear
        } else {
            asked.device = clear
        }
        let refused = desk.lending.submit_application(asked, &request("a", b"")).await.unwrap_err();
        assert!(matches!(&refused, LendingError::Invalid { field: found, .. } if found == field), "{refused}");
    }
}

#[tokio::test]
async fn the_same_key_gets_the_first_answer_and_another_request_under_it_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::open(folder.path()).await;
    let customer = desk.customer("L01X00T471").await;
    let first = desk.submit(&customer, "k1").await.unwrap();
    let again = desk.submit(&customer, "k1").await.unwrap();
    assert_eq!((again.value(), again.replayed(), first.replayed()), (first.value(), true, false));
    let other = desk.lending.submit_application(application(&customer, "900.00"), &request("k1", b"900")).await;
    assert_eq!(other.unwrap_err().code(), "idempotency_key_reused");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_applications_at_once_one_customer_has_one_open() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Arc::new(Desk::open(folder.path()).await);
    let customer = desk.customer("L01X00T471").await;
    let mut racing = tokio::task::JoinSet::new();
    for racer in 0..20 {
        let (desk, customer) = (Arc::clone(&desk), customer.clone());
        racing.spawn(async move { desk.submit(&customer, &format!("k{racer}")).await });
    }
    let answers = racing.join_all().await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    assert!(answers.iter().filter_map(|answer| answer.as_ref().err()).all(|error| error.code() == "application_open"));
    assert_eq!(desk.told(EventType::Application).await.len(), 1);
}

#[tokio::test]
async fn the_first_decision_stands_and_wakes_who_waits() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::open(folder.path()).await;
    let customer = desk.customer("L01X00T471").await;
    let applied = desk.submit(&customer, "k1").await.unwrap().value().application;
    let waiting = desk.lending.clone();
    let (id, patience) = (applied.clone(), Duration::from_secs(20));
    let waiter = tokio::spawn(async move { waiting.wait_for_decision(&id, patience).await.unwrap().state });
    tokio::time::sleep(Duration::from_millis(50)).await;
    let declined = decision(&applied, &customer, Decided::Decline, None);
    assert_eq!(desk.lending.apply_decision(&declined, RECORD).await.unwrap(), DecisionTaken::Applied);
    assert_eq!(waiter.await.unwrap(), ApplicationStatus::Declined);
    let second = approval(&applied, &customer, "5000.00");
    assert_eq!(desk.lending.apply_decision(&second, RECORD).await.unwrap(), DecisionTaken::AlreadyDecided);
    assert_eq!(desk.lending.decision_record(&applied).await.unwrap(), Some(RECORD));
    assert_eq!(desk.lending.decided(None, 9, |_| true).await.unwrap(), [(applied.clone(), RECORD)]);
    assert_eq!(desk.lending.decided(Some(applied.to_string()), 9, |_| true).await.unwrap(), []);
    assert_eq!(desk.lending.decided(None, 9, |place| *place != RECORD).await.unwrap(), []);
    let stranger = approval(&"a_unknown".into(), &customer, "5000.00");
    assert_eq!(desk.lending.apply_decision(&stranger, RECORD).await.unwrap(), DecisionTaken::UnknownApplication);
    assert!(desk.submit(&customer, "k2").await.is_ok(), "a declined application is no longer open");
}

#[tokio::test]
async fn what_is_granted_is_never_more_than_was_asked_for_and_never_less_than_the_product_lends() {
    use ApplicationStatus::{Approved, Declined, InReview};
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::open(folder.path()).await;
    for (number, limit, state, reason) in [
        (1, "5000.00", Approved, "score"),
        (2, "800.00", Approved, "score"),
        (3, "199.99", Declined, "limit_below_product_minimum"),
        (4, "much", InReview, "offer_unreadable"),
    ] {
        let customer = desk.customer(&format!("L01X00T47{number}")).await;
        let applied = desk.submit(&customer, &format!("k{number}")).await.unwrap().value().application;
        desk.lending.apply_decision(&approval(&applied, &customer, limit), RECORD).await.unwrap();
        let answer = desk.lending.application(&applied).await.unwrap();
        assert_eq!((answer.state, answer.reasons[0].code.as_str()), (state, reason), "{limit}");
        let granted = answer.offer.map(|offer| offer.amount);
        let expected = [Some("1200.00"), Some("800.00"), None, None][number - 1];
        assert_eq!(granted.as_deref(), expected);
    }
}

#[tokio::test]
async fn only_the_contract_that_was_shown_is_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::open(folder.path()).await;
    let customer = desk.customer("L01X00T471").await;
    let applied = desk.submit(&customer, "k1").await.unwrap().value().application;
    let early = desk.draw(&applied).await.unwrap_err();
    assert_eq!(early.code(), "application_state");
    desk.lending.apply_decision(&approval(&applied, &customer, "5000.00"), RECORD).await.unwrap();
    let not_yet = desk.lending.contract(&applied).await.unwrap_err();
    assert_eq!(not_yet.to_string(), format!("application {applied} is approved, and its contract is not drawn up yet"));
    assert_eq!(desk.lending.application(&applied).await.unwrap().state, ApplicationStatus::Approved);
    let shown = desk.draw(&applied).await.unwrap();
    assert_eq!(desk.draw(&applied).await.unwrap(), shown, "drawn up twice, and the same text");
    assert_eq!(desk.lending.contract(&applied).await.unwrap(), shown);
    let other = Acceptance { contract_hash: "0".repeat(64) };
    let error = desk.lending.accept(&applied, &other, &request("k2", b"")).await.unwrap_err();
    assert_eq!((error.code(), error.field()), ("contract_hash_differs", Some("contract_hash")));
    assert!(error.to_string().contains(&shown.contract_hash) && error.to_string().contains(&other.contract_hash));
}

#[tokio::test]
async fn what_the_log_did_not_take_is_published_once_it_does_even_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::open(folder.path()).await;
    desk.published.1.store(true, Ordering::SeqCst);
    let ids = ["L01X00T471", "L01X00T472", "L01X00T473"];
    let mut expected = Vec::new();
    for (number, id) in (1..).zip(ids) {
        if number == 3 {
            assert!(desk.lending.oldest_unpublished().is_some());
        }
        let customer = desk.customer(id).await;
        let answer = desk.submit(&customer, id).await.unwrap();
        expected.push(answer.value().application.to_string());
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    desk.lending.close().await;
    let desk = Desk::open(folder.path()).await;
    let customer = desk.customer("L01X00T474").await;
    expected.push(desk.submit(&customer, "k4").await.unwrap().value().application.to_string());
    let ids = async || -> Vec<String> {
        desk.told(EventType::Application).await.iter().map(|event| event.id.to_string()).collect()
    };
    for _ in 0..100 {
        if ids().await.len() == expected.len() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(ids().await, expected, "in order, each once");
}
