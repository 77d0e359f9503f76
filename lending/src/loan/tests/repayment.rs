//! What a repayment pays, whenever it is told and whatever its amount.

use super::*;
use crate::loan::LoanState;
use crate::product::EarlyRepayment;

fn refusal(story: &mut Story, command: &LoanCommand, on: &str) -> String {
    story.try_to(command, on).unwrap_err().to_string()
}

fn first_payment(story: &Story) -> String {
    story.loan.signed().cost_table.schedule.installments[0].payment().unwrap().amount()
}

#[test]
fn a_repayment_pays_the_oldest_installment_and_interest_before_principal() {
    let mut story = Story::active();
    story.end_day("2024-02-15");
    assert_eq!(story.balance("loan:L1:interest"), "12.23");
    story.repay("R1", "10.00", "2024-02-16", "2024-02-16");
    assert_eq!(
        (story.balance("loan:L1:interest").as_str(), story.balance("loan:L1:principal").as_str()),
        ("2.23", "1200.00")
    );
    story.repay("R2", "10.00", "2024-02-17", "2024-02-17");
    assert_eq!(
        (story.balance("loan:L1:interest").as_str(), story.balance("loan:L1:principal").as_str()),
        ("0.00", "1192.23")
    );
    let first = &story.loan.position().unwrap().installments[0];
    assert_eq!((first.interest_paid, first.principal_paid, first.paid_on), (eur("12.23"), eur("7.77"), None));
}

#[test]
fn what_exceeds_an_installment_goes_to_the_next() {
    let mut story = Story::active();
    assert_eq!(first_payment(&story), "106.62");
    story.end_day("2024-02-15");
    story.repay("R1", "120.00", "2024-02-15", "2024-02-15");
    let position = story.loan.position().unwrap();
    assert_eq!(position.installments[0].paid_on, Some(day("2024-02-15")));
    assert_eq!(position.installments[1].interest_paid, position.installments[1].interest);
    assert_eq!(story.balance("loan:L1:interest"), "0.00");
    let in_advance = position.installments[1].interest.checked_neg().unwrap();
    assert_eq!(story.balance("loan:L1:interest-in-advance"), in_advance.amount(), "not income before its due date");
    story.end_day("2024-03-15");
    assert_eq!(story.balance("loan:L1:interest-in-advance"), "0.00");
}

#[test]
fn a_repayment_told_twice_counts_once() {
    let mut story = Story::active();
    story.repay("R1", "50.00", "2024-02-15", "2024-02-15");
    assert!(!story.try_to(&repay("R1", "50.00", "2024-02-15"), "2024-03-01").unwrap());
    let (repayment, amount) = (RepaymentId::new("R1"), eur("50.00"));
    let undated = LoanCommand::Repay { repayment, amount, value_on: None };
    assert!(!story.try_to(&undated, "2024-03-01").unwrap(), "it has the date that it was booked with");
    let text = "loan L1: repayment R1 was booked with another amount or value date";
    assert_eq!(refusal(&mut story, &repay("R1", "51.00", "2024-02-15"), "2024-03-01"), text);
    assert_eq!(story.loan.position().unwrap().received, eur("50.00"));
}

#[test]
fn a_repayment_that_cannot_be_is_refused_with_the_field() {
    let mut story = Story::active();
    for (command, text) in [
        (repay("R1", "0.00", "2024-01-15"), "loan L1: amount: expected an amount of EUR above zero, found 0.00 EUR"),
        (repay("R1", "-1.00", "2024-01-15"), "loan L1: amount: expected an amount of EUR above zero, found -1.00 EUR"),
        (
            repay("R1", "1.00", "2024-01-14"),
            "loan L1: value_on: expected a day from 2024-01-15 to 2024-02-01, found 2024-01-14",
        ),
        (
            repay("R1", "1.00", "2024-02-02"),
            "loan L1: value_on: expected a day from 2024-01-15 to 2024-02-01, found 2024-02-02",
        ),
        (reverse("R9"), "loan L1: no repayment R9 was booked"),
    ] {
        assert_eq!(refusal(&mut story, &command, "2024-02-01"), text);
    }
    let mut signed =
        Story::signed(&Product::consumer_instalment(), eur("1200.00"), 12, rate("0.12"), day("2024-01-15"));
    let text = "loan L1 is signed, and only a loan that is paid out takes a repayment";
    assert_eq!(refusal(&mut signed, &repay("R1", "1.00", "2024-01-15"), "2024-01-15"), text);
}

#[test]
fn a_back_dated_repayment_leads_to_the_same_books_as_one_in_time() {
    let mut in_time = Story::active();
    in_time.repay("R1", "106.64", "2024-02-15", "2024-02-15");
    in_time.repay("R2", "50.00", "2024-03-01", "2024-03-01");
    let mut back_dated = Story::active();
    back_dated.repay("R2", "50.00", "2024-03-01", "2024-03-01");
    back_dated.repay("R1", "106.64", "2024-02-15", "2024-03-10");
    for story in [&mut in_time, &mut back_dated] {
        story.end_day("2024-03-10");
    }
    assert_eq!(in_time.loan.position(), back_dated.loan.position());
    let balances = |story: &Story| TrialBalance::of(&story.entries).unwrap();
    assert_eq!(balances(&in_time), balances(&back_dated));
    assert_eq!(back_dated.loan.position().unwrap().installments[0].paid_on, Some(day("2024-02-15")));
}

#[test]
fn a_back_dated_settlement_takes_back_the_interest_already_recognised_after_it() {
    let mut story = Story::active();
    story.end_day("2024-02-15");
    story.end_day("2024-03-15");
    let payoff = story.loan.position().unwrap().payoff_amount(day("2024-02-15")).unwrap();
    assert_eq!(payoff.amount(), "1212.23");
    story.repay("R1", "1212.23", "2024-02-15", "2024-03-20");
    assert_eq!(story.loan.state(), LoanState::Closed { settled_on: day("2024-02-15") });
    assert_eq!(story.balance("house:interest-income:EUR"), "-12.23");
    assert_eq!(story.open_loan_accounts(), []);
}

#[test]
fn a_reversed_repayment_leaves_the_loan_as_if_it_had_never_been() {
    let mut story = Story::active();
    story.end_day("2024-02-15");
    let (position, balances) = (story.loan.position().cloned(), TrialBalance::of(&story.entries).unwrap());
    story.repay("R1", "1300.00", "2024-02-15", "2024-02-15");
    story.apply(&reverse("R1"), "2024-02-20");
    assert!(!story.try_to(&reverse("R1"), "2024-02-21").unwrap());
    assert_eq!(story.loan.position().cloned(), position);
    let now = TrialBalance::of(&story.entries).unwrap();
    for (account, balance) in balances.balances() {
        assert_eq!(now.balance(account, Currency::EUR), balance, "{account}");
    }
    assert!(!story.try_to(&repay("R1", "1300.00", "2024-02-15"), "2024-02-21").unwrap(), "its id stays used");
}

#[test]
fn an_early_settlement_owes_only_the_interest_earned_by_the_day_before() {
    let mut story = Story::active();
    // Nine of the 31 days to 2024-02-15: ten have passed, the day of payment does not count.
    let payoff = story.loan.position().unwrap().payoff_amount(day("2024-01-25")).unwrap();
    assert_eq!(payoff.amount(), "1203.55");
    story.repay("R1", "1203.54", "2024-01-25", "2024-01-25");
    assert_eq!(story.loan.state(), LoanState::Active, "a cent short");
    story.repay("R2", "0.01", "2024-01-25", "2024-01-25");
    assert_eq!(story.loan.state(), LoanState::Closed { settled_on: day("2024-01-25") });
    assert_eq!(story.balance("house:interest-income:EUR"), "-3.55");
    assert_eq!(story.open_loan_accounts(), []);
}

#[test]
fn where_the_product_says_so_an_early_settlement_owes_all_scheduled_interest() {
    let product = Product { early_repayment: EarlyRepayment::ScheduledInterest, ..Product::consumer_instalment() };
    let mut story = Story::signed(&product, eur("1200.00"), 12, rate("0.12"), day("2024-01-15"));
    story.pay_out("2024-01-15");
    let total = story.loan.signed().cost_table.total_repayable;
    let position = story.loan.position().unwrap();
    assert_eq!(position.payoff_amount(day("2024-01-25")).unwrap(), total);
    story.repay("R1", &total.amount(), "2024-01-25", "2024-01-25");
    assert_eq!(story.loan.state(), LoanState::Closed { settled_on: day("2024-01-25") });
}

#[test]
fn what_exceeds_everything_owed_is_the_borrowers_credit() {
    let mut story = Story::active();
    story.repay("R1", "1210.00", "2024-01-25", "2024-01-25");
    let credit = eur("6.45");
    assert_eq!(story.loan.state(), LoanState::Overpaid { credit, settled_on: day("2024-01-25") });
    assert_eq!(story.balance("loan:L1:credit"), "-6.45");
    story.repay("R2", "1.00", "2024-02-01", "2024-02-01");
    assert_eq!(story.balance("loan:L1:credit"), "-7.45", "money that comes after the end is owed back");
}
