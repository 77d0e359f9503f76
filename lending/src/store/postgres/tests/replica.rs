//! Which reads a replica answers: here another database that stays empty, as one that lags for ever.

use super::super::super::contract::{appending, entry};
use super::super::super::{
    AnsweredRequest, Claim, Commit, ConsumerOffset, Find, Listing, ListingState, Listings, Personal,
};
use super::*;
use crate::loan::LoanStatus;

#[tokio::test]
async fn a_replica_answers_what_may_lag_and_nothing_that_a_decision_about_money_reads() {
    let test = "a_replica_answers_what_may_lag_and_nothing_that_a_decision_about_money_reads";
    let Some(database) = TestDatabase::of(test).await else { return };
    let Some(lagging) = TestDatabase::of(test).await else { return };
    lagging.open().await.close().await;
    let both = PostgresDatabase::new(&database.url).unwrap().with_replica(&lagging.url).unwrap();
    let store = super::super::open(&both, Arc::new(|_| ()), &weir_messages::Tasks::default()).await.unwrap().store;
    let written = appending("a", 0, &["1"]);
    let stream = written.appends[0].stream.clone();
    let listing = Listing { id: "l1".to_owned(), customer: "c1".into(), state: ListingState::Loan(LoanStatus::Active) };
    store
        .commit(Commit {
            entries: vec![entry("e1", 5)],
            answered: Some(AnsweredRequest {
                request: "k".into(),
                fingerprint: "f".into(),
                status: Some(201),
                answer: "1".into(),
            }),
            claims: vec![Claim { kind: "open", value: "c1".to_owned(), owner: "a".to_owned() }],
            personal: Some(Personal {
                customer: "c1".into(),
                wrapped_key: "w".to_owned(),
                fields: vec![("card".to_owned(), "s".to_owned())],
            }),
            listings: vec![listing],
            offset: Some(ConsumerOffset { consumer: "d".to_owned(), shard: 0, next: 3 }),
            ..written
        })
        .await
        .unwrap();
    assert_eq!(store.load(&stream).await.unwrap(), ["1"]);
    assert!(store.trace(&stream).await.unwrap().is_some() && store.answered("k").await.unwrap().is_some());
    assert!(
        store.owner("open", "c1").await.unwrap().is_some() && store.personal(&"c1".into()).await.unwrap().is_some()
    );
    assert_eq!(store.offset("d", 0).await.unwrap(), Some(3));
    let find = |freshness| Find { listings: Listings::Loans(None), customer: None, after: None, limit: 9, freshness };
    assert_eq!(store.find(&find(Freshness::Now)).await.unwrap().len(), 1);

    assert!(store.find(&find(Freshness::MayLag)).await.unwrap().is_empty());
    assert!(store.journal(None, 0, 9).await.unwrap().is_empty() && store.balances().await.unwrap().is_empty());
    assert_eq!(store.verify().await.unwrap(), Ok(0));
    store.close().await;
}
