//! Members of a group over real rebalances: whatever moves, is frozen or fails, each partition is folded in order and
//! goes on from what was saved.

use std::sync::Arc;

use super::counting::*;
use super::*;
use crate::log::EventLog;
use crate::log::kafka::GroupOffsets;
use crate::log::kafka::test_broker::PARTITIONS;

#[tokio::test(flavor = "multi_thread")]
async fn two_members_share_and_the_one_that_stays_goes_on_from_what_was_saved() {
    let test = "two_members_share_and_the_one_that_stays_goes_on_from_what_was_saved";
    let Some(site) = Site::with_session(test, 60_000).await else { return };
    let (one, one_calls) = site.member(no_fault);
    assert_eq!(wait_for(&one_calls, 4, assigned), [(0, 0), (1, 0), (2, 0), (3, 0)]);
    site.append(0..100, 0).await;
    site.settled().await;

    let (two, two_calls) = site.member(no_fault);
    let moved = wait_for(&two_calls, 2, assigned);
    assert!(moved.iter().all(|(partition, from)| *from > 0 && *from == site.saved(*partition).next), "{moved:?}");
    site.append(0..100, 1).await;
    site.settled().await;
    wait_for(&two_calls, 2, |called| matches!(called, Called::Took(_)).then_some(()));

    two.stop();
    let stopped = Instant::now();
    two.join().unwrap();
    let back = wait_for(&one_calls, 2, assigned);
    assert!(stopped.elapsed() < Duration::from_secs(50), "it leaves: the session would go on for 60 s");
    assert!(back.iter().all(|(partition, from)| *from == site.saved(*partition).next), "{back:?}");
    site.append(0..100, 2).await;
    assert!(site.settled().await.values().all(|count| *count == 3));
    assert!(one.alive());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_frozen_past_its_poll_interval_loses_its_partitions_and_comes_back() {
    let test = "a_member_frozen_past_its_poll_interval_loses_its_partitions_and_comes_back";
    let Some(site) = Site::new(test).await else { return };
    let mut frozen = false;
    let (_one, one_calls) = site.member(move |called| {
        if matches!(called, Called::Took(_)) && !std::mem::replace(&mut frozen, true) {
            std::thread::sleep(Duration::from_secs(9));
        }
        Ok(())
    });
    wait_for(&one_calls, 4, assigned);
    site.append(0..100, 0).await;
    let (_two, two_calls) = site.member(no_fault);
    assert!(wait_for(&two_calls, 4, assigned).iter().all(|(_, from)| *from == 0), "nothing was saved before");
    let mut given_up = wait_for(&one_calls, 4, lost);
    given_up.sort_unstable();
    assert_eq!(given_up, [0, 1, 2, 3]);
    wait_for(&one_calls, 2, assigned);
    site.append(0..100, 1).await;
    assert!(site.settled().await.values().all(|count| *count == 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_member_failed_to_take_or_to_settle_comes_again_from_what_was_saved() {
    let name = "what_a_member_failed_to_take_or_to_settle_comes_again_from_what_was_saved";
    let Some(site) = Site::new(name).await else { return };
    let mut faults = 4;
    let (_one, calls) = site.member(move |called| {
        let at = if faults % 2 == 0 { Called::Took(2) } else { Called::Settled(2) };
        if *called == at && faults > 0 {
            faults -= 1;
            return Err("the disk is full".into());
        }
        Ok(())
    });
    wait_for(&calls, 4, assigned);
    for number in 0..5 {
        site.append(0..100, number).await;
    }
    assert!(site.settled().await.values().all(|count| *count == 5));
    let again = wait_for(&calls, 4, assigned);
    assert_eq!(again, [(2, 0); 4], "the others were not disturbed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partition_that_cannot_be_restored_is_tried_again_and_the_others_go_on() {
    let Some(site) = Site::new("a_partition_that_cannot_be_restored_is_tried_again_and_the_others_go_on").await else {
        return;
    };
    let open = Arc::new(AtomicBool::new(false));
    let (_one, calls) = site.member({
        let open = Arc::clone(&open);
        move |called| match called {
            Called::Assigned(1, _) if !open.load(Ordering::SeqCst) => Err("no snapshot yet".into()),
            Called::Assigned(..)
            | Called::Locked(_)
            | Called::Took(_)
            | Called::Settled(_)
            | Called::Revoked(_)
            | Called::Lost(_) => Ok(()),
        }
    });
    site.append(0..100, 0).await;
    for partition in [0, 2, 3] {
        let end = site.log.end(TOPIC, partition).await.unwrap();
        eventually(|| site.saved(partition).next == end).await;
    }
    wait_for(&calls, 5, assigned);
    assert_eq!(site.saved(1).next, 0);
    open.store(true, Ordering::SeqCst);
    assert_eq!(site.settled().await.len(), 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offset_that_is_not_there_is_no_silent_start_elsewhere() {
    let Some(site) = Site::new("an_offset_that_is_not_there_is_no_silent_start_elsewhere").await else { return };
    site.append(0..100, 0).await;
    site.store.lock().unwrap().insert(3, Fold { next: 1_000, ..Fold::default() });
    let (_one, calls) = site.member(no_fault);
    assert_eq!(wait_for(&calls, 2, lost), [3, 3], "tried, refused, and tried again");
    assert_eq!(site.saved(3).next, 1_000);
    let end = site.log.end(TOPIC, 3).await.unwrap();
    site.store.lock().unwrap().insert(3, Fold { next: end, ..Fold::default() });
    wait_for(&calls, 1, |called| assigned(called).filter(|found| *found == (3, end)));
    site.settled().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn five_rebalances_change_no_order_and_lose_nothing() {
    let Some(site) = Site::new("five_rebalances_change_no_order_and_lose_nothing").await else { return };
    let (_one, _one_calls) = site.member(no_fault);
    let mut others = Vec::new();
    for number in 0..60 {
        site.append(0..1_000, number).await;
        match number {
            10 | 20 | 40 => others.push(site.member(no_fault)),
            30 | 50 => drop(others.remove(0)),
            _ => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
    let counts = site.settled().await;
    assert_eq!(counts.len(), 1_000);
    assert!(counts.values().all(|count| *count == 60), "{counts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_panics_saves_nothing_and_its_partitions_go_to_another() {
    let test = "a_member_that_panics_saves_nothing_and_its_partitions_go_to_another";
    let Some(site) = Site::new(test).await else { return };
    let (one, calls) = site.member(|called| {
        assert!(!matches!(called, Called::Took(_)), "as the test has it");
        Ok(())
    });
    wait_for(&calls, 4, assigned);
    site.append(0..100, 0).await;
    assert!(matches!(one.join(), Err(GroupError::Panicked)));
    assert_eq!(calls.try_iter().count(), 0, "neither revoked nor lost");
    let (_two, calls) = site.member(no_fault);
    assert!(wait_for(&calls, 4, assigned).iter().all(|(_, from)| *from == 0));
    assert_eq!(site.settled().await.len(), 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn lag_is_what_the_group_has_not_saved() {
    let Some(site) = Site::new("lag_is_what_the_group_has_not_saved").await else { return };
    let offsets = GroupOffsets::new(&site.settings, "folders", TOPIC).unwrap();
    site.append(0..100, 0).await;
    assert_eq!(offsets.lag(PARTITIONS).await.unwrap(), 100);
    let (one, _calls) = site.member(no_fault);
    site.settled().await;
    one.stop();
    one.join().unwrap();
    assert_eq!(offsets.lag(PARTITIONS).await.unwrap(), 0);
    site.append(0..10, 1).await;
    assert_eq!(offsets.lag(PARTITIONS).await.unwrap(), 10);
}
