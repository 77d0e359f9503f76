//! The books as a reader sees them: trial balance and statements.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use weir_messages::TraceId;

use super::{Lending, LendingError};
use crate::ledger::Account;
use crate::store::Balance;

/// One account of the house, or all loans' accounts of one kind. A debit is positive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TrialBalanceLine {
    /// `house:bank:EUR`, or `loans:principal` for the sum over all loans.
    pub account: String,
    pub currency: String,
    pub balance: String,
}

/// One journal line on an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StatementLine {
    /// The entry's place in the journal.
    pub number: u64,
    pub entry: String,
    #[schemars(with = "String")]
    pub booked_on: NaiveDate,
    #[schemars(with = "String")]
    pub value_on: NaiveDate,
    pub currency: String,
    /// A debit is positive.
    pub amount: String,
    pub trace: TraceId,
}

impl Lending {
    /// Lines in order of account; those of each currency add up to zero.
    pub async fn trial_balance(&self) -> Result<Vec<TrialBalanceLine>, LendingError> {
        let line = |Balance { account, total }| TrialBalanceLine {
            account,
            currency: total.currency().to_string(),
            balance: total.amount(),
        };
        Ok(self.store.balances().await?.into_iter().map(line).collect())
    }

    /// An account's lines from beyond an entry's number, at most those of `limit` entries.
    pub async fn ledger_statement(
        &self,
        account: &Account,
        after: u64,
        limit: u32,
    ) -> Result<Vec<StatementLine>, LendingError> {
        let posted = self.store.journal(Some(account), after, limit).await?;
        let lines = posted.iter().flat_map(|one| {
            one.entry.lines().iter().filter(|line| line.account == *account).map(move |line| StatementLine {
                number: one.number,
                entry: one.entry.id().to_string(),
                booked_on: one.entry.booked_on(),
                value_on: one.entry.value_on(),
                currency: line.amount.currency().to_string(),
                amount: line.amount.amount(),
                trace: one.trace,
            })
        });
        Ok(lines.collect())
    }
}
