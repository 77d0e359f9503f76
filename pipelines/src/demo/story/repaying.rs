//! Years of repayment in a minute: the clock moves from due date to due date, and each borrower does what became of the
//! real loan. The good pay every instalment, some all at once before the end; the bad stop at some month.

use std::collections::BTreeSet;

use chrono::{Days, NaiveDate};
use fastrand::Rng;
use weir_lending::api::{LoanAnswer, LoanInstallmentAnswer};
use weir_lending::loan::LoanStatus;
use weir_money::{Currency, Money, MoneyError};

use super::super::cast::Person;
use super::super::chance::{happens, stream};
use super::super::{Client, DemoError, calendar};
use super::signing::Signed;
use super::{AT_ONCE, each};
use crate::progress;

/// Per mille of the good who pay everything off before the end.
const PAYS_OFF_EARLY: u32 = 120;

/// How somebody repays. Counts are of instalments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Conduct {
    EveryOne,
    AllAtOnceAfter(u32),
    NoneAfter(u32),
}

impl Conduct {
    fn of(paid_back: bool, instalments: u32, random: &mut Rng) -> Self {
        match (paid_back, happens(random, PAYS_OFF_EARLY)) {
            (true, true) if instalments > 2 => Self::AllAtOnceAfter(random.u32(1..instalments - 1)),
            (true, true | false) => Self::EveryOne,
            (false, true | false) => Self::NoneAfter(random.u32(0..instalments.div_ceil(2))),
        }
    }
}

/// Where a loan stands, in the words of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Standing {
    OnSchedule,
    Overdue,
    Closed,
    /// Overpaid, or its payout failed: nothing that the demo does leads there.
    Other,
}

impl Standing {
    pub(crate) const ALL: [Self; 4] = [Self::OnSchedule, Self::Overdue, Self::Closed, Self::Other];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::OnSchedule => "on schedule",
            Self::Overdue => "overdue",
            Self::Closed => "closed",
            Self::Other => "other",
        }
    }

    pub(crate) fn of(loan: &LoanAnswer) -> Self {
        match (loan.state, loan.days_past_due) {
            (LoanStatus::Active, 0) => Self::OnSchedule,
            (LoanStatus::Active, _) => Self::Overdue,
            (LoanStatus::Closed, _) => Self::Closed,
            (
                LoanStatus::Signed
                | LoanStatus::PayingOut
                | LoanStatus::PayoutFailed
                | LoanStatus::Cancelled
                | LoanStatus::Overpaid
                | LoanStatus::Refunding,
                _,
            ) => Self::Other,
        }
    }
}

/// How many loans stood where when a due date was over, in order of `Standing::ALL`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DayEnd {
    pub(crate) on: NaiveDate,
    pub(crate) loans: [usize; 4],
}

/// Loans as they stood at the end, in order of the signed ones.
#[derive(Debug)]
pub(super) struct Repaid {
    pub(super) loans: Vec<LoanAnswer>,
    pub(super) days: Vec<DayEnd>,
    pub(super) repayments: usize,
}

/// One borrower, with the loan as the platform last told it.
#[derive(Debug)]
struct Borrower {
    loan: LoanAnswer,
    conduct: Conduct,
}

/// What a borrower does on a due date.
#[derive(Debug, PartialEq, Eq)]
enum Act {
    Pay(LoanInstallmentAnswer),
    PayOff,
    /// Pays nothing and is looked at.
    Look,
    Nothing,
}

impl Borrower {
    fn act(&self, on: NaiveDate) -> Act {
        if self.loan.state != LoanStatus::Active {
            return Act::Nothing;
        }
        let Some(due) = self.loan.installments.iter().find(|one| one.due_on == on && one.paid_on.is_none()) else {
            return Act::Nothing;
        };
        match self.conduct {
            Conduct::AllAtOnceAfter(count) if due.number > count => Act::PayOff,
            Conduct::NoneAfter(count) if due.number > count => Act::Look,
            Conduct::EveryOne | Conduct::AllAtOnceAfter(_) | Conduct::NoneAfter(_) => Act::Pay(due.clone()),
        }
    }

    /// Whether anything changed hands.
    async fn live(&mut self, client: &Client, on: NaiveDate) -> Result<bool, DemoError> {
        let id = &self.loan.loan;
        let (repayment, amount) = match self.act(on) {
            Act::Nothing => return Ok(false),
            Act::Look => {
                self.loan = client.loan(id).await?;
                return Ok(false);
            }
            Act::Pay(due) => (format!("{id}-{}", due.number), open(&due)?.amount()),
            Act::PayOff => (format!("{id}-payoff"), client.loan(id).await?.payoff),
        };
        self.loan = client.repay(id, &repayment, &amount).await?;
        Ok(true)
    }
}

/// What an instalment still asks for.
fn open(due: &LoanInstallmentAnswer) -> Result<Money, DemoError> {
    let euros = |text: &str| Money::parse(text, Currency::EUR);
    let open = || -> Result<Money, MoneyError> {
        let asked = euros(&due.principal)?.checked_add(euros(&due.interest)?)?;
        asked.checked_sub(euros(&due.principal_paid)?)?.checked_sub(euros(&due.interest_paid)?)
    };
    open().map_err(|error| DemoError::Answer {
        what: "reading an instalment",
        expected: "amounts in euros".to_owned(),
        found: error.to_string(),
    })
}

pub(super) async fn repay(
    client: &Client,
    people: &[Person],
    signed: &[Signed],
    seed: u64,
) -> Result<Repaid, DemoError> {
    let mut borrowers: Vec<Borrower> = signed.iter().map(|signed| borrower(people, signed, seed)).collect();
    let instalments = signed.iter().flat_map(|signed| &signed.loan.installments);
    let due_dates: BTreeSet<NaiveDate> = instalments.map(|one| one.due_on).collect();
    let bar = progress::bar("repaying, in due dates", due_dates.len());
    let (mut days, mut repayments) = (Vec::new(), 0);
    for on in due_dates {
        client.move_clock(calendar::noon(on)).await?;
        let hidden = indicatif::ProgressBar::hidden();
        let paid = each(&hidden, AT_ONCE, &mut borrowers, |borrower| borrower.live(client, on)).await?;
        repayments += paid.into_iter().filter(|paid| *paid).count();
        days.push(DayEnd { on, loans: counted(borrowers.iter().map(|borrower| &borrower.loan)) });
        bar.inc(1);
    }
    bar.finish();
    if let Some(after) = days.last().and_then(|last| last.on.checked_add_days(Days::new(1))) {
        client.move_clock(calendar::noon(after)).await?;
    }
    let bar = progress::bar("reading the loans", borrowers.len());
    let loans = each(&bar, AT_ONCE, &borrowers, |borrower| client.loan(&borrower.loan.loan)).await?;
    bar.finish();
    if let Some(last) = days.last().and_then(|last| last.on.checked_add_days(Days::new(1))) {
        days.push(DayEnd { on: last, loans: counted(&loans) });
    }
    Ok(Repaid { loans, days, repayments })
}

fn borrower(people: &[Person], signed: &Signed, seed: u64) -> Borrower {
    let applicant = &people[signed.place].applicant;
    let instalments = u32::try_from(signed.loan.installments.len()).unwrap_or(u32::MAX);
    let mut random = stream(seed, "conduct", applicant.row);
    let conduct = Conduct::of(applicant.paid_back, instalments, &mut random);
    Borrower { loan: signed.loan.clone(), conduct }
}

fn counted<'a>(loans: impl IntoIterator<Item = &'a LoanAnswer>) -> [usize; 4] {
    let mut counts = [0; 4];
    for loan in loans {
        let standing = Standing::of(loan);
        if let Some(place) = Standing::ALL.iter().position(|one| *one == standing) {
            counts[place] += 1;
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn borrower(conduct: Conduct) -> Borrower {
        let installment = |number: u32| {
            json!({
                "number": number, "due_on": format!("2026-{:02}-12", number + 3), "principal": "100.00",
                "interest": "1.50", "principal_paid": "0.00", "interest_paid": "0.50", "paid_on": null,
            })
        };
        let installments = [1, 2, 3].map(installment);
        let loan = json!({
            "loan": "l1", "application": "a1", "customer": "c1", "state": "active", "currency": "EUR",
            "principal": "300.00", "annual_rate": "0.12", "contract_hash": "h", "outstanding": "304.50", "due": "0.00",
            "payoff": "300.00", "credit": "0.00", "days_past_due": 0, "installments": installments,
        });
        Borrower { loan: serde_json::from_value(loan).unwrap(), conduct }
    }

    fn acts(conduct: Conduct) -> [&'static str; 4] {
        let borrower = borrower(conduct);
        ["2026-04-12", "2026-05-12", "2026-06-12", "2026-07-12"].map(|on| match borrower.act(on.parse().unwrap()) {
            Act::Pay(_) => "pay",
            Act::PayOff => "pay off",
            Act::Look => "look",
            Act::Nothing => "nothing",
        })
    }

    #[test]
    fn each_conduct_acts_on_due_dates_and_on_no_other_day() {
        assert_eq!(acts(Conduct::EveryOne), ["pay", "pay", "pay", "nothing"]);
        assert_eq!(acts(Conduct::AllAtOnceAfter(1)), ["pay", "pay off", "pay off", "nothing"]);
        assert_eq!(acts(Conduct::NoneAfter(0)), ["look", "look", "look", "nothing"]);
    }

    #[test]
    fn an_instalment_asks_for_what_is_not_paid_yet() {
        assert_eq!(open(&borrower(Conduct::EveryOne).loan.installments[0]).unwrap().to_string(), "101.00 EUR");
    }

    #[test]
    fn the_good_pay_everything_and_the_bad_stop_before_the_end() {
        for person in 0..500 {
            let of = |paid_back| Conduct::of(paid_back, 12, &mut stream(7, "conduct", person));
            assert!(matches!(of(true), Conduct::EveryOne | Conduct::AllAtOnceAfter(1..=10)));
            assert!(matches!(of(false), Conduct::NoneAfter(0..=5)));
        }
    }
}
