//! The check of the books: the journal by itself, and each loan's events against what the journal has on its accounts.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use weir_messages::{KnownTime, LoanId};
use weir_money::{Currency, Total};

use super::{Lending, LendingError, decoded};
use crate::ledger::Account;
use crate::loan::{Loan, LoanEvent};
use crate::store::LoanBooks;

/// Loans compared at a time.
const PAGE: u32 = 256;
/// Differences that are told one by one; all are counted.
const MAX_TOLD: usize = 100;
/// Loans between two lines of the log about a verification.
const PROGRESS_EVERY: u64 = 10_000;

/// What a verification of the books found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Verified {
    /// Journal entries that were checked.
    pub entries: u64,
    /// Loans that were compared with the journal.
    pub loans: u64,
    /// The first thing in the journal itself that does not add up; absent where everything does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken: Option<String>,
    /// How many accounts or loans differ.
    pub different: u64,
    /// The first hundred of them.
    pub differences: Vec<BookDifference>,
}

/// Where a loan and the journal do not agree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BookDifference {
    pub loan: String,
    /// Absent where the loan itself cannot be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// What the journal has and the loan's events do not explain, with its currency; a debit is positive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub difference: Option<String>,
    /// For people.
    pub reason: String,
}

impl Verified {
    /// Whether nothing was found.
    #[must_use]
    pub const fn is_sound(&self) -> bool {
        self.broken.is_none() && self.different == 0
    }

    fn add(&mut self, difference: BookDifference) {
        self.different += 1;
        if self.differences.len() < MAX_TOLD {
            self.differences.push(difference);
        }
    }
}

/// The latest verification that this process has finished.
#[derive(Debug, Default)]
pub(crate) struct LatestVerification(Mutex<Option<(KnownTime, Verified)>>);

impl LatestVerification {
    fn locked(&self) -> MutexGuard<'_, Option<(KnownTime, Verified)>> {
        self.0.lock().expect("no holder panics")
    }
}

impl Lending {
    /// Counts the whole journal again: hash chain, every entry's balance and lines, house balances. Then folds every loan
    /// and compares its accounts with the journal's sums. Page by page: what is committed meanwhile is seen or not.
    pub async fn verify_books(&self) -> Result<Verified, LendingError> {
        let mut verified = Verified::default();
        match self.store.verify().await? {
            Ok(entries) => verified.entries = entries,
            Err(broken) => verified.broken = Some(broken.to_string()),
        }
        self.compare_loans(&mut verified).await?;
        self.find_accounts_of_no_loan(&mut verified).await?;
        match verified.is_sound() {
            true => tracing::info!(entries = verified.entries, loans = verified.loans, "the books are verified"),
            false => tracing::error!(broken = verified.broken, different = verified.different,
                first = ?verified.differences.first(), "the books do not add up"),
        }
        *self.verification.locked() = Some((self.now(), verified.clone()));
        Ok(verified)
    }

    /// When this process has last finished one, and what it found.
    #[must_use]
    pub fn latest_verification(&self) -> Option<(KnownTime, Verified)> {
        self.verification.locked().clone()
    }

    async fn compare_loans(&self, verified: &mut Verified) -> Result<(), LendingError> {
        let mut after = None;
        loop {
            let page = self.store.loan_books(after.as_ref(), PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.loan.clone());
            for books in &page {
                compare(books).into_iter().for_each(|difference| verified.add(difference));
                verified.loans += 1;
                if verified.loans.is_multiple_of(PROGRESS_EVERY) {
                    tracing::info!(loans = verified.loans, different = verified.different, "loans compared so far");
                }
            }
        }
    }

    async fn find_accounts_of_no_loan(&self, verified: &mut Verified) -> Result<(), LendingError> {
        let mut after: Option<String> = None;
        loop {
            let page = self.store.loan_accounts(after.as_deref(), PAGE).await?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            after = Some(last.clone());
            for (account, _) in page.into_iter().filter(|(_, known)| !known) {
                let loan = account.parse().ok().and_then(|account: Account| account.loan().map(LoanId::to_string));
                let reason = "the journal has an account of it, and there is no such loan".to_owned();
                let loan = loan.unwrap_or_default();
                verified.add(BookDifference { loan, account: Some(account), difference: None, reason });
            }
        }
    }
}

/// Every account on which the loan's events and the journal differ.
fn compare(books: &LoanBooks) -> Vec<BookDifference> {
    match balances(&books.events) {
        Ok(events) => {
            let keys = events.keys().chain(books.journal.keys().filter(|key| !events.contains_key(*key)));
            keys.filter_map(|key| differs(&books.loan, key, events.get(key), books.journal.get(key))).collect()
        }
        Err(error) => {
            let (loan, reason) = (books.loan.to_string(), error.to_string());
            vec![BookDifference { loan, account: None, difference: None, reason }]
        }
    }
}

fn balances(events: &[String]) -> Result<BTreeMap<(Account, Currency), Total>, LendingError> {
    let events: Vec<LoanEvent> = events.iter().map(|body| decoded("loan", body)).collect::<Result<_, _>>()?;
    let balances = Loan::fold(&events)?.balances();
    let balances = balances.map_err(|error| LendingError::Corrupt { what: "loan", reason: error.to_string() })?;
    Ok(balances.into_iter().map(|(account, money)| ((account, money.currency()), money.into())).collect())
}

fn differs(
    loan: &LoanId,
    (account, currency): &(Account, Currency),
    events: Option<&Total>,
    journal: Option<&Total>,
) -> Option<BookDifference> {
    let zero = Total::zero(*currency);
    let (events, journal) = (events.unwrap_or(&zero), journal.unwrap_or(&zero));
    let difference = journal.less(*events).unwrap_or(*journal);
    (!difference.is_zero()).then(|| BookDifference {
        loan: loan.to_string(),
        account: Some(account.to_string()),
        difference: Some(difference.to_string()),
        reason: format!("the loan's events say {events}, the journal says {journal}"),
    })
}
