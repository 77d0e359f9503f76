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
        let found = self.cost_table.hash();
        if found != self.cost_table_hash {
            return Err(ContractError::OtherCostTable { expected: self.cost_table_hash, found });
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

#[cfg(test)]
mod tests {
    use weir_money::{Currency, Money};

    use super::*;
    use crate::product::Product;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn quote() -> Quote {
        let amount = Money::parse("1200.00", Currency::EUR).unwrap();
        let (product, caps) = (Product::consumer_instalment(), CapTable::shipped());
        Quote::new(&product, &caps, amount, 6, "0.12".parse().unwrap(), day("2024-01-15")).unwrap()
    }

    fn drawn(quote: &Quote, caps: &CapTable) -> Result<Contract, ContractError> {
        let parties = Parties {
            loan: "L1".into(),
            application: "A1".into(),
            customer: "c1".into(),
            lender: "Weir Test {{loan}}".to_owned(),
            drawn_on: day("2024-01-15"),
        };
        Contract::draw(quote, caps, parties)
    }

    #[test]
    fn the_text_follows_from_the_quote_to_the_byte() {
        let contract = drawn(&quote(), &CapTable::shipped()).unwrap();
        assert_eq!(contract.text, include_str!("../../testdata/contract.txt"));
        assert_eq!(contract.hash, Sha256::of(contract.text.as_bytes()));
        assert!(contract.text.contains(quote().cost_table_hash.as_str()));
    }

    #[test]
    fn a_quote_whose_table_was_changed_becomes_no_contract() {
        let mut quote = quote();
        quote.cost_table.schedule.installments[0].interest = Money::zero(Currency::EUR);
        assert!(matches!(drawn(&quote, &CapTable::shipped()), Err(ContractError::OtherCostTable { .. })));
    }

    #[test]
    fn the_cap_of_the_day_of_the_contract_binds() {
        let caps = "[[cap]]\nfrom = \"2024-01-01\"\nlender_type = \"licensed_consumer_lender\"\ncap = \"0.10\"\nsource = \"test\"";
        let error = drawn(&quote(), &CapTable::parse(caps).unwrap()).unwrap_err();
        assert!(error.to_string().contains("is above the cap of 0.1 in force since 2024-01-01"), "{error}");
    }

    #[test]
    fn only_the_hash_of_the_text_that_was_shown_is_accepted() {
        let contract = drawn(&quote(), &CapTable::shipped()).unwrap();
        let other = Sha256::of(b"another text");
        let error = contract.clone().accept(&other, day("2024-01-15")).unwrap_err();
        let (expected, found) = (contract.hash.clone(), other);
        let text = format!("contract of loan L1: expected acceptance of the hash {expected}, found {found}");
        assert_eq!(error.to_string(), text);
        let signed = contract.clone().accept(&contract.hash, day("2024-01-16")).unwrap();
        assert_eq!((signed.contract(), signed.accepted_on()), (&contract, day("2024-01-16")));
    }

    #[test]
    fn a_text_that_was_changed_since_it_was_drawn_up_is_not_accepted() {
        let mut contract = drawn(&quote(), &CapTable::shipped()).unwrap();
        contract.text.push('!');
        let hash = contract.hash.clone();
        assert!(matches!(contract.accept(&hash, day("2024-01-15")), Err(ContractError::OtherText { .. })));
    }

    #[test]
    fn a_cost_table_that_was_changed_since_it_was_drawn_up_is_not_accepted() {
        let mut contract = drawn(&quote(), &CapTable::shipped()).unwrap();
        contract.cost_table.total_interest = Money::zero(Currency::EUR);
        let hash = contract.hash.clone();
        assert!(matches!(contract.accept(&hash, day("2024-01-15")), Err(ContractError::OtherCostTable { .. })));
    }

    #[test]
    fn a_contract_is_not_accepted_after_its_last_day_of_payout() {
        let contract = drawn(&quote(), &CapTable::shipped()).unwrap();
        let hash = contract.hash.clone();
        assert!(contract.clone().accept(&hash, day("2024-01-20")).is_ok());
        let error = contract.accept(&hash, day("2024-01-21")).unwrap_err().to_string();
        assert_eq!(error, "contract of loan L1: the payout was due by 2024-01-20, and acceptance came on 2024-01-21");
    }
}
