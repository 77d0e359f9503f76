//! What every store must do, as a list of tests that each implementation runs on databases of its own.

mod abuse;

use std::sync::Arc;

use weir_messages::{Event, EventId, EventType, KnownTime, TraceId};
use weir_money::{Currency, Money};

use super::*;
use crate::application::ApplicationStatus;
use crate::ledger::{Cause, EntryId, Line};
use crate::loan::LoanStatus;

pub(super) fn commit() -> Commit {
    Commit::empty(KnownTime::from_micros(1_000_000), TraceId::random())
}

pub(super) fn appending(stream: &str, expected: u64, bodies: &[&str]) -> Commit {
    let stream = StreamId::application(&stream.into());
    let bodies = bodies.iter().map(|body| (*body).to_owned()).collect();
    Commit { appends: vec![Append { stream, expected, bodies }], ..commit() }
}

pub(super) fn entry(id: &str, minor_units: i64) -> Entry {
    let amount = Money::from_minor_units(minor_units, Currency::EUR);
    let lines = vec![
        Line::new(Account::LoanPrincipal("l1".into()), amount),
        Line::new(Account::HouseBank(Currency::EUR), amount.checked_neg().unwrap()),
    ];
    let day = "2024-01-15".parse().unwrap();
    Entry::new(EntryId::new(id), day, day, Cause::PayoutSucceeded("p1".to_owned()), lines).unwrap()
}

pub(super) fn event(id: &str) -> Event {
    Event {
        id: EventId::new(id),
        source: "test".to_owned(),
        event_type: EventType::LoanClosed,
        subject: "c1".into(),
        time: Default::default(),
        known_time: Default::default(),
        original_time: None,
        consent_id: None,
        trace: None,
        data: serde_json::value::RawValue::from_string(r#"{"loan":"l1","odd":1.50}"#.to_owned()).unwrap(),
    }
}

fn claim(owner: &str) -> Claim {
    Claim { kind: "open_application", value: "c1".to_owned(), owner: owner.to_owned() }
}

/// A database that a test opens, opens again, and tampers with.
pub(super) trait Site {
    async fn open(&self) -> Arc<dyn Store>;
    async fn tamper(&self, sql: &'static str);
}

/// Runs every test on a new site.
pub(super) async fn all<S: Site>(new: impl AsyncFn() -> S) {
    macro_rules! on_a_new_store {
        ($($test:path),* $(,)?) => { $(
            let site = new().await;
            let store = site.open().await;
            $test(&*store).await;
            store.close().await;
        )* };
    }
    on_a_new_store!(
        what_was_committed_is_loaded_in_order,
        a_stale_version_is_refused_and_changes_nothing,
        an_append_of_nothing_checks_the_version_alone,
        an_answered_request_is_told_with_its_answer,
        a_claim_has_one_owner_at_a_time,
        outbox_rows_stay_in_order_until_they_are_published,
        what_is_erased_is_gone_and_its_stream_stays,
        the_books_add_up_and_an_entry_is_posted_once,
        listings_are_found_by_state_and_customer_page_by_page,
        an_offset_never_goes_back,
        abuse::a_commit_that_cannot_be_written_fails_no_other,
        abuse::a_commit_that_overflows_a_balance_fails_no_other,
    );
    of_many_on_one_version_exactly_one_wins(new().await.open().await).await;
    abuse::a_store_opened_again_goes_on_where_it_was(&new().await).await;
    abuse::sums_beyond_64_bits_are_summed_and_verified(&new().await).await;
    abuse::every_way_of_tampering_with_the_books_is_found(&new).await;
    abuse::a_thousand_cancelled_callers_lose_nothing_that_was_acknowledged(&new().await).await;
}

async fn what_was_committed_is_loaded_in_order(store: &dyn Store) {
    store.commit(appending("a", 0, &["1", "2"])).await.unwrap();
    let last = appending("a", 2, &["3"]);
    let trace = last.trace;
    store.commit(last).await.unwrap();
    assert_eq!(store.trace(&StreamId::application(&"a".into())).await.unwrap(), Some(trace));
    assert_eq!(store.trace(&StreamId::application(&"b".into())).await.unwrap(), None);
    assert_eq!(store.load(&StreamId::application(&"a".into())).await.unwrap(), ["1", "2", "3"]);
    for unknown in ["b", "b\0"] {
        assert!(store.load(&StreamId::application(&unknown.into())).await.unwrap().is_empty());
    }
}

async fn a_stale_version_is_refused_and_changes_nothing(store: &dyn Store) {
    store.commit(appending("a", 0, &["1"])).await.unwrap();
    let stale = Commit {
        claims: vec![claim("a2")],
        entries: vec![entry("e1", 5)],
        outbox: vec![event("x")],
        ..appending("a", 0, &["2"])
    };
    let refused = store.commit(stale).await.unwrap_err();
    assert!(matches!(refused, CommitError::Refused(Refused::Version { expected: 0, found: 1, .. })), "{refused}");
    assert_eq!(store.load(&StreamId::application(&"a".into())).await.unwrap(), ["1"]);
    assert_eq!(store.owner("open_application", "c1").await.unwrap(), None);
    assert!(store.balances().await.unwrap().is_empty() && store.outbox(0, 9).await.unwrap().rows.is_empty());
}

async fn an_append_of_nothing_checks_the_version_alone(store: &dyn Store) {
    store.commit(appending("a", 0, &["1"])).await.unwrap();
    let unchanged = |expected| {
        let check = Append::unchanged(StreamId::application(&"a".into()), expected);
        let mut commit = appending("b", expected - 1, &["x"]);
        commit.appends.push(check);
        commit
    };
    store.commit(unchanged(1)).await.unwrap();
    let moved = store.commit(unchanged(2)).await.unwrap_err();
    assert!(matches!(moved, CommitError::Refused(Refused::Version { expected: 2, found: 1, .. })), "{moved}");
    for (stream, events) in [("a", ["1"]), ("b", ["x"])] {
        assert_eq!(store.load(&StreamId::application(&stream.into())).await.unwrap(), events);
    }
}

async fn of_many_on_one_version_exactly_one_wins(store: Arc<dyn Store>) {
    let mut racing = tokio::task::JoinSet::new();
    for racer in 0..50 {
        let store = Arc::clone(&store);
        racing.spawn(async move { store.commit(appending("a", 0, &[&racer.to_string()])).await.is_ok() });
    }
    let won = racing.join_all().await.into_iter().filter(|won| *won).count();
    assert_eq!((won, store.load(&StreamId::application(&"a".into())).await.unwrap().len()), (1, 1));
    store.close().await;
}

async fn an_answered_request_is_told_with_its_answer(store: &dyn Store) {
    let answered =
        AnsweredRequest { request: "k".into(), fingerprint: "f".into(), status: Some(201), answer: "{\"a\":1}".into() };
    let first = Commit { answered: Some(answered.clone()), ..appending("a", 0, &["1"]) };
    store.commit(first.clone()).await.unwrap();
    assert_eq!(store.answered("k").await.unwrap(), Some(answered.clone()));
    let again = store.commit(first).await.unwrap_err();
    assert!(matches!(again, CommitError::Refused(Refused::Answered(before)) if before == answered));
}

async fn a_claim_has_one_owner_at_a_time(store: &dyn Store) {
    store.commit(Commit { claims: vec![claim("a1")], ..commit() }).await.unwrap();
    let second = store.commit(Commit { claims: vec![claim("a2")], ..commit() }).await.unwrap_err();
    assert!(matches!(second, CommitError::Refused(Refused::Claimed { owner, .. }) if owner == "a1"));
    store.commit(Commit { releases: vec![claim("a2")], ..commit() }).await.unwrap();
    assert_eq!(store.owner("open_application", "c1").await.unwrap().as_deref(), Some("a1"));
    store.commit(Commit { releases: vec![claim("a1")], ..commit() }).await.unwrap();
    store.commit(Commit { claims: vec![claim("a2")], ..commit() }).await.unwrap();
    assert_eq!(store.owner("open_application", "c1").await.unwrap().as_deref(), Some("a2"));
}

async fn outbox_rows_stay_in_order_until_they_are_published(store: &dyn Store) {
    store.commit(Commit { outbox: vec![event("x"), event("y")], ..commit() }).await.unwrap();
    store.commit(Commit { outbox: vec![event("z")], ..commit() }).await.unwrap();
    let rows = store.outbox(0, 9).await.unwrap().rows;
    let told: Vec<_> = rows.iter().map(|row| (row.number, row.event.id.as_str())).collect();
    assert_eq!(told, [(1, "x"), (2, "y"), (3, "z")]);
    assert_eq!(rows[0].event.data.get(), event("x").data.get(), "the payload keeps its bytes");
    store.published(2);
    store.commit(appending("a", 0, &["1"])).await.unwrap();
    let left: Vec<_> = store.outbox(0, 9).await.unwrap().rows.iter().map(|row| row.number).collect();
    assert_eq!(left, [3]);
}

async fn what_is_erased_is_gone_and_its_stream_stays(store: &dyn Store) {
    let personal = Personal {
        customer: "c1".into(),
        wrapped_key: "w".to_owned(),
        fields: vec![("card".to_owned(), "s1".to_owned()), ("phone".to_owned(), "s2".to_owned())],
    };
    let row = BlindIndex { kind: "phone", token: "t".to_owned(), customer: "c1".into() };
    let claim = Claim { kind: "id_number", value: "t2".to_owned(), owner: "c1".to_owned() };
    let registered = Commit {
        personal: Some(personal.clone()),
        blind_index: vec![row],
        claims: vec![claim],
        ..appending("a", 0, &["1"])
    };
    store.commit(registered).await.unwrap();
    assert_eq!(store.personal(&"c1".into()).await.unwrap(), Some(personal));
    assert_eq!(store.with_token("phone", "t").await.unwrap(), ["c1".into()]);
    assert_eq!(store.first_of_each_sealing_key().await.unwrap(), ["c1".into()]);
    for (customer, key) in [("c2", "m1"), ("c3", "m1"), ("c4", "m2")] {
        let (customer, wrapped_key) = (customer.into(), format!("sealed1.{key}.Ab9+/"));
        let fields = vec![("card".to_owned(), "s".to_owned())];
        let personal = Some(Personal { customer, wrapped_key, fields });
        store.commit(Commit { personal, ..commit() }).await.unwrap();
    }
    assert_eq!(store.first_of_each_sealing_key().await.unwrap(), ["c1".into(), "c2".into(), "c4".into()]);
    store.commit(Commit { erase: Some("c1".into()), ..appending("a", 1, &["2"]) }).await.unwrap();
    assert_eq!(store.personal(&"c1".into()).await.unwrap(), None);
    assert!(store.with_token("phone", "t").await.unwrap().is_empty());
    assert_eq!(store.first_of_each_sealing_key().await.unwrap(), ["c2".into(), "c4".into()]);
    assert_eq!(store.owner("id_number", "t2").await.unwrap(), None);
    assert_eq!(store.load(&StreamId::application(&"a".into())).await.unwrap().len(), 2);
}

async fn the_books_add_up_and_an_entry_is_posted_once(store: &dyn Store) {
    assert_eq!(store.verify().await.unwrap(), Ok(0));
    store.commit(Commit { entries: vec![entry("e1", 500), entry("e2", 20)], ..commit() }).await.unwrap();
    store.commit(Commit { entries: vec![entry("e3", -3)], ..commit() }).await.unwrap();
    let twice = store.commit(Commit { entries: vec![entry("e3", -3)], ..commit() }).await.unwrap_err();
    assert!(matches!(twice, CommitError::Refused(Refused::Posted(id)) if id == "e3"));
    assert_eq!(store.verify().await.unwrap(), Ok(3));
    let balances: Vec<_> = store.balances().await.unwrap().into_iter().map(|b| (b.account, b.total.amount())).collect();
    assert_eq!(
        balances,
        [("house:bank:EUR".to_owned(), "-5.17".to_owned()), ("loans:principal".to_owned(), "5.17".to_owned())]
    );
    let bank = Account::HouseBank(Currency::EUR);
    let posted = store.journal(Some(&bank), 1, 9).await.unwrap();
    assert_eq!(posted.iter().map(|one| one.entry.clone()).collect::<Vec<_>>(), [entry("e2", 20), entry("e3", -3)]);
}

async fn listings_are_found_by_state_and_customer_page_by_page(store: &dyn Store) {
    use LoanStatus::{Active, Closed};
    let listing = |id: &str, customer: &str, state| Listing {
        id: id.to_owned(),
        customer: customer.into(),
        state: ListingState::Loan(state),
    };
    let mut all = vec![listing("l1", "c1", Active), listing("l2", "c2", Active), listing("l3", "c1", Active)];
    let application = ListingState::Application(ApplicationStatus::Accepted);
    all.push(Listing { state: application, ..listing("l1", "c1", Active) });
    store.commit(Commit { listings: all, ..commit() }).await.unwrap();
    store.commit(Commit { listings: vec![listing("l1", "c1", Closed)], ..commit() }).await.unwrap();
    let ask = async |state: Option<LoanStatus>, customer: Option<&str>, after: Option<&str>, limit| {
        let find = Find {
            listings: Listings::Loans(state),
            customer: customer.map(Into::into),
            after: after.map(str::to_owned),
            limit,
            freshness: Freshness::Now,
        };
        store.find(&find).await.unwrap().into_iter().map(|one| one.id).collect::<Vec<_>>()
    };
    assert_eq!(ask(Some(Active), None, None, 9).await, ["l2", "l3"]);
    assert_eq!(ask(Some(Active), None, None, 1).await, ["l2"]);
    assert_eq!(ask(Some(Active), None, Some("l2"), 9).await, ["l3"]);
    assert_eq!(ask(None, Some("c1"), None, 9).await, ["l1", "l3"]);
    assert_eq!(ask(Some(Closed), Some("c1"), None, 9).await, ["l1"]);
    assert_eq!(ask(None, None, None, 9).await, ["l1", "l2", "l3"]);
}

async fn an_offset_never_goes_back(store: &dyn Store) {
    let at = |next| ConsumerOffset { consumer: "decisions".to_owned(), shard: 3, next };
    assert_eq!(store.offset("decisions", 3).await.unwrap(), None);
    let moving = |next| store.commit(Commit { offset: Some(at(next)), ..commit() });
    let (first, second) = tokio::join!(moving(7), moving(5));
    first.and(second).unwrap();
    moving(6).await.unwrap();
    assert_eq!(store.offset("decisions", 3).await.unwrap(), Some(7));
}
