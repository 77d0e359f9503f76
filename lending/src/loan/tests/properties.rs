//! What holds for any sequence of commands.

use proptest::prelude::*;

use super::*;
use crate::loan::LoanState;
use crate::loan::accounts::Accounts;
use crate::rate::all_in;

/// Commands with dates counted in days from the start; many of them are refused, as they would be.
#[derive(Debug, Clone)]
enum Step {
    Start(u8),
    Confirm(u8, i64),
    Fail(u8),
    Cancel,
    Repay { id: u8, minor_units: i64, value: i64 },
    Reverse(u8),
    Refund(u8),
    EndDay(i64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        1 => (0_u8..3).prop_map(Step::Start),
        3 => (0_u8..6, 0_i64..260).prop_map(|(id, day)| Step::Confirm(id, day)),
        2 => (0_u8..6).prop_map(Step::Fail),
        4 => (0_u8..6).prop_map(Step::Refund),
        1 => Just(Step::Cancel),
        12 => (0_u8..40, 1_i64..90_000, 0_i64..200)
            .prop_map(|(id, minor_units, value)| Step::Repay { id, minor_units, value }),
        3 => (0_u8..40).prop_map(Step::Reverse),
        6 => (0_i64..250).prop_map(Step::EndDay),
    ]
}

fn command(step: &Step, start_on: NaiveDate) -> LoanCommand {
    let after = |days| start_on + chrono::TimeDelta::days(days);
    match *step {
        Step::Start(id) => start(&id.to_string()),
        Step::Confirm(id, value) => confirm(&id.to_string(), &after(value).to_string()),
        Step::Fail(id) => fail(&id.to_string()),
        Step::Cancel => cancel(),
        Step::Repay { id, minor_units, value } => LoanCommand::Repay {
            repayment: RepaymentId::new(id.to_string()),
            amount: Money::from_minor_units(minor_units, Currency::EUR),
            value_on: Some(after(value)),
        },
        Step::Reverse(id) => reverse(&id.to_string()),
        Step::Refund(id) => refund(&id.to_string()),
        Step::EndDay(through) => LoanCommand::EndDay { through: after(through) },
    }
}

fn holds(story: &Story) {
    let trial = TrialBalance::of(&story.entries).unwrap();
    assert!(trial.is_zero().unwrap(), "{trial:?}");
    // Nothing may stand on an account that its entries do not explain.
    let left = Accounts::of(&story.loan).unwrap();
    let explained = left.less_balances(&trial);
    assert_eq!(explained, [], "the entries do not add up to the accounts of the fold");
    assert_eq!(Loan::fold(&story.events).unwrap(), story.loan, "a fold from the start differs");
    assert_eq!(story.balance("house:bank:EUR"), bank(&story.events), "the bank holds what came less what went");
    if let Some(position) = story.loan.position() {
        assert!(position.credit.is_zero() || position.overdraft.is_zero(), "owed both ways");
        let credit = position.overdraft.checked_sub(position.credit).unwrap();
        assert_eq!(story.balance("loan:L1:credit"), credit.amount());
        let principal = position.sum(|installment| Ok(installment.principal)).unwrap();
        assert_eq!(principal, story.loan.signed().cost_table.principal);
        for installment in &position.installments {
            assert!(!installment.interest.is_negative() && !installment.outstanding().unwrap().is_negative());
        }
    }
    match story.loan.state() {
        LoanState::Closed { .. } => assert_eq!(story.open_loan_accounts(), []),
        LoanState::Signed | LoanState::Cancelled { .. } | LoanState::PayoutFailed { .. } => {
            assert!(trial.balances().all(|(_, balance)| balance.is_zero()), "no money went out: {trial:?}");
        }
        LoanState::Overpaid { credit, .. } => assert!(credit.is_positive()),
        LoanState::Refunding { amount, .. } => {
            assert_eq!(story.balance("house:payouts-in-transit:EUR"), amount.amount());
        }
        LoanState::PayingOut { .. } | LoanState::Active => {}
    }
}

/// What the events alone say: repayments that came and did not go back, less what was paid out or is on its way.
fn bank(events: &[LoanEvent]) -> String {
    let (mut cents, mut repaid, mut going) = (0, std::collections::BTreeMap::new(), 0);
    for event in events {
        match event {
            LoanEvent::PayoutStarted { .. } => going = 120_000,
            LoanEvent::RefundStarted { amount, .. } => going = amount.minor_units(),
            LoanEvent::PayoutSucceeded { .. } | LoanEvent::RefundSucceeded { .. } => {
                cents -= going;
                going = 0;
            }
            LoanEvent::PayoutFailed { .. } | LoanEvent::RefundFailed { .. } => going = 0,
            LoanEvent::Repaid { repayment, amount, .. } => {
                repaid.insert(repayment.clone(), amount.minor_units());
            }
            LoanEvent::RepaymentReversed { repayment, .. } => {
                repaid.remove(repayment).unwrap();
            }
            LoanEvent::Signed(_) | LoanEvent::Cancelled { .. } | LoanEvent::DayEnded { .. } => {}
        }
    }
    Money::from_minor_units(repaid.values().sum::<i64>() + cents - going, Currency::EUR).amount()
}

fn lent() -> impl Strategy<Value = (i64, u16, i64, u32)> {
    (20_000_i64..2_000_000, 3_u16..72, 0_i64..2_000, 0_u32..366)
}

fn offered((minor_units, months, rate, day_of_year): (i64, u16, i64, u32)) -> Story {
    let start_on = day("2024-01-01") + chrono::TimeDelta::days(day_of_year.into());
    let rate = Rate::new(rust_decimal::Decimal::new(rate, 4));
    let amount = Money::from_minor_units(minor_units, Currency::EUR);
    Story::signed(&Product::consumer_instalment(), amount, months, rate, start_on)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_commands_leave_balanced_books_that_a_fresh_fold_explains(
        steps in prop::collection::vec((step(), 0_i64..260), 1..40)
    ) {
        let mut story = Story::signed(&Product::consumer_instalment(), eur("1200.00"), 6, rate("0.18"), day("2024-01-15"));
        let start_on = day("2024-01-15");
        // Most loans are paid out, so that most steps fall on a running one.
        if steps.len() > 8 {
            story.pay_out("2024-01-17");
        }
        for (step, on) in steps {
            let command = command(&step, start_on);
            let on = (start_on + chrono::TimeDelta::days(on)).to_string();
            let applied = story.try_to(&command, &on);
            if matches!(applied, Ok(true)) {
                let again = story.try_to(&command, &on);
                prop_assert!(matches!(again, Ok(false)), "{:?} was applied twice", command);
            }
            holds(&story);
        }
    }

    #[test]
    fn an_overpaid_loan_refunded_reversed_and_paid_again_ends_closed(
        extra in 1_i64..50_000, succeeds in any::<bool>(), reversed_on in 30_i64..200, settled_after in 0_i64..100
    ) {
        let mut story = Story::active();
        let on = |days: i64| (day("2024-01-15") + chrono::TimeDelta::days(days)).to_string();
        let payoff = story.loan.position().unwrap().payoff_amount(day(&on(10))).unwrap();
        let paid = payoff.checked_add(Money::from_minor_units(extra, Currency::EUR)).unwrap();
        story.repay("R1", &paid.amount(), &on(10), &on(10));
        story.apply(&refund("P2"), &on(11));
        let end = if succeeds { confirm("P2", &on(12)) } else { fail("P2") };
        // The bank takes the repayment back while the refund is under way, or after.
        if extra % 2 == 0 {
            story.apply(&end, &on(12));
            story.apply(&reverse("R1"), &on(reversed_on));
        } else {
            story.apply(&reverse("R1"), &on(12));
            story.apply(&end, &on(reversed_on));
        }
        holds(&story);
        prop_assert_eq!(story.loan.state(), LoanState::Active);
        story.end_day(&on(reversed_on));
        holds(&story);
        let settled_on = on(reversed_on + settled_after);
        let position = story.loan.position().unwrap();
        prop_assert_eq!(position.overdraft.minor_units(), if succeeds { extra } else { 0 });
        let payoff = position.payoff_amount(day(&settled_on)).unwrap();
        story.repay("R2", &payoff.amount(), &settled_on, &settled_on);
        holds(&story);
        prop_assert_eq!(story.loan.state(), LoanState::Closed { settled_on: day(&settled_on) });
    }

    #[test]
    fn the_order_in_which_repayments_become_known_changes_nothing(
        repayments in prop::collection::vec((1_i64..50_000, 0_i64..150), 1..8), rotation in 0_usize..8
    ) {
        let told = |order: &[usize]| {
            let mut story = Story::active();
            for index in order {
                let (minor_units, value) = repayments[*index];
                let value_on = (day("2024-01-15") + chrono::TimeDelta::days(value)).to_string();
                let amount = Money::from_minor_units(minor_units, Currency::EUR).amount();
                story.repay(&index.to_string(), &amount, &value_on, "2024-12-31");
            }
            story
        };
        let mut order: Vec<_> = (0..repayments.len()).collect();
        let one = told(&order);
        order.rotate_left(rotation % repayments.len());
        let other = told(&order);
        prop_assert_eq!(one.loan.position(), other.loan.position());
        prop_assert_eq!(TrialBalance::of(&one.entries).unwrap(), TrialBalance::of(&other.entries).unwrap());
    }

    #[test]
    fn a_late_payout_never_raises_the_rate_that_was_shown(terms in lent(), late in 1_i64..=5) {
        let mut story = offered(terms);
        let table = story.loan.signed().cost_table.clone();
        let paid_out_on = table.schedule.starts_on + chrono::TimeDelta::days(late);
        story.pay_out(&paid_out_on.to_string());
        let mut flows = vec![(paid_out_on, table.principal.checked_neg().unwrap())];
        for installment in &story.loan.position().unwrap().installments {
            flows.push((installment.due_on, installment.outstanding().unwrap()));
        }
        // But for the cent that rounding may take.
        flows[1].1 = flows[1].1.checked_sub(eur("0.01")).unwrap();
        let found = all_in(&flows).unwrap().effective;
        let shown = table.exact_all_in_rate().unwrap().unwrap().effective;
        prop_assert!(found <= shown, "{} above {}", found, shown);
    }

    #[test]
    fn an_early_settlement_within_the_first_period_never_raises_the_rate_that_was_shown(
        terms in lent(), after in 1_i64..28
    ) {
        let mut story = offered(terms);
        let table = story.loan.signed().cost_table.clone();
        let start_on = table.schedule.starts_on;
        story.pay_out(&start_on.to_string());
        let settled_on = start_on + chrono::TimeDelta::days(after);
        let payoff = story.loan.position().unwrap().payoff_amount(settled_on).unwrap();
        // But for the cent that rounding may take.
        let payoff = payoff.checked_sub(eur("0.01")).unwrap();
        let found = all_in(&[(start_on, table.principal.checked_neg().unwrap()), (settled_on, payoff)]);
        let shown = table.exact_all_in_rate().unwrap().unwrap().effective;
        prop_assert!(found.unwrap().effective <= shown, "{:?} above {}", found, shown);
    }
}
