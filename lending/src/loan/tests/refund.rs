//! Paying a credit back: the whole of it, once, whatever the channel says, and books that still add up when the
//! repayment behind it goes back too.

use super::*;
use crate::loan::{LoanState, LoanStatus, OpenPayment};

/// 6.45 more than was owed on 2024-01-25.
fn overpaid() -> Story {
    let mut story = Story::active();
    story.repay("R1", "1210.00", "2024-01-25", "2024-01-25");
    story
}

fn refusal(story: &mut Story, command: &LoanCommand, on: &str) -> String {
    story.try_to(command, on).unwrap_err().to_string()
}

#[test]
fn a_credit_is_in_transit_until_the_channel_confirms_it_and_then_the_loan_is_closed() {
    let mut story = overpaid();
    story.apply(&refund("P2"), "2024-01-26");
    let amount = eur("6.45");
    assert_eq!(story.loan.state(), LoanState::Refunding { payment: PaymentId::new("P2"), amount });
    assert_eq!(story.loan.open_payment(), Some(OpenPayment { payment: PaymentId::new("P2"), amount }));
    assert_eq!(
        (story.balance("house:payouts-in-transit:EUR"), story.balance("loan:L1:credit")),
        ("6.45".into(), "-6.45".into())
    );
    story.apply(&confirm("P2", "2024-01-27"), "2024-01-28");
    assert_eq!(story.loan.state(), LoanState::Closed { settled_on: day("2024-01-25") });
    assert_eq!(story.open_loan_accounts(), []);
    assert_eq!(story.balance("house:bank:EUR"), "3.55", "the interest earned");
    assert_eq!(story.loan.position().unwrap().refunded, amount);
}

#[test]
fn a_refund_of_unknown_outcome_is_never_ordered_under_another_id() {
    let mut story = overpaid();
    story.apply(&refund("P2"), "2024-01-26");
    assert!(!story.try_to(&refund("P2"), "2024-01-26").unwrap(), "asked again with the same id");
    assert_eq!(refusal(&mut story, &refund("P3"), "2024-01-26"), "loan L1: expected payment P2, found P3");
    story.apply(&confirm("P2", "2024-01-26"), "2024-01-26");
    assert!(!story.try_to(&refund("P2"), "2024-01-26").unwrap());
    assert!(!story.try_to(&confirm("P2", "2024-01-26"), "2024-01-27").unwrap(), "told twice");
    assert_eq!(
        refusal(&mut story, &refund("P3"), "2024-01-27"),
        "loan L1 is closed, and only a loan with a credit is refunded"
    );
}

#[test]
fn a_failed_refund_leaves_the_credit_and_is_tried_under_another_id() {
    let mut story = overpaid();
    story.apply(&refund("P2"), "2024-01-26");
    story.apply(&fail("P2"), "2024-01-26");
    assert!(!story.try_to(&fail("P2"), "2024-01-27").unwrap());
    assert!(matches!(story.loan.state(), LoanState::Overpaid { .. }));
    assert_eq!(story.loan.payment_failure(), Some(&FailureReason::given("account closed")));
    assert_eq!(
        (story.balance("house:payouts-in-transit:EUR"), story.balance("loan:L1:credit")),
        ("0.00".into(), "-6.45".into())
    );
    let text = "loan L1: payment P2 has failed, and another attempt needs another id";
    assert_eq!(refusal(&mut story, &refund("P2"), "2024-01-27"), text);
    assert_eq!(
        refusal(&mut story, &confirm("P2", "2024-01-26"), "2024-01-27"),
        "loan L1: expected payment P1, found P2"
    );
    story.apply(&refund("P3"), "2024-01-27");
    story.apply(&confirm("P3", "2024-01-27"), "2024-01-27");
    assert_eq!((story.open_loan_accounts(), story.loan.payment_failure()), (vec![], None));
}

#[test]
fn a_refund_needs_a_credit_and_an_id_of_its_own() {
    let mut story = Story::active();
    let text = "loan L1 is active, and only a loan with a credit is refunded";
    assert_eq!(refusal(&mut story, &refund("P2"), "2024-01-26"), text);
    let mut story = overpaid();
    let text = "loan L1: payment P1 was used before, and another needs another id";
    assert_eq!(refusal(&mut story, &refund("P1"), "2024-01-26"), text);
    story.apply(&refund("P2"), "2024-01-26");
    for early in ["2024-01-25", "2024-01-28"] {
        assert!(story.try_to(&confirm("P2", early), "2024-01-27").is_err(), "before it was ordered, or in the future");
    }
}

#[test]
fn what_comes_while_a_refund_is_under_way_is_a_credit_of_its_own() {
    let mut story = overpaid();
    story.apply(&refund("P2"), "2024-01-26");
    story.repay("R2", "1.00", "2024-01-27", "2024-01-27");
    assert_eq!(story.loan.open_payment().unwrap().amount, eur("6.45"));
    story.apply(&confirm("P2", "2024-01-26"), "2024-01-28");
    assert_eq!(story.loan.state(), LoanState::Overpaid { credit: eur("1.00"), settled_on: day("2024-01-25") });
}

#[test]
fn a_refund_whose_repayment_goes_back_is_owed_again_without_interest() {
    let mut story = overpaid();
    story.apply(&refund("P2"), "2024-01-26");
    story.apply(&confirm("P2", "2024-01-26"), "2024-01-26");
    story.apply(&reverse("R1"), "2024-02-01");
    assert_eq!(story.loan.state(), LoanState::Active);
    let position = story.loan.position().unwrap();
    assert_eq!((position.overdraft, position.credit), (eur("6.45"), eur("0.00")));
    assert_eq!(story.balance("loan:L1:credit"), "6.45", "a debt of the borrower");
    assert_eq!(position.due_by(day("2024-02-01")).unwrap(), eur("6.45"));
    let payoff = position.payoff_amount(day("2024-02-01")).unwrap();
    let untouched = Story::active().loan.position().unwrap().payoff_amount(day("2024-02-01")).unwrap();
    assert_eq!(payoff, untouched.checked_add(eur("6.45")).unwrap());
    // All but a cent of it settles the installments, and the loan stays open for the cent.
    let short = payoff.checked_sub(eur("0.01")).unwrap().amount();
    story.repay("R2", &short, "2024-02-01", "2024-02-01");
    assert_eq!((story.loan.state(), story.outstanding()), (LoanState::Active, "0.01".to_owned()));
    story.repay("R3", "0.01", "2024-02-02", "2024-02-02");
    assert_eq!(story.loan.state(), LoanState::Closed { settled_on: day("2024-02-01") });
    assert_eq!(story.open_loan_accounts(), []);
}

#[test]
fn a_loan_reversed_after_it_closed_falls_due_again_day_by_day() {
    let mut story = Story::active();
    let payoff = story.loan.position().unwrap().payoff_amount(day("2024-01-25")).unwrap().amount();
    story.repay("R1", &payoff, "2024-01-25", "2024-01-25");
    assert!(!story.end_day("2024-02-15"), "nothing of a settled loan falls due");
    story.apply(&reverse("R1"), "2024-03-20");
    assert_eq!(story.loan.state(), LoanState::Active);
    assert_eq!(
        story.balance("house:interest-income:EUR"),
        "0.00",
        "what was recognised with the settlement is taken back"
    );
    assert!(story.end_day("2024-03-20"), "both installments due by then");
    let position = story.loan.position().unwrap();
    let due = position.installments[0].interest.checked_add(position.installments[1].interest).unwrap();
    assert_eq!(story.balance("house:interest-income:EUR"), due.checked_neg().unwrap().amount());
    assert_eq!(position.days_past_due(day("2024-03-20")), 34);
}

#[test]
fn every_state_but_the_last_ones_has_a_way_out() {
    let signed = || Story::signed(&Product::consumer_instalment(), eur("1200.00"), 12, rate("0.12"), day("2024-01-15"));
    let on = "2024-01-26";
    let payoff = Story::active().loan.position().unwrap().payoff_amount(day(on)).unwrap().amount();
    for status in LoanStatus::ALL.iter().copied() {
        let (before, way_out): (&[LoanCommand], LoanCommand) = match status {
            LoanStatus::Signed => (&[], cancel()),
            LoanStatus::PayingOut => (&[start("P1")], confirm("P1", "2024-01-15")),
            LoanStatus::PayoutFailed => (&[start("P1"), fail("P1")], cancel()),
            LoanStatus::Active => (&[start("P1"), confirm("P1", "2024-01-15")], repay("R1", &payoff, on)),
            LoanStatus::Overpaid => {
                (&[start("P1"), confirm("P1", "2024-01-15"), repay("R1", "1500.00", "2024-01-15")], refund("P2"))
            }
            LoanStatus::Refunding => (
                &[start("P1"), confirm("P1", "2024-01-15"), repay("R1", "1500.00", "2024-01-15"), refund("P2")],
                confirm("P2", "2024-01-15"),
            ),
            LoanStatus::Cancelled | LoanStatus::Closed => continue,
        };
        let mut story = signed();
        for command in before {
            story.apply(command, "2024-01-15");
        }
        assert_eq!(story.loan.state().status(), status);
        assert!(!status.is_over());
        story.apply(&way_out, on);
        assert_ne!(story.loan.state().status(), status, "{way_out:?} leads out");
    }
}
