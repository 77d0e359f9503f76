//! Whole lives, and what is seen on the way.

use super::*;
use crate::loan::LoanState;

#[test]
fn a_loan_paid_as_scheduled_ends_with_only_cash_and_income() {
    let mut story = Story::active();
    let table = story.loan.signed().cost_table.clone();
    for installment in &table.schedule.installments {
        let due_on = installment.due_on.to_string();
        assert_eq!(story.loan.state(), LoanState::Active);
        story.repay(&format!("R{}", installment.number), &installment.payment().unwrap().amount(), &due_on, &due_on);
        story.end_day(&due_on);
    }
    assert_eq!(story.loan.state(), LoanState::Closed { settled_on: day("2025-01-15") });
    assert_eq!(story.open_loan_accounts(), []);
    assert_eq!(story.balance("house:bank:EUR"), table.total_interest.amount());
    assert_eq!(story.balance("house:interest-income:EUR"), table.total_interest.checked_neg().unwrap().amount());
    assert_eq!(story.outstanding(), "0.00");
}

#[test]
fn what_is_billed_is_the_table_that_was_signed() {
    let story = Story::active();
    let signed = &story.loan.signed().cost_table;
    let billed = &story.loan.position().unwrap().installments;
    assert_eq!(signed.hash(), story.loan.signed().cost_table_hash);
    assert_eq!(signed.schedule.installments.len(), billed.len());
    for (signed, billed) in signed.schedule.installments.iter().zip(billed) {
        assert_eq!(
            (signed.due_on, signed.principal, signed.interest),
            (billed.due_on, billed.principal, billed.interest)
        );
    }
}

#[test]
fn a_day_leaves_an_entry_only_when_interest_falls_due() {
    let mut story = Story::active();
    assert!(!story.end_day("2024-02-14"));
    assert!(story.end_day("2024-02-15"));
    assert!(!story.end_day("2024-02-15"));
    assert!(!story.end_day("2024-02-14"));
    assert!(story.end_day("2024-04-20"), "two due dates at once");
    assert_eq!(story.entries.len(), 2 + 2);
    let tomorrow = LoanCommand::EndDay { through: day("2024-04-22") };
    assert!(story.try_to(&tomorrow, "2024-04-21").is_err());
}

#[test]
fn days_past_due_count_from_the_oldest_open_due_date() {
    let mut story = Story::active();
    let past_due = |story: &Story, on: &str| story.loan.position().unwrap().days_past_due(day(on));
    assert_eq!((past_due(&story, "2024-02-15"), past_due(&story, "2024-02-16")), (0, 1));
    assert_eq!(past_due(&story, "2024-04-15"), 60);
    story.repay("R1", "106.64", "2024-04-15", "2024-04-15");
    assert_eq!(past_due(&story, "2024-04-15"), 31, "the second installment is now the oldest");
    assert_eq!(story.loan.position().unwrap().due_by(day("2024-04-15")).unwrap().amount(), "213.22");
}

#[test]
fn a_history_that_no_loan_can_have_is_refused() {
    let story = Story::active();
    let only_payout = &story.events[1..];
    assert!(Loan::fold(only_payout).unwrap_err().to_string().contains("to be its signature"));
    let twice: Vec<_> = story.events.iter().chain(&story.events[1..2]).cloned().collect();
    let text = "loan L1: event 4 cannot follow, as the loan is active";
    assert_eq!(Loan::fold(&twice).unwrap_err().to_string(), text);
    let mut other_payment = story.events.clone();
    other_payment[2] = LoanEvent::PayoutSucceeded {
        payment: PaymentId::new("P2"),
        value_on: day("2024-01-15"),
        booked_on: day("2024-01-15"),
    };
    let text = "loan L1: event 3 cannot follow, as the loan is paying out (payment P1)";
    assert_eq!(Loan::fold(&other_payment).unwrap_err().to_string(), text);
    assert!(Loan::fold(&[]).is_err());
}
