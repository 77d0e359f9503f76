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
