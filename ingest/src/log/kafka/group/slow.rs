//! Members that are slow: in opening what they are given, in giving it back, in folding. Whatever takes longer than the
//! poll interval costs a member its place, and the group settles all the same.

use std::sync::mpsc::Receiver;

use super::counting::*;
use super::*;

/// Longer than the poll interval of 6 s.
const TOO_LONG: Duration = Duration::from_secs(7);
/// So long nothing moves in a group that has settled: longer than its session, after which whoever is out is told.
const QUIET: Duration = Duration::from_secs(10);

/// Waits until no partition moves any more, and gives who has which.
fn settle(members: &[&Receiver<Called>]) -> Vec<Vec<u16>> {
    let (began, mut moved) = (Instant::now(), Instant::now());
    let mut held = vec![Vec::new(); members.len()];
    while moved.elapsed() < QUIET {
        assert!(began.elapsed() < PATIENCE, "it never settles: {held:?}");
        for (calls, held) in members.iter().zip(&mut held) {
            for call in calls.try_iter() {
                match call {
                    Called::Took(_) | Called::Settled(_) => continue,
                    Called::Assigned(partition, _) => held.push(partition),
                    Called::Locked(partition) => panic!("{partition} is open elsewhere in this process"),
                    Called::Revoked(partition) | Called::Lost(partition) => held.retain(|one| *one != partition),
                }
                moved = Instant::now();
            }
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    held
}

fn each_has_one_holder(held: &[Vec<u16>]) {
    let mut all: Vec<u16> = held.concat();
    all.sort_unstable();
    assert_eq!(all, [0, 1, 2, 3], "{held:?}");
}

/// Takes its time over each opening, and once far too long over records.
fn slow(opening: Duration) -> impl FnMut(&Called) -> Result<(), MemberError> {
    let mut taken = false;
    move |called| {
        if matches!(called, Called::Assigned(..)) && taken {
            std::thread::sleep(opening);
        }
        if matches!(called, Called::Took(_)) && !std::mem::replace(&mut taken, true) {
            std::thread::sleep(TOO_LONG);
        }
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_openings_settle_with_one_holder_of_each_partition() {
    let Some(site) = Site::new("slow_openings_settle_with_one_holder_of_each_partition").await else { return };
    // Two of them take longer than the poll interval.
    let opening = Duration::from_millis(3_500);
    let ((_one, one), (_two, two)) = (site.member(slow(opening)), site.member(slow(opening)));
    site.append(0..100, 0).await;
    each_has_one_holder(&settle(&[&one, &two]));
    site.append(0..100, 1).await;
    assert!(site.settled().await.values().all(|count| *count == 2));
    assert_eq!(site.group.waiting().partitions, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_put_out_inside_a_callback_lets_go_of_everything_at_once() {
    let test = "a_member_put_out_inside_a_callback_lets_go_of_everything_at_once";
    let Some(site) = Site::new(test).await else { return };
    let mut put_out = false;
    // Partition 3 cannot be opened and is tried again each second. The first that is revoked takes too long.
    let (_one, one) = site.member(move |called| {
        if matches!(called, Called::Assigned(3, _)) && !put_out {
            return Err("not yet".into());
        }
        if matches!(called, Called::Revoked(_)) && !std::mem::replace(&mut put_out, true) {
            std::thread::sleep(TOO_LONG);
        }
        Ok(())
    });
    wait_for(&one, 4, assigned);
    let (_two, _) = site.member(no_fault);
    wait_for(&one, 1, |called| matches!(called, Called::Revoked(_)).then_some(()));
    let mut let_go = 0;
    loop {
        match one.recv_timeout(PATIENCE).unwrap() {
            Called::Lost(_) => let_go += 1,
            Called::Assigned(..) => break,
            Called::Locked(_) | Called::Took(_) | Called::Settled(_) | Called::Revoked(_) => {}
        }
    }
    assert_eq!(let_go, 2, "of the three that it had, before it opens any");
    site.append(0..100, 0).await;
    assert_eq!(site.settled().await.len(), 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_takeover_past_the_poll_interval_is_let_go_and_tried_from_the_start() {
    let test = "a_takeover_past_the_poll_interval_is_let_go_and_tried_from_the_start";
    let Some(site) = Site::new(test).await else { return };
    let mut took_long = false;
    let (_one, one) = site.member(move |called| {
        if matches!(called, Called::Assigned(..)) && !std::mem::replace(&mut took_long, true) {
            std::thread::sleep(TOO_LONG);
        }
        Ok(())
    });
    let (partition, _) = wait_for(&one, 1, assigned)[0];
    assert_eq!(one.recv_timeout(PATIENCE), Ok(Called::Lost(partition)), "before it opens another");
    each_has_one_holder(&settle(&[&one]));
}
