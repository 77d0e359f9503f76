//! Getting the money to the borrower: once, whatever the channel says and how often.

use super::*;
use crate::loan::LoanState;

fn signed() -> Story {
    Story::signed(&Product::consumer_instalment(), eur("1200.00"), 12, rate("0.12"), day("2024-01-15"))
}

fn refusal(story: &mut Story, command: &LoanCommand, on: &str) -> String {
    story.try_to(command, on).unwrap_err().to_string()
}

#[test]
fn a_payout_is_in_transit_until_the_channel_confirms_it() {
    let mut story = signed();
    story.apply(&start("P1"), "2024-01-15");
    assert!(matches!(story.loan.state(), LoanState::PayingOut { .. }));
    assert_eq!(story.balance("house:payouts-in-transit:EUR"), "1200.00");
    assert_eq!(story.balance("house:bank:EUR"), "-1200.00");
    assert_eq!(story.balance("loan:L1:principal"), "0.00", "nothing is owed before the money has gone out");
    story.apply(&confirm("P1", "2024-01-15"), "2024-01-15");
    assert_eq!(story.loan.state(), LoanState::Active);
    assert_eq!(story.balance("house:payouts-in-transit:EUR"), "0.00");
    assert_eq!(story.balance("loan:L1:principal"), "1200.00");
}

#[test]
fn a_payout_of_unknown_outcome_is_never_ordered_under_another_id() {
    let mut story = signed();
    story.apply(&start("P1"), "2024-01-15");
    assert!(!story.try_to(&start("P1"), "2024-01-16").unwrap(), "asked again with the same id");
    assert_eq!(refusal(&mut story, &start("P2"), "2024-01-16"), "loan L1: expected payment P1, found P2");
    assert_eq!(
        refusal(&mut story, &confirm("P2", "2024-01-16"), "2024-01-16"),
        "loan L1: expected payment P1, found P2"
    );
    let text = "loan L1 is paying out (payment P1), and only a loan of which no money may have gone out is cancelled";
    assert_eq!(refusal(&mut story, &cancel(), "2024-01-16"), text);
}

#[test]
fn a_loan_that_is_paid_out_is_not_paid_out_again() {
    let mut story = Story::active();
    let entries = story.entries.len();
    assert!(!story.try_to(&start("P1"), "2024-01-15").unwrap());
    assert!(!story.try_to(&confirm("P1", "2024-01-15"), "2024-01-16").unwrap());
    assert!(story.try_to(&start("P2"), "2024-01-15").is_err());
    assert_eq!(
        refusal(&mut story, &fail("P1"), "2024-01-15"),
        "loan L1 is active, and only a payment under way can fail"
    );
    assert_eq!(story.entries.len(), entries);
}

#[test]
fn a_failed_payout_leaves_every_account_as_it_was_and_may_be_tried_under_another_id() {
    let mut story = signed();
    story.apply(&start("P1"), "2024-01-15");
    story.apply(&fail("P1"), "2024-01-16");
    assert!(!story.try_to(&fail("P1"), "2024-01-16").unwrap());
    assert_eq!(story.balance("house:bank:EUR"), "0.00");
    let text = "loan L1: payment P1 has failed, and another attempt needs another id";
    assert_eq!(refusal(&mut story, &start("P1"), "2024-01-16"), text);
    let text = "loan L1 is signed, its payout P1 having failed, and only a payment under way can succeed";
    assert_eq!(refusal(&mut story, &confirm("P1", "2024-01-16"), "2024-01-16"), text);
    story.apply(&start("P2"), "2024-01-17");
    assert!(!story.try_to(&fail("P1"), "2024-01-17").unwrap(), "the first attempt's failure told twice");
    story.apply(&confirm("P2", "2024-01-17"), "2024-01-17");
    assert_eq!(story.balance("loan:L1:principal"), "1200.00");
}

#[test]
fn a_cancelled_loan_is_never_paid_out() {
    let mut story = signed();
    story.apply(&cancel(), "2024-01-15");
    assert!(!story.try_to(&cancel(), "2024-01-16").unwrap());
    assert_eq!(
        refusal(&mut story, &start("P1"), "2024-01-15"),
        "loan L1 is cancelled, and only a signed loan is paid out"
    );
    assert!(story.entries.is_empty());
}

#[test]
fn a_payout_is_ordered_only_within_the_days_of_the_contract() {
    let mut story = signed();
    let text = "loan L1: payout: expected a day from 2024-01-15 to 2024-01-20, found 2024-01-21";
    assert_eq!(refusal(&mut story, &start("P1"), "2024-01-21"), text);
    assert!(story.try_to(&start("P1"), "2024-01-14").is_err());
    story.apply(&start("P1"), "2024-01-20");
    assert!(story.try_to(&confirm("P1", "2024-01-19"), "2024-01-20").is_err(), "before it was ordered");
    assert!(story.try_to(&confirm("P1", "2024-01-21"), "2024-01-20").is_err(), "in the future");
}

#[test]
fn interest_up_to_and_including_a_late_payout_is_not_owed() {
    let mut story = signed();
    story.pay_out("2024-01-18");
    let table = story.loan.signed().cost_table.clone();
    let position = story.loan.position().unwrap();
    let (signed, billed) = (&table.schedule.installments, &position.installments);
    // 31 days from 2024-01-15 to 2024-02-15; four of them up to and including the 18th's night.
    assert_eq!(signed[0].interest, eur("12.23"));
    assert_eq!(billed[0].interest, eur("10.65"));
    for (signed, billed) in signed.iter().zip(billed) {
        assert_eq!((signed.due_on, signed.principal), (billed.due_on, billed.principal));
    }
    assert!(signed.iter().zip(billed).skip(1).all(|(signed, billed)| signed.interest == billed.interest));
}
