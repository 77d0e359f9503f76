//! A loan with everything that was decided about it, and what must hold of it after every command.

use std::collections::BTreeMap;

use arbitrary::{Result, Unstructured};
use chrono::{NaiveDate, TimeDelta};
use weir_lending::ledger::{Account, Entry, TrialBalance};
use weir_lending::loan::{
    Answer, CancellationReason, FailureReason, Loan, LoanCommand, LoanEvent, LoanState, PaymentId, RepaymentId,
    ReversalReason,
};
use weir_money::{Currency, Money};

#[derive(Debug)]
pub(crate) struct Books {
    loan: Loan,
    events: Vec<LoanEvent>,
    entries: Vec<Entry>,
}

impl Books {
    pub(crate) fn open(loan: Loan, signed: LoanEvent) -> Self {
        Self { loan, events: vec![signed], entries: Vec::new() }
    }

    /// One drawn command on the business date `on`. It may be refused; what is applied is not applied twice.
    pub(crate) fn step(&mut self, u: &mut Unstructured<'_>, on: NaiveDate) -> Result<()> {
        let command = self.command(u, on)?;
        let Ok(Answer::Applied(change)) = self.loan.decide(&command, on) else { return Ok(()) };
        assert_eq!(self.loan.after(&change.event).unwrap(), change.loan, "{command:?}");
        self.loan = change.loan;
        let json = serde_json::to_string(&change.event).unwrap();
        assert_eq!(serde_json::from_str::<LoanEvent>(&json).unwrap(), change.event);
        self.events.push(change.event);
        if let Some(entry) = change.entry {
            let json = serde_json::to_string(&entry).unwrap();
            assert_eq!(serde_json::from_str::<Entry>(&json).unwrap(), entry);
            self.entries.push(entry);
        }
        assert!(matches!(self.loan.decide(&command, on), Ok(Answer::AlreadyApplied)), "{command:?} was applied twice");
        self.check(on);
        Ok(())
    }

    fn command(&self, u: &mut Unstructured<'_>, on: NaiveDate) -> Result<LoanCommand> {
        let payment = PaymentId::new(u.int_in_range(0..=5_u8)?.to_string());
        let repayment = RepaymentId::new(u.int_in_range(0..=15_u8)?.to_string());
        let value_on = on - TimeDelta::days(if u.arbitrary()? { u.int_in_range(-2..=200)? } else { 0 });
        Ok(match u.int_in_range(0..=11)? {
            0 => LoanCommand::StartPayout { payment },
            1 | 2 => LoanCommand::ConfirmPayment { payment, value_on },
            3 => LoanCommand::FailPayment { payment, reason: FailureReason::given("account closed") },
            4 => LoanCommand::Cancel { reason: CancellationReason::Withdrawn },
            5 => LoanCommand::StartRefund { payment },
            6 => LoanCommand::ReverseRepayment { repayment, reason: ReversalReason::Returned },
            7 | 8 => LoanCommand::EndDay { through: value_on },
            _ => LoanCommand::Repay { repayment, amount: self.amount(u, value_on)?, value_on: Some(value_on) },
        })
    }

    /// Some amount, or just what settles the loan, or a little more or less.
    fn amount(&self, u: &mut Unstructured<'_>, on: NaiveDate) -> Result<Money> {
        let units = match (self.loan.position(), u.int_in_range(0..=2)?) {
            (Some(position), 0) => {
                let payoff = position.payoff_amount(on).map_or(0, Money::minor_units);
                payoff.saturating_add(u.int_in_range(-2..=2)?)
            }
            (_, 1) => u.arbitrary::<i64>()? >> u.int_in_range(0..=60)?,
            (_, _) => u.int_in_range(0..=200_000)?,
        };
        Ok(Money::from_minor_units(units, self.currency()))
    }

    fn currency(&self) -> Currency {
        self.loan.signed().cost_table.principal.currency()
    }

    fn check(&self, on: NaiveDate) {
        let trial = TrialBalance::of(&self.entries).unwrap();
        assert!(trial.is_zero().unwrap(), "{trial:?}");
        assert_eq!(Loan::fold(&self.events).unwrap(), self.loan, "a fold from the start differs");
        let posted = |balance: &(&Account, Money)| balance.0.loan().is_some() && !balance.1.is_zero();
        let posted: BTreeMap<Account, Money> =
            trial.balances().filter(posted).map(|(account, money)| (account.clone(), money)).collect();
        let mut folded = self.loan.balances().unwrap();
        folded.retain(|_, balance| !balance.is_zero());
        assert_eq!(posted, folded, "the entries are not what the fold says");
        let currency = self.currency();
        let bank = trial.balance(&Account::HouseBank(currency), currency);
        assert_eq!(bank, self.bank(), "the bank holds what came less what went");
        self.check_position(on);
        self.check_state(&trial);
    }

    fn check_position(&self, on: NaiveDate) {
        let Some(position) = self.loan.position() else { return };
        assert!(position.credit.is_zero() || position.overdraft.is_zero(), "owed both ways");
        let principal = Money::sum(self.currency(), position.installments.iter().map(|one| one.principal));
        assert_eq!(principal.unwrap(), self.loan.signed().cost_table.principal);
        let mut paid = position.credit.checked_add(position.refunded).unwrap();
        paid = paid.checked_sub(position.overdraft).unwrap();
        for installment in &position.installments {
            assert!(!installment.interest.is_negative(), "{installment:?}");
            assert!(!installment.outstanding().unwrap().is_negative(), "{installment:?}");
            paid = paid.checked_add(installment.principal_paid).unwrap();
            paid = paid.checked_add(installment.interest_paid).unwrap();
        }
        assert_eq!(paid, position.received, "what came in is paid on something, a credit, or refunded");
        let payoff = position.payoff_amount(on).unwrap();
        assert!(!payoff.is_negative());
        assert!(position.due_by(on).unwrap().minor_units() <= position.outstanding().unwrap().minor_units());
        assert!(position.days_past_due(on) == 0 || position.due_by(on).unwrap().is_positive());
    }

    fn check_state(&self, trial: &TrialBalance) {
        let currency = self.currency();
        match self.loan.state() {
            LoanState::Closed { .. } => {
                let open = trial.balances().find(|(account, money)| account.loan().is_some() && !money.is_zero());
                assert_eq!(open, None, "a closed loan has an open account");
            }
            LoanState::Signed | LoanState::Cancelled { .. } | LoanState::PayoutFailed { .. } => {
                assert!(trial.balances().all(|(_, balance)| balance.is_zero()), "no money went out: {trial:?}");
            }
            LoanState::Overpaid { credit, .. } => assert!(credit.is_positive()),
            LoanState::Refunding { amount, .. } => {
                assert_eq!(trial.balance(&Account::PayoutsInTransit(currency), currency), amount);
            }
            LoanState::PayingOut { .. } | LoanState::Active => {}
        }
    }

    /// What the events alone say: repayments that came and did not go back, less what was paid out or is on its way.
    fn bank(&self) -> Money {
        let (mut held, mut repaid, mut going) = (0, BTreeMap::new(), 0);
        for event in &self.events {
            match event {
                LoanEvent::PayoutStarted { .. } => going = self.loan.signed().cost_table.principal.minor_units(),
                LoanEvent::RefundStarted { amount, .. } => going = amount.minor_units(),
                LoanEvent::PayoutSucceeded { .. } | LoanEvent::RefundSucceeded { .. } => {
                    held -= std::mem::take(&mut going);
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
        Money::from_minor_units(repaid.values().sum::<i64>() + held - going, self.currency())
    }
}
