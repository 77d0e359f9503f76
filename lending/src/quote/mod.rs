//! What a loan would cost: the full cost table with its hash, checked against the rate cap.
//! Pure: the caller gives ids and dates, and keeps the quote.

mod cost_table;
mod sha256;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use weir_money::{Money, MoneyError, Rate};

pub use cost_table::CostTable;
pub use sha256::{NotAHash, Sha256};

use crate::product::{Product, RefusedRequest};
use crate::rate::{AboveCap, CapCheck, CapTable};
use crate::schedule::ScheduleError;

#[derive(Debug, thiserror::Error)]
pub enum QuoteError {
    #[error(transparent)]
    Refused(#[from] RefusedRequest),
    #[error(transparent)]
    AboveCap(#[from] AboveCap),
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    #[error("amount: a sum of the cost table cannot be held")]
    Money(#[from] MoneyError),
    #[error("annual_rate: the flows of this loan have no internal rate")]
    NoRate,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quote {
    pub cost_table: CostTable,
    /// SHA-256 of the cost table's canonical form: what the applicant confirms.
    pub cost_table_hash: Sha256,
    pub cap_check: CapCheck,
}

impl Quote {
    /// Refused outside the product's range, and above the cap in force on `start_on`.
    pub fn new(
        product: &Product,
        caps: &CapTable,
        amount: Money,
        term_months: u16,
        annual_rate: Rate,
        start_on: NaiveDate,
    ) -> Result<Self, QuoteError> {
        product.admits(amount, term_months)?;
        let schedule = product.schedule(amount, term_months, annual_rate, start_on)?;
        let total_interest = schedule.total_interest(amount.currency())?;
        let all_in_rate = cost_table::all_in_rate(amount, &schedule)?.ok_or(QuoteError::NoRate)?;
        let cap_check = caps.check(all_in_rate, &product.lender_type, start_on)?;
        let cost_table = CostTable {
            product: product.reference.clone(),
            lender_type: product.lender_type.clone(),
            principal: amount,
            annual_rate,
            day_count: product.day_count,
            method: product.method,
            early_repayment: product.early_repayment,
            payout_within_days: product.payout_within_days,
            schedule,
            total_interest,
            total_repayable: amount.checked_add(total_interest)?,
            all_in_rate: all_in_rate.effective.rounded_half_even(CostTable::RATE_DECIMALS),
            all_in_rate_nominal: all_in_rate.nominal.rounded_half_even(CostTable::RATE_DECIMALS),
        };
        Ok(Self { cost_table_hash: cost_table.hash(), cost_table, cap_check })
    }
}

#[cfg(test)]
mod tests {
    use weir_money::Currency;

    use super::*;

    fn quote(amount: &str, months: u16, annual_rate: &str) -> Result<Quote, QuoteError> {
        let amount = Money::parse(amount, Currency::EUR).unwrap();
        let (product, caps) = (Product::consumer_instalment(), CapTable::shipped());
        let start_on = "2024-01-15".parse().unwrap();
        Quote::new(&product, &caps, amount, months, annual_rate.parse().unwrap(), start_on)
    }

    #[test]
    fn a_quote_adds_up() {
        let quote = quote("1200.00", 12, "0.12").unwrap();
        let table = &quote.cost_table;
        assert_eq!(table.schedule.total_principal(Currency::EUR).unwrap(), table.principal);
        assert_eq!(table.total_interest.to_string(), "79.47 EUR");
        assert_eq!(table.total_repayable.to_string(), "1279.47 EUR");
        assert_eq!(quote.cost_table_hash, table.hash());
        assert_eq!(quote.cap_check.cap, "0.24".parse().unwrap());
        assert_eq!(quote.cap_check.rate.rounded_half_even(8), table.all_in_rate);
    }

    #[test]
    fn above_the_cap_a_quote_is_refused_with_both_numbers() {
        assert!(quote("1200.00", 12, "0.2165").is_ok());
        let text = quote("1200.00", 12, "0.22").unwrap_err().to_string();
        assert!(text.starts_with("the all-in annual rate 0.243"), "{text}");
        assert!(text.ends_with("(effective) is above the cap of 0.24 in force since 2020-01-01"), "{text}");
    }

    #[test]
    fn outside_the_product_a_quote_is_refused_with_the_field() {
        for (amount, months, text) in [
            ("199.99", 12, "amount: expected 200.00 EUR to 20000.00 EUR, found 199.99 EUR"),
            ("20000.01", 12, "amount: expected 200.00 EUR to 20000.00 EUR, found 20000.01 EUR"),
            ("1200.00", 2, "term_months: expected 3 to 72, found 2"),
            ("1200.00", 73, "term_months: expected 3 to 72, found 73"),
        ] {
            assert_eq!(quote(amount, months, "0.12").unwrap_err().to_string(), text);
        }
        let other = Money::parse("1200.00", Currency::USD).unwrap();
        let (product, caps) = (Product::consumer_instalment(), CapTable::shipped());
        assert!(Quote::new(&product, &caps, other, 12, Rate::ZERO, NaiveDate::default()).is_err());
        assert!(quote("1200.00", 12, "-0.01").unwrap_err().to_string().starts_with("annual_rate: "));
    }

    #[test]
    fn equal_terms_have_one_hash_and_other_terms_another() {
        let hash = |amount, months, rate| quote(amount, months, rate).unwrap().cost_table_hash;
        let one = hash("1200.00", 12, "0.12");
        assert_eq!(one, hash("1200", 12, "0.1200"));
        for other in [hash("1200.01", 12, "0.12"), hash("1200.00", 13, "0.12"), hash("1200.00", 12, "0.1201")] {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn the_canonical_form_reads_back_to_the_same_hash() {
        let table = quote("1200.00", 12, "0.12").unwrap().cost_table;
        let json = table.canonical().strip_prefix("weir cost table 1\n").unwrap().to_owned();
        assert_eq!(serde_json::from_str::<CostTable>(&json).unwrap().hash(), table.hash());
    }

    #[test]
    fn a_loan_without_interest_has_an_all_in_rate_of_zero() {
        let quote = quote("1200.00", 12, "0").unwrap();
        assert_eq!((quote.cost_table.all_in_rate, quote.cost_table.total_interest.is_zero()), (Rate::ZERO, true));
    }
}
