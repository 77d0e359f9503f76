//! One item that cannot be handled is parked, and the rest goes on.

use super::*;
use crate::store::ParkedKind;

const AT: [Place; 3] = [place(11), place(12), place(13)];

const fn place(offset: u64) -> Place {
    Place::new(Topic::Decisions, Position { partition: 0, offset })
}

/// A product that the lender may withdraw.
fn other() -> Product {
    let mut other = Product::consumer_instalment();
    other.reference.name = "other".to_owned();
    other
}

impl Desk {
    async fn without_other(folder: &Path) -> Self {
        Self::open(folder).await
    }

    async fn with_other(folder: &Path) -> Self {
        let database = Database::Sqlite(folder.join("lending.db"));
        Self::with(database, Arc::new(Channel::default()), vec![Product::consumer_instalment(), other()]).await
    }

    async fn applied_for(&self, product: &str, id_number: &str) -> (ApplicationId, CustomerId) {
        let customer = self.customer(id_number).await;
        let asked = ApplicationRequest { product: product.to_owned(), ..application(&customer, "1200.00") };
        let submitted = self.lending.submit_application(asked, &request(id_number, b"")).await.unwrap();
        (submitted.value().application, customer)
    }

    async fn parked(&self) -> Vec<ParkedAnswer> {
        self.lending.parked(None, None, 100).await.unwrap()
    }

    async fn until_parked(&self, kind: &str) -> ParkedAnswer {
        for _ in 0..600 {
            if let Some(parked) = self.parked().await.into_iter().find(|one| one.kind == kind) {
                return parked;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("no {kind} was ever parked");
    }

    async fn until_nothing_is_parked(&self) {
        for _ in 0..600 {
            if self.parked().await.is_empty() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("still parked: {:?}", self.parked().await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_decision_without_its_product_parks_until_it_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::with_other(folder.path()).await;
    let (gone, of_gone) = desk.applied_for("other", "L01X00T471").await;
    let (declined, of_declined) = desk.applied_for("other", "L01X00T472").await;
    let (sound, of_sound) = desk.applied_for("consumer_instalment", "L01X00T473").await;
    desk.lending.close().await;

    let desk = Desk::without_other(folder.path()).await;
    let made = approval(&gone, &of_gone, "5000.00");
    let batch = vec![
        (AT[0], made.clone()),
        (AT[1], decision(&declined, &of_declined, Decided::Decline, None)),
        (AT[2], approval(&sound, &of_sound, "5000.00")),
    ];
    let taken = desk.lending.apply_decisions(batch).await.unwrap();
    assert_eq!(taken, [DecisionTaken::Parked, DecisionTaken::Applied, DecisionTaken::Applied]);
    assert_eq!(desk.state(&declined).await, ApplicationStatus::Declined, "a decline needs no product");
    assert_eq!(
        (desk.state(&gone).await, desk.state(&sound).await),
        (ApplicationStatus::Submitted, ApplicationStatus::Approved)
    );
    let missing = desk.lending.missing_products().await.unwrap();
    assert_eq!((missing.applications, missing.first), (1, vec![gone.clone()]));
    let parked = desk.until_parked("decision").await;
    assert_eq!((parked.id.as_str(), parked.retry, parked.attempts), (gone.as_str(), Retry::Later, 1));
    assert!(parked.cause.contains("other"), "{}", parked.cause);
    desk.decisions.0.lock().unwrap().insert(AT[0], made.clone());
    assert_eq!(desk.lending.retry_parked(ParkedKind::Decision, &parked.id).await.unwrap(), RetryOutcome::Parked);
    assert_eq!(desk.until_parked("decision").await.attempts, 2);
    desk.lending.close().await;

    let desk = Desk::with_other(folder.path()).await;
    desk.decisions.0.lock().unwrap().insert(AT[0], made);
    assert_eq!(desk.lending.retry_due().await.unwrap(), 0, "it was tried a moment ago");
    desk.clock.move_to(KnownTime::parse("2024-01-15T10:11:00Z").unwrap());
    assert_eq!(desk.lending.retry_due().await.unwrap(), 1);
    assert_eq!(desk.state(&gone).await, ApplicationStatus::Approved);
    assert!(desk.parked().await.is_empty());
    let missing = desk.lending.retry_parked(ParkedKind::Decision, &parked.id).await.unwrap_err();
    assert_eq!(missing.code(), "not_found");
}

#[tokio::test]
async fn a_record_that_is_no_decision_parks_under_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::open(folder.path()).await;
    let reason = r#"invalid type: string "Annabella Bergmann", expected a number"#.to_owned();
    desk.lending.park_unreadable_decision(AT[0], reason).await.unwrap();
    let parked = desk.until_parked("decision").await;
    assert_eq!((parked.id.as_str(), parked.retry), ("weir.decisions:0:11", Retry::Never));
    assert!(parked.cause.contains("invalid type") && !parked.cause.contains("Annabella"), "{}", parked.cause);
    desk.clock.move_to(KnownTime::parse("2024-01-16T10:00:00Z").unwrap());
    assert_eq!(desk.lending.retry_due().await.unwrap(), 0, "what never helps is not tried by itself");
    assert_eq!(desk.parked().await[0].attempts, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_loan_whose_day_cannot_end_parks_and_the_others_end() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::open(folder.path()).await;
    let mut loans = Vec::new();
    for number in 1..=5 {
        loans.push(desk.running(&format!("L01X00T47{number}")).await);
    }
    let due_on = desk.lending.loan(&loans[0]).await.unwrap().installments[0].due_on;
    desk.clock.move_to(KnownTime::parse(&format!("{due_on}T12:00:00Z")).unwrap());
    let broken = format!(
        "update stream_events set body = replace(body, 'payout_succeeded.v1', 'damaged') where stream = 'loan:{}'",
        loans[0]
    );
    tamper(folder.path(), &broken).await;
    assert_eq!(desk.lending.end_day(due_on).await.unwrap(), 4, "pages behind it end too");
    let parked = desk.until_parked("day_end").await;
    assert_eq!((parked.id.as_str(), parked.retry), (loans[0].as_str(), Retry::Never));
    let counts = desk.lending.parked_counts().await.unwrap();
    assert_eq!(counts.iter().map(|one| (one.kind, one.count)).collect::<Vec<_>>(), [(ParkedKind::DayEnd, 1)]);
    tamper(folder.path(), &broken.replace("'payout_succeeded.v1', 'damaged'", "'damaged', 'payout_succeeded.v1'"))
        .await;
    assert_eq!(desk.lending.end_day(due_on).await.unwrap(), 1);
    assert!(desk.parked().await.is_empty(), "a day that ended is parked no more");
    desk.assert_books_balance().await;
}

#[tokio::test]
async fn a_payout_that_cannot_go_on_parks_and_is_paid_once_when_retried() {
    let folder = tempfile::tempdir().unwrap();
    let channel = Arc::new(Channel::default());
    channel.faults.lock().unwrap().push_back(Fault::Lost);
    let desk = Desk::open_with(folder.path(), Arc::clone(&channel)).await;
    let loan = desk.signed().await.loan;
    while channel.orders.lock().unwrap().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    desk.lending.close().await;
    tamper(folder.path(), "update vault set field = 'gone' where field = 'card'").await;

    let desk = Desk::open_with(folder.path(), Arc::clone(&channel)).await;
    let parked = desk.until_parked("payout").await;
    assert_eq!((parked.id.as_str(), parked.retry), (loan.as_str(), Retry::Later));
    let sound = desk.signed_by("L01X00T472").await.loan;
    desk.until(&sound, LoanStatus::Active).await;
    tamper(folder.path(), "update vault set field = 'card' where field = 'gone'").await;
    assert_eq!(desk.lending.retry_parked(ParkedKind::Payout, loan.as_str()).await.unwrap(), RetryOutcome::Started);
    desk.until(&loan, LoanStatus::Active).await;
    desk.until_nothing_is_parked().await;
    assert_eq!(channel.orders.lock().unwrap().len(), 2, "each under one id");
    desk.assert_books_balance().await;
}

#[tokio::test]
async fn a_payout_that_panics_parks_and_frees_its_loan() {
    let folder = tempfile::tempdir().unwrap();
    let channel = Arc::new(Channel::default());
    channel.faults.lock().unwrap().push_back(Fault::Panic);
    let desk = Desk::open_with(folder.path(), channel).await;
    let loan = desk.signed().await.loan;
    let parked = desk.until_parked("payout").await;
    assert_eq!((parked.id.as_str(), parked.retry), (loan.as_str(), Retry::Never));
    desk.lending.retry_parked(ParkedKind::Payout, loan.as_str()).await.unwrap();
    desk.until(&loan, LoanStatus::Active).await;
    desk.until_nothing_is_parked().await;
}

#[tokio::test]
async fn an_event_that_the_log_never_takes_parks_and_those_behind_it_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::open(folder.path()).await;
    desk.published.1.store(true, Ordering::SeqCst);
    let applications = desk.four_applications().await;
    desk.published.2.lock().unwrap().insert(applications[1].clone());
    desk.published.1.store(false, Ordering::SeqCst);
    let parked = desk.until_parked("outbox").await;
    assert_eq!((parked.id.as_str(), parked.retry), (applications[1].as_str(), Retry::Never));
    desk.until_published(&[&applications[0], &applications[2], &applications[3]]).await;
    desk.published.2.lock().unwrap().clear();
    assert_eq!(desk.lending.retry_parked(ParkedKind::Outbox, &parked.id).await.unwrap(), RetryOutcome::Done);
    desk.until_published(&[&applications[0], &applications[2], &applications[3], &applications[1]]).await;
    assert!(desk.parked().await.is_empty());
}

/// More than the relay holds in memory: the rest is read from the table.
#[tokio::test]
async fn events_of_a_long_outage_are_published_in_order_when_it_ends() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::open(folder.path()).await;
    desk.published.1.store(true, Ordering::SeqCst);
    let mut applications = desk.four_applications().await;
    let customer = desk.customer("L01X00T479").await;
    applications.push(desk.submit(&customer, "k9").await.unwrap().value().application.to_string());
    desk.published.1.store(false, Ordering::SeqCst);
    desk.until_published(&applications.iter().map(String::as_str).collect::<Vec<_>>()).await;
}

#[tokio::test]
async fn an_outbox_row_that_does_not_read_parks_and_those_behind_it_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::open(folder.path()).await;
    desk.published.1.store(true, Ordering::SeqCst);
    let applications = desk.four_applications().await;
    desk.lending.close().await;
    tamper(folder.path(), "update outbox set event = '{\"damaged\":1}' where number = 3").await;
    let desk = Desk::open(folder.path()).await;
    desk.until_published(&[&applications[0], &applications[1], &applications[3]]).await;
    let parked = desk.until_parked("outbox").await;
    assert_eq!((parked.id.as_str(), parked.retry), ("row:3", Retry::Never));
    assert_eq!(desk.lending.retry_parked(ParkedKind::Outbox, "row:3").await.unwrap(), RetryOutcome::Parked);
}

impl Desk {
    async fn four_applications(&self) -> Vec<String> {
        let mut applications = Vec::new();
        for number in 1..=4 {
            let customer = self.customer(&format!("L01X00T47{number}")).await;
            let submitted = self.submit(&customer, &format!("k{number}")).await.unwrap();
            applications.push(submitted.value().application.to_string());
        }
        applications
    }

    /// In this order.
    async fn until_published(&self, expected: &[&str]) {
        let mut published = Vec::new();
        for _ in 0..600 {
            published = self.published.0.lock().unwrap().iter().map(|event| event.id.to_string()).collect();
            if published == expected {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        assert_eq!(published, expected);
    }
}
