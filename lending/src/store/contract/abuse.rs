//! What a store must survive: being closed and opened, callers who go away, commits that cannot be written, and hands
//! that reach into its tables.

use std::time::Duration;

use weir_money::{Currency, Money};

use super::super::*;
use super::{Site, appending, commit, entry};
use crate::ledger::{Cause, EntryId, Line};

pub(super) async fn a_store_opened_again_goes_on_where_it_was(site: &impl Site) {
    let store = site.open().await;
    store.commit(Commit { entries: vec![entry("e1", 5)], ..appending("a", 0, &["1"]) }).await.unwrap();
    store.close().await;
    assert!(matches!(store.commit(commit()).await, Err(CommitError::Store(StoreError::Closed))));
    let store = site.open().await;
    store.commit(Commit { entries: vec![entry("e2", 6)], ..appending("a", 1, &["2"]) }).await.unwrap();
    assert_eq!(store.verify().await.unwrap(), Ok(2));
}

/// The trap of sqlx 0.9.0: a request cancelled while its transaction begins must not take later writes with it.
pub(super) async fn a_thousand_cancelled_callers_lose_nothing_that_was_acknowledged(site: &impl Site) {
    let store = site.open().await;
    let usual = time_of_a_commit(&*store).await;
    // Patience follows what the machine takes, so that some are cancelled and some are not however busy it is.
    let (mut seed, mut acknowledged, mut cancelled, mut scale) = (7_u64, Vec::new(), 0, 1.0);
    for round in 0..1_000_u64 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let stream = format!("a{round}");
        let patience = usual.mul_f64(scale * f64::from((seed >> 33) as u32 % 200) / 100.0);
        let body = round.to_string();
        let one = Commit { entries: vec![entry(&stream, 1)], ..appending(&stream, 0, &[&body]) };
        let reading = tokio::time::timeout(patience, store.verify());
        let (written, _) = tokio::join!(tokio::time::timeout(patience, store.commit(one)), reading);
        match written {
            Ok(answer) => {
                answer.unwrap();
                acknowledged.push(stream);
                scale *= 0.9;
            }
            Err(_) => {
                cancelled += 1;
                scale *= 1.1;
            }
        }
    }
    assert!((100..900).contains(&cancelled), "{cancelled} were cancelled: the test tests nothing");
    // After this one, everything that was sent before it is written.
    store.commit(appending("last", 0, &["1"])).await.unwrap();
    store.close().await;
    let store = site.open().await;
    for stream in &acknowledged {
        let found = store.load(&StreamId::application(&stream.as_str().into())).await.unwrap();
        assert_eq!(found.len(), 1, "{stream} was acknowledged");
    }
    let posted = store.verify().await.unwrap().unwrap();
    assert!((acknowledged.len() as u64..=1_000).contains(&posted));
    // Every stream has its entry and every entry its stream: nothing was written by half.
    let mut whole = 0;
    for round in 0..1_000 {
        whole += store.load(&StreamId::application(&format!("a{round}").as_str().into())).await.unwrap().len() as u64;
    }
    assert_eq!(whole, posted);
}

pub(super) async fn every_way_of_tampering_with_the_books_is_found<S: Site>(new: &impl AsyncFn() -> S) {
    for (sql, found) in [
        (
            "update journal set entry = replace(entry, '\"5.00 EUR\"', '\"6.00 EUR\"') where number = 2",
            "entry 2: its hash",
        ),
        ("delete from journal where number = 2", "expected entry 2, found 3"),
        ("update journal set trace = '00000000000000000000000000000001' where number = 3", "entry 3: its hash"),
        ("update journal_lines set minor_units = 1 where number = 1 and line = 1", "entry 1: its lines"),
        ("update house_balances set minor_units = 0", "house:bank:EUR"),
        ("insert into journal_lines values (9, 1, 'loan:l9:principal', 'EUR', 5)", "1 belong to no entry"),
    ] {
        let site = new().await;
        let store = site.open().await;
        for (id, amount) in [("e1", 100), ("e2", 500), ("e3", 7)] {
            store.commit(Commit { entries: vec![entry(id, amount)], ..commit() }).await.unwrap();
        }
        assert_eq!(store.verify().await.unwrap(), Ok(3));
        site.tamper(sql).await;
        let broken = store.verify().await.unwrap().unwrap_err().to_string();
        assert!(broken.contains(found), "{sql}: {broken}");
        store.close().await;
    }
}

pub(super) async fn a_commit_that_cannot_be_written_fails_no_other(store: &dyn Store) {
    let row = BlindIndex { kind: "phone", token: "t".to_owned(), customer: "c1".into() };
    let poison = Commit { blind_index: vec![row.clone(), row], ..appending("p", 0, &["1"]) };
    let (first, poisoned, last) = tokio::join!(
        store.commit(appending("a", 0, &["1"])),
        store.commit(poison),
        store.commit(Commit { entries: vec![entry("e1", 5)], ..appending("b", 0, &["1"]) }),
    );
    assert!(first.is_ok() && last.is_ok());
    assert!(matches!(poisoned, Err(CommitError::Store(StoreError::Aborted))));
    assert!(store.load(&StreamId::application(&"p".into())).await.unwrap().is_empty());
    assert_eq!(store.verify().await.unwrap(), Ok(1));
}

/// As they lie in a database from before amounts had a bound.
pub(super) async fn sums_beyond_64_bits_are_summed_and_verified(site: &impl Site) {
    let store = site.open().await;
    let most = |id: &str, loan: &str, sign: i64| {
        let amount = Money::from_minor_units(i64::MAX * sign, Currency::EUR);
        let lines = vec![
            Line::new(Account::LoanPrincipal(loan.into()), amount),
            Line::new(Account::LoanCredit(loan.into()), amount.checked_neg().unwrap()),
        ];
        let day = "2024-01-15".parse().unwrap();
        Entry::new(EntryId::new(id), day, day, Cause::PayoutSucceeded("p1".to_owned()), lines).unwrap()
    };
    let entries = vec![most("e1", "l1", 1), most("e2", "l2", 1), most("e3", "l3", 1)];
    store.commit(Commit { entries, ..commit() }).await.unwrap();
    assert_eq!(store.verify().await.unwrap(), Ok(3));
    let balances = store.balances().await.unwrap();
    let amounts: Vec<_> = balances.iter().map(|one| (one.account.as_str(), one.total.amount())).collect();
    let sum = "276701161105643274.21";
    assert_eq!(amounts, [("loans:credit", format!("-{sum}")), ("loans:principal", sum.to_owned())]);
    store.close().await;
}

pub(super) async fn a_commit_that_overflows_a_balance_fails_no_other(store: &dyn Store) {
    store.commit(Commit { entries: vec![entry("e1", i64::MAX - 5)], ..commit() }).await.unwrap();
    let posting = |stream: &str, minor_units| {
        store.commit(Commit { entries: vec![entry(stream, minor_units)], ..appending(stream, 0, &["1"]) })
    };
    let (first, too_much, last) = tokio::join!(posting("a", 2), posting("b", 100), posting("c", 2));
    assert!(first.is_ok() && last.is_ok());
    assert!(matches!(too_much, Err(CommitError::Refused(Refused::Balance { .. }))), "{too_much:?}");
    assert!(store.load(&StreamId::application(&"b".into())).await.unwrap().is_empty());
    assert_eq!(store.verify().await.unwrap(), Ok(3));
}

async fn time_of_a_commit(store: &dyn Store) -> Duration {
    let started = std::time::Instant::now();
    for round in 0..20 {
        store.commit(appending(&format!("before{round}"), 0, &["1"])).await.unwrap();
    }
    started.elapsed() / 20
}
