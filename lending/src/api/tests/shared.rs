//! Two processes of lending on one PostgreSQL, with one payment channel: what one does, the other knows in time.

use chrono::Days;

use super::*;
use crate::store::TestDatabase;

/// For a wait that ends as soon as it is told to.
const PATIENCE: Duration = Duration::from_secs(120);

/// They hear of each other by notifications alone.
async fn two(test: &str) -> Option<(TestDatabase, [Desk; 2])> {
    let (database, channel) = (TestDatabase::of(test).await?, Arc::new(Channel::default()));
    let first = Desk::at(database.without_polling(), Arc::clone(&channel)).await;
    let second = Desk::at(database.without_polling(), channel).await;
    Some((database, [first, second]))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_is_woken_by_the_process_that_takes_the_decision() {
    let Some((_database, [asking, deciding])) = two("who_waits_is_woken_by_the_process_that_takes_the_decision").await
    else {
        return;
    };
    for number in 0..6 {
        let customer = asking.customer(&format!("L01X00T47{number}")).await;
        let applied = asking.submit(&customer, &format!("k{number}")).await.unwrap().value().application;
        let (lending, id) = (asking.lending.clone(), applied.clone());
        let waiter = tokio::spawn(async move { lending.wait_for_decision(&id, PATIENCE).await.unwrap().state });
        tokio::time::sleep(Duration::from_millis(50)).await;
        deciding.lending.apply_decision(&approval(&applied, &customer, "5000.00"), RECORD).await.unwrap();
        assert_eq!(waiter.await.unwrap(), ApplicationStatus::Approved);
        let again = asking.lending.wait_for_decision(&applied, PATIENCE).await.unwrap();
        assert_eq!(again.state, ApplicationStatus::Approved, "what was kept since its submission is not told any more");
    }
    for desk in [asking, deciding] {
        desk.lending.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payout_that_a_dead_process_left_is_concluded_by_a_living_one_and_paid_once() {
    let Some((_database, [dying, living])) =
        two("a_payout_that_a_dead_process_left_is_concluded_by_a_living_one_and_paid_once").await
    else {
        return;
    };
    // Paid, but the answer is lost with the process.
    dying.channel.faults.lock().unwrap().push_back(Fault::Late);
    let loan = dying.signed().await.loan;
    while dying.channel.orders.lock().unwrap().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    dying.lending.close().await;
    living.until(&loan, LoanStatus::Active).await;
    let orders = living.channel.orders.lock().unwrap().clone();
    assert_eq!(orders.values().map(|(count, _)| *count).collect::<Vec<_>>(), [1], "ordered once");
    living.assert_books_balance().await;
    living.lending.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_that_two_processes_end_at_once_ends_once() {
    let Some((_database, desks)) = two("a_day_that_two_processes_end_at_once_ends_once").await else { return };
    let loan = desks[0].signed().await.loan;
    let loan = desks[0].until(&loan, LoanStatus::Active).await;
    let mut day = loan.installments[0].due_on;
    let last = loan.installments[2].due_on;
    while day <= last {
        for desk in &desks {
            desk.clock.move_to(KnownTime::parse(&format!("{day}T12:00:00Z")).unwrap());
        }
        let (first, second) = tokio::join!(desks[0].lending.end_day(day), desks[1].lending.end_day(day));
        let due = loan.installments.iter().any(|one| one.due_on == day);
        assert_eq!(first.unwrap() + second.unwrap(), u64::from(due), "{day}");
        day = day + Days::new(1);
    }
    let past_due = desks[1].lending.loan(&loan.loan).await.unwrap().days_past_due;
    assert_eq!(i64::from(past_due), (last - loan.installments[0].due_on).num_days());
    desks[0].assert_books_balance().await;
    for desk in desks {
        desk.lending.close().await;
    }
}
