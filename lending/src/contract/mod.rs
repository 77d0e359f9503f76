//! The contract: a text that follows from the quote alone, its hash, and the borrower's acceptance of that very hash.
//! What was shown, what is signed and what is billed are one cost table. Personal data is not in the text: the borrower
//! is named by customer id.

mod text;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use weir_messages::{ApplicationId, CustomerId, LoanId};

use crate::quote::{CostTable, Quote, Sha256};
use crate::rate::{AboveCap, CapTable};

#[derive(Debug, thiserror::Error)]
pub enum ContractError {
    #[error("the cost table has the hash {found}, and the quote was shown with {expected}")]
    OtherCostTable { expected: Sha256, found: Sha256 },
    #[error(transparent)]
    AboveCap(#[from] AboveCap),
    #[error("the flows of the cost table {0} have no internal rate")]
    NoRate(Sha256),
    #[error("contract of loan {loan}: its text has the hash {found}, and it was drawn up with {expected}")]
    OtherText { loan: LoanId, expected: Sha256, found: Sha256 },
    #[error("contract of loan {loan}: expected acceptance of the hash {expected}, found {found}")]
    OtherHash { loan: LoanId, expected: Sha256, found: Sha256 },
    #[error("contract of loan {loan}: the payout was due by {last_payout_on}, and acceptance came on {found}")]
    Expired { loan: LoanId, last_payout_on: NaiveDate, found: NaiveDate },
}

/// Who contracts, and when it was drawn up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parties {
    pub loan: LoanId,
    pub application: ApplicationId,
    pub customer: CustomerId,
    /// The lender's name as its licence has it.
    pub lender: String,
    pub drawn_on: NaiveDate,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contract {
    pub parties: Parties,
    pub cost_table: CostTable,
    pub cost_table_hash: Sha256,
    pub text: String,
    /// SHA-256 of `text`.
    pub hash: Sha256,
}

/// The borrower's acceptance. Can only be had from the contract it accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedContract {
    contract: Contract,
    accepted_on: NaiveDate,
}

impl Contract {
    /// Draws up the contract for a quote, after checking its hash and the cap in force on the day.
    pub fn draw(quote: &Quote, caps: &CapTable, parties: Parties) -> Result<Self, ContractError> {
        let found = quote.cost_table.hash();
        if found != quote.cost_table_hash {
            return Err(ContractError::OtherCostTable { expected: quote.cost_table_hash.clone(), found });
        }
        let all_in_rate = quote.cost_table.exact_all_in_rate().ok().flatten();
        let all_in_rate = all_in_rate.ok_or_else(|| ContractError::NoRate(found.clone()))?;
        let cap_check = caps.check(all_in_rate, &quote.cost_table.lender_type, parties.drawn_on)?;
        let text = text::of(&quote.cost_table, &found, &cap_check, &parties);
        Ok(Self {
            hash: Sha256::of(text.as_bytes()),
            cost_table: quote.cost_table.clone(),
            cost_table_hash: found,
            parties,
            text,
        })
    }

    /// The borrower accepts by naming the hash of the text that was read.
    pub fn accept(self, hash: &Sha256, accepted_on: NaiveDate) -> Result<SignedContract, ContractError> {
        let loan = || self.parties.loan.clone();
        if *hash != self.hash {
            return Err(ContractError::OtherHash { loan: loan(), expected: self.hash.clone(), found: hash.clone() });
        }
        let found = Sha256::of(self.text.as_bytes());
        if found != self.hash {
            return Err(ContractError::OtherText { loan: loan(), expected: self.hash, found });
        }
        let last_payout_on = self.cost_table.last_payout_on();
        if accepted_on > last_payout_on {
            return Err(ContractError::Expired { loan: loan(), last_payout_on, found: accepted_on });
        }
        Ok(SignedContract { contract: self, accepted_on })
    }
}

impl SignedContract {
    #[must_use]
    pub const fn contract(&self) -> &Contract {
        &self.contract
    }

    #[must_use]
    pub const fn accepted_on(&self) -> NaiveDate {
        self.accepted_on
    }
}
