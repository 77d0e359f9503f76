//! Applications that end without a loan: withdrawn, expired, and decided too late.

use super::*;

async fn applied(desk: &Desk, id_number: &str, key: &str) -> (CustomerId, ApplicationId) {
    let customer = desk.customer(id_number).await;
    let application = desk.submit(&customer, key).await.unwrap().value().application;
    (customer, application)
}

impl Desk {
    pub(super) fn noon(&self, day: &str) {
        self.clock.move_to(KnownTime::parse(&format!("{day}T12:00:00Z")).unwrap());
    }

    pub(super) async fn state(&self, application: &ApplicationId) -> ApplicationStatus {
        self.lending.application(application).await.unwrap().state
    }

    async fn listed(&self, state: ApplicationStatus) -> Vec<ApplicationId> {
        let listed = self.lending.applications(Some(state), None, None, 9).await.unwrap();
        listed.into_iter().map(|one| one.application).collect()
    }

    /// Brings a new customer's application to a state.
    pub(super) async fn brought_to(&self, number: u32, status: ApplicationStatus) -> (CustomerId, ApplicationId) {
        let (customer, id) = applied(self, &format!("L01X00T47{number}"), &format!("k{number}")).await;
        let outcome = match status {
            ApplicationStatus::Submitted | ApplicationStatus::Withdrawn | ApplicationStatus::Expired => None,
            ApplicationStatus::InReview => Some(decision(&id, &customer, Decided::Review, None)),
            ApplicationStatus::Declined => Some(decision(&id, &customer, Decided::Decline, None)),
            ApplicationStatus::Approved | ApplicationStatus::Offered | ApplicationStatus::Accepted => {
                Some(approval(&id, &customer, "5000.00"))
            }
        };
        if let Some(decision) = outcome {
            self.lending.apply_decision(&decision, RECORD).await.unwrap();
        }
        if matches!(status, ApplicationStatus::Offered | ApplicationStatus::Accepted) {
            let shown = self.draw(&id).await.unwrap();
            if status == ApplicationStatus::Accepted {
                let acceptance = Acceptance { contract_hash: shown.contract_hash };
                let key = request(&format!("accept {number}"), b"");
                self.lending.accept(&id, &acceptance, &key).await.unwrap();
            }
        }
        match status {
            ApplicationStatus::Withdrawn => {
                let key = request(&format!("withdraw {number}"), b"");
                self.lending.withdraw_application(&id, &key).await.unwrap();
            }
            ApplicationStatus::Expired => {
                self.clock.move_to(KnownTime::from_micros(self.clock.now().micros() + 31 * 86_400_000_000));
                self.lending.expire_applications().await.unwrap();
            }
            ApplicationStatus::Submitted
            | ApplicationStatus::InReview
            | ApplicationStatus::Declined
            | ApplicationStatus::Approved
            | ApplicationStatus::Offered
            | ApplicationStatus::Accepted => {}
        }
        assert_eq!(self.state(&id).await, status);
        (customer, id)
    }
}

#[tokio::test]
async fn an_open_application_is_withdrawn_and_the_customer_applies_again() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::open(folder.path()).await;
    for (number, status) in (1..).zip(ApplicationStatus::ALL.iter().copied().filter(|one| !one.is_over())) {
        let (customer, id) = desk.brought_to(number, status).await;
        let key = request(&format!("w{number}"), b"");
        let withdrawn = desk.lending.withdraw_application(&id, &key).await.unwrap();
        assert_eq!(
            (withdrawn.value().state, withdrawn.value().offer),
            (ApplicationStatus::Withdrawn, None),
            "{status}"
        );
        assert_eq!(desk.listed(status).await, [], "{status}");
        assert!(desk.lending.withdraw_application(&id, &key).await.unwrap().replayed());
        let again = desk.lending.withdraw_application(&id, &request(&format!("x{number}"), b"")).await.unwrap();
        assert_eq!(again.value().state, ApplicationStatus::Withdrawn);
        let shown = desk.draw(&id).await.unwrap_err();
        assert_eq!(shown.code(), "application_state");
        let next = desk.submit(&customer, &format!("next {number}")).await.unwrap().value().application;
        desk.lending.withdraw_application(&next, &request(&format!("y{number}"), b"")).await.unwrap();
    }
}

#[tokio::test]
async fn what_is_over_is_not_withdrawn() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::open(folder.path()).await;
    for (number, status) in (1..).zip([ApplicationStatus::Declined, ApplicationStatus::Accepted]) {
        let (_, id) = desk.brought_to(number, status).await;
        let error = desk.lending.withdraw_application(&id, &request(&format!("w{number}"), b"")).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("application {id} is {status}, and only an open application is withdrawn")
        );
    }
}

#[tokio::test]
async fn a_decision_after_the_end_is_on_record_once_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::open(folder.path()).await;
    for (number, status) in (1..).zip([ApplicationStatus::Withdrawn, ApplicationStatus::Expired]) {
        let (customer, id) = desk.brought_to(number, status).await;
        assert_eq!(desk.lending.decision_record(&id).await.unwrap(), None);
        let late = approval(&id, &customer, "5000.00");
        assert_eq!(desk.lending.apply_decision(&late, RECORD).await.unwrap(), DecisionTaken::TooLate);
        assert_eq!(desk.lending.apply_decision(&late, RECORD).await.unwrap(), DecisionTaken::AlreadyDecided);
        assert_eq!(desk.state(&id).await, status);
        assert_eq!(desk.lending.decision_record(&id).await.unwrap(), Some(RECORD));
        let events = desk.lending.store.load(&crate::store::StreamId::application(&id)).await.unwrap();
        assert_eq!(events.len(), 3, "{events:?}");
    }
}

#[tokio::test]
async fn a_decision_repeated_after_a_withdrawal_is_none_that_came_too_late() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::open(folder.path()).await;
    let (customer, id) = desk.brought_to(1, ApplicationStatus::Approved).await;
    desk.lending.withdraw_application(&id, &request("w", b"")).await.unwrap();
    let repeated = approval(&id, &customer, "5000.00");
    assert_eq!(desk.lending.apply_decision(&repeated, RECORD).await.unwrap(), DecisionTaken::AlreadyDecided);
}

#[tokio::test]
async fn a_decision_after_the_last_day_is_too_late_before_the_day_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::open(folder.path()).await;
    let (customer, id) = applied(&desk, "L01X00T471", "k1").await;
    desk.noon("2024-02-15");
    let late = approval(&id, &customer, "5000.00");
    assert_eq!(desk.lending.apply_decision(&late, RECORD).await.unwrap(), DecisionTaken::TooLate);
    assert_eq!(desk.listed(ApplicationStatus::Expired).await, [id]);
    assert!(desk.submit(&customer, "k2").await.is_ok());
}

#[tokio::test]
async fn an_open_application_expires_after_its_days_and_is_seen_so_before_the_day_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::open(folder.path()).await;
    let open = ApplicationStatus::ALL.iter().copied().filter(|one| !one.is_over());
    let mut opened = Vec::new();
    for (number, status) in (1..).zip(open) {
        opened.push((desk.brought_to(number, status).await, status));
    }
    desk.noon("2024-02-14");
    assert_eq!(desk.lending.close_days().await.unwrap().applications, 0);
    for ((_, id), status) in &opened {
        let answer = desk.lending.application(id).await.unwrap();
        assert_eq!((answer.state, answer.valid_through.unwrap().to_string().as_str()), (*status, "2024-02-14"));
    }
    desk.noon("2024-02-15");
    for ((_, id), status) in &opened {
        let answer = desk.lending.application(id).await.unwrap();
        assert_eq!((answer.state, answer.valid_through), (ApplicationStatus::Expired, None), "{status}");
        assert_eq!(desk.listed(*status).await.len(), 1, "reading wrote nothing");
    }
    assert_eq!(desk.lending.close_days().await.unwrap().applications, 4);
    assert_eq!(desk.lending.close_days().await.unwrap().applications, 0, "an application expires once");
    assert_eq!(desk.listed(ApplicationStatus::Expired).await.len(), 4);
    for (number, ((customer, _), _)) in (1..).zip(&opened) {
        desk.submit(customer, &format!("again {number}")).await.unwrap();
    }
}

#[tokio::test]
async fn a_customer_whose_application_expired_today_applies_before_the_day_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::open(folder.path()).await;
    let (customer, id) = desk.brought_to(1, ApplicationStatus::Offered).await;
    desk.noon("2024-02-14");
    assert_eq!(desk.submit(&customer, "early").await.unwrap_err().code(), "application_open");
    desk.noon("2024-02-15");
    desk.submit(&customer, "in time").await.unwrap();
    assert_eq!(desk.listed(ApplicationStatus::Expired).await, [id]);
}

#[tokio::test]
async fn an_approval_older_than_its_validity_is_neither_contracted_nor_signed() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::open(folder.path()).await;
    let (_, approved) = desk.brought_to(1, ApplicationStatus::Approved).await;
    let (_, offered) = desk.brought_to(2, ApplicationStatus::Offered).await;
    desk.noon("2024-02-14");
    // Its days of payout have passed, so that it is drawn up anew: still within the validity of the approval.
    let shown = desk.draw(&offered).await.unwrap();
    desk.noon("2024-02-15");
    let refused = desk.draw(&approved).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        format!("application {approved} is expired, and only an approved application has a contract")
    );
    let acceptance = Acceptance { contract_hash: shown.contract_hash };
    let refused = desk.lending.accept(&offered, &acceptance, &request("s", b"")).await.unwrap_err();
    assert_eq!(refused.code(), "application_state");
    assert!(desk.lending.loans(None, None, None, 9).await.unwrap().is_empty());
}

#[tokio::test]
async fn the_days_an_application_stays_open_are_the_products() {
    let folder = tempfile::tempdir().unwrap();
    let definition = include_str!("../../../products/consumer_instalment.toml");
    let definition = definition.replace("approval_valid_days  = 30", "approval_valid_days  = 3");
    let product = Product::parse(&definition).unwrap();
    assert_eq!((product.validity.decision_within_days, product.validity.approval_valid_days), (30, 3));
    let desk = Desk::offering(folder.path(), product).await;
    let (_, id) = desk.brought_to(1, ApplicationStatus::Approved).await;
    assert_eq!(desk.lending.application(&id).await.unwrap().valid_through.unwrap().to_string(), "2024-01-18");
    let (_, waiting) = desk.brought_to(2, ApplicationStatus::Submitted).await;
    desk.noon("2024-01-19");
    assert_eq!(desk.state(&id).await, ApplicationStatus::Expired);
    assert_eq!(desk.state(&waiting).await, ApplicationStatus::Submitted);
}

#[tokio::test]
async fn an_application_of_a_withdrawn_product_ends_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::open(folder.path()).await;
    let (_, id) = desk.brought_to(1, ApplicationStatus::Submitted).await;
    let (_, other) = desk.brought_to(2, ApplicationStatus::InReview).await;
    desk.lending.close().await;
    let other_product =
        include_str!("../../../products/consumer_instalment.toml").replace("consumer_instalment", "new");
    let desk = Desk::offering(folder.path(), Product::parse(&other_product).unwrap()).await;
    desk.lending.withdraw_application(&id, &request("w", b"")).await.unwrap();
    desk.noon("2024-02-15");
    assert_eq!(desk.lending.close_days().await.unwrap().applications, 1);
    assert_eq!(desk.state(&other).await, ApplicationStatus::Expired);
}
