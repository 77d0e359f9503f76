//! What must have held, whatever the figures are: the demo fails when one of these did not.

use std::collections::BTreeMap;

use weir_lending::api::{InstallmentAnswer, LoanAnswer, LoanInstallmentAnswer, TrialBalanceLine};
use weir_lending::loan::LoanStatus;
use weir_money::{Currency, Money};

use super::super::story::{Lent, Told};

/// One promise, with what was counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Promise {
    pub(crate) text: &'static str,
    pub(crate) found: String,
    pub(crate) held: bool,
}

pub(super) fn all(told: &Told) -> Vec<Promise> {
    vec![
        events(told),
        applications(told),
        repeats(told),
        reasons(told),
        reruns(told),
        contracts(told),
        payouts(told),
        books(&told.trial_balance),
    ]
}

fn of(text: &'static str, good: usize, all: usize, what: &str) -> Promise {
    Promise { text, found: format!("{good} of {all} {what}"), held: good == all }
}

fn events(told: &Told) -> Promise {
    let (intake, sent) = (&told.streamed.intake, told.streamed.sent);
    Promise {
        text: "every event is acknowledged once",
        found: format!("{} of {sent}, {} duplicate, {} rejected", intake.accepted, intake.duplicate, intake.rejected),
        held: intake.accepted == sent && intake.duplicate + intake.rejected == 0,
    }
}

fn applications(told: &Told) -> Promise {
    let decided = told.cases.iter().filter(|case| case.decision.is_some()).count();
    of("no application is lost", decided, told.cases.len(), "decided")
}

fn repeats(told: &Told) -> Promise {
    let once = told.repeated - told.doubled;
    of("a request sent twice counts once", once, told.repeated, "repeats got the first answer")
}

fn reasons(told: &Told) -> Promise {
    let decisions: Vec<_> = told.cases.iter().filter_map(|case| case.decision.as_ref()).collect();
    let with = decisions.iter().filter(|one| !one.decision.reasons.is_empty()).count();
    of("every outcome carries a reason", with, decisions.len(), "decisions")
}

fn reruns(told: &Told) -> Promise {
    let decisions: Vec<_> = told.cases.iter().filter_map(|case| case.decision.as_ref()).collect();
    let equal = decisions.iter().filter(|one| one.rerun_is_equal).count();
    of("a decision run again is equal to the byte", equal, decisions.len(), "equal")
}

fn lent(told: &Told) -> Vec<&Lent> {
    told.cases.iter().filter_map(|case| case.lent.as_ref()).collect()
}

fn contracts(told: &Told) -> Promise {
    let lent = lent(told);
    let kept = lent.iter().filter(|one| bills_what_it_showed(one)).count();
    of("what was shown is signed and billed", kept, lent.len(), "contracts")
}

/// The hash that was shown is the one signed, and every instalment asks for what the contract says.
fn bills_what_it_showed(lent: &Lent) -> bool {
    let shown = |one: &InstallmentAnswer| (one.number, one.due_on, one.principal.clone(), one.interest.clone());
    let billed = |one: &LoanInstallmentAnswer| (one.number, one.due_on, one.principal.clone(), one.interest.clone());
    let (contract, loan) = (&lent.shown, &lent.paid_out);
    loan.contract_hash == contract.contract_hash
        && loan.principal == contract.cost.principal
        && loan.installments.iter().map(billed).eq(contract.cost.installments.iter().map(shown))
}

/// The channel's own statement against the loans that were paid out: as many, of the same amounts.
fn payouts(told: &Told) -> Promise {
    let lent = lent(told);
    let is_paid =
        |loan: &LoanAnswer| matches!(loan.state, LoanStatus::Active | LoanStatus::Overpaid | LoanStatus::Closed);
    let mut owed: Vec<&str> =
        lent.iter().map(|one| &one.paid_out).filter(|loan| is_paid(loan)).map(|loan| loan.principal.as_str()).collect();
    let mut paid: Vec<&str> = told.statement.iter().map(|one| one.amount.as_str()).collect();
    owed.sort_unstable();
    paid.sort_unstable();
    Promise {
        text: "every signed loan is paid out, and once",
        found: format!("{} signed, {} paid out, {} on the channel's statement", lent.len(), owed.len(), paid.len()),
        held: owed == paid && owed.len() == lent.len(),
    }
}

/// Each currency's lines add up to zero, and there are some.
fn books(lines: &[TrialBalanceLine]) -> Promise {
    let text = "the trial balance is zero";
    match totals(lines) {
        Some(totals) => {
            let found = totals.iter().map(|(currency, total)| format!("{} {currency}", total.amount()));
            let held = totals.values().all(|total| total.is_zero()) && !totals.is_empty();
            Promise {
                text,
                found: format!("{} over {} lines", found.collect::<Vec<_>>().join(", "), lines.len()),
                held,
            }
        }
        None => Promise { text, found: "unreadable".to_owned(), held: false },
    }
}

fn totals(lines: &[TrialBalanceLine]) -> Option<BTreeMap<String, Money>> {
    let mut totals: BTreeMap<String, Money> = BTreeMap::new();
    for line in lines {
        let currency: Currency = line.currency.parse().ok()?;
        let total = totals.entry(line.currency.clone()).or_insert(Money::zero(currency));
        *total = total.checked_add(Money::parse(&line.balance, currency).ok()?).ok()?;
    }
    Some(totals)
}

/// All that was lent; `None` where nothing was.
pub(super) fn principal(told: &Told) -> Option<Money> {
    let principals = lent(told).into_iter().map(|one| Money::parse(&one.paid_out.principal, Currency::EUR).ok());
    principals.reduce(|sum, one| sum?.checked_add(one?).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(account: &str, balance: &str) -> TrialBalanceLine {
        TrialBalanceLine { account: account.into(), currency: "EUR".into(), balance: balance.into() }
    }

    #[test]
    fn books_hold_only_when_their_lines_add_up_to_zero() {
        let mut lines = vec![line("loans:principal", "10.00"), line("house:bank:EUR", "-10.00")];
        assert!(books(&lines).held);
        lines.push(line("house:interest:EUR", "0.01"));
        let promise = books(&lines);
        assert!(!promise.held && promise.found.starts_with("0.01 EUR"), "{promise:?}");
        assert!(!books(&[]).held, "books without a line prove nothing");
        assert!(!books(&[line("loans:principal", "ten")]).held);
    }
}
