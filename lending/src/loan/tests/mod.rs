//! Loans as tests build them: from a real quote and contract, by commands, with the entries kept.

mod life;
mod payout;
mod properties;
mod refund;
mod repayment;
mod stored;

use chrono::NaiveDate;
use weir_money::{Currency, Money, Rate};

use super::{
    Answer, CancellationReason, FailureReason, Loan, LoanCommand, LoanEvent, PaymentId, Refusal, RepaymentId,
    ReversalReason,
};
use crate::contract::{Contract, Parties};
use crate::ledger::{Account, Entry, TrialBalance};
use crate::product::Product;
use crate::quote::Quote;
use crate::rate::CapTable;

pub(super) fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

pub(super) fn eur(text: &str) -> Money {
    Money::parse(text, Currency::EUR).unwrap()
}

pub(super) fn rate(text: &str) -> Rate {
    text.parse().unwrap()
}

/// A loan with everything that was decided about it.
#[derive(Debug, Clone)]
struct Story {
    loan: Loan,
    events: Vec<LoanEvent>,
    entries: Vec<Entry>,
}

impl Story {
    fn signed(product: &Product, amount: Money, months: u16, annual_rate: Rate, start_on: NaiveDate) -> Self {
        let caps = CapTable::shipped();
        let quote = Quote::new(product, &caps, amount, months, annual_rate, start_on).unwrap();
        let parties = Parties {
            loan: "L1".into(),
            application: "A1".into(),
            customer: "c1".into(),
            lender: "Weir Test Lender".to_owned(),
            drawn_on: start_on,
        };
        let contract = Contract::draw(&quote, &caps, parties).unwrap();
        let hash = contract.hash.clone();
        let event = LoanEvent::from(&contract.accept(&hash, start_on).unwrap());
        let events = vec![event];
        Self { loan: Loan::fold(&events).unwrap(), events, entries: Vec::new() }
    }

    /// 1,200.00 over 12 months at 12 % from 2024-01-15, paid out that day.
    fn active() -> Self {
        let mut story =
            Self::signed(&Product::consumer_instalment(), eur("1200.00"), 12, rate("0.12"), day("2024-01-15"));
        story.pay_out("2024-01-15");
        story
    }

    fn try_to(&mut self, command: &LoanCommand, on: &str) -> Result<bool, Refusal> {
        match self.loan.decide(command, day(on))? {
            Answer::AlreadyApplied => Ok(false),
            Answer::Applied(change) => {
                self.loan = change.loan;
                self.events.push(change.event);
                self.entries.extend(change.entry);
                Ok(true)
            }
        }
    }

    /// Applies a command that must not have been applied before.
    fn apply(&mut self, command: &LoanCommand, on: &str) {
        assert!(self.try_to(command, on).unwrap(), "{command:?} was applied before");
    }

    fn pay_out(&mut self, on: &str) {
        self.pay_out_under("P1", on);
    }

    fn pay_out_under(&mut self, payment: &str, on: &str) {
        self.apply(&start(payment), on);
        self.apply(&confirm(payment, on), on);
    }

    fn repay(&mut self, id: &str, amount: &str, value_on: &str, on: &str) {
        self.apply(&repay(id, amount, value_on), on);
    }

    fn end_day(&mut self, through: &str) -> bool {
        self.try_to(&LoanCommand::EndDay { through: day(through) }, through).unwrap()
    }

    fn balance(&self, account: &str) -> String {
        let account: Account = account.parse().unwrap();
        TrialBalance::of(&self.entries).unwrap().balance(&account, Currency::EUR).amount()
    }

    /// Balances of the loan's own accounts that are not zero.
    fn open_loan_accounts(&self) -> Vec<(String, String)> {
        let trial = TrialBalance::of(&self.entries).unwrap();
        let open = trial.balances().filter(|(account, balance)| account.loan().is_some() && !balance.is_zero());
        open.map(|(account, balance)| (account.to_string(), balance.amount())).collect()
    }

    fn outstanding(&self) -> String {
        self.loan.position().unwrap().outstanding().unwrap().amount()
    }
}

fn start(payment: &str) -> LoanCommand {
    LoanCommand::StartPayout { payment: PaymentId::new(payment) }
}

fn confirm(payment: &str, value_on: &str) -> LoanCommand {
    LoanCommand::ConfirmPayment { payment: PaymentId::new(payment), value_on: day(value_on) }
}

fn fail(payment: &str) -> LoanCommand {
    LoanCommand::FailPayment { payment: PaymentId::new(payment), reason: FailureReason::given("account closed") }
}

fn cancel() -> LoanCommand {
    LoanCommand::Cancel { reason: CancellationReason::Withdrawn }
}

fn repay(id: &str, amount: &str, value_on: &str) -> LoanCommand {
    LoanCommand::Repay { repayment: RepaymentId::new(id), amount: eur(amount), value_on: Some(day(value_on)) }
}

fn reverse(id: &str) -> LoanCommand {
    LoanCommand::ReverseRepayment { repayment: RepaymentId::new(id), reason: ReversalReason::Returned }
}

fn refund(payment: &str) -> LoanCommand {
    LoanCommand::StartRefund { payment: PaymentId::new(payment) }
}
