//! Everything a loan costs, in one table: shown before signing, named by its hash in the contract, billed after.
//! No fee exists yet; when one does, it becomes a field here and a flow of the all-in rate.

use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};
use weir_money::{Money, MoneyError, Rate};

use super::Sha256;
use crate::product::{EarlyRepayment, ProductRef};
use crate::rate::{AllInRate, all_in};
use crate::schedule::{DayCount, Method, Schedule};

/// Every flow of a loan that is paid out on the day its schedule starts, and its rate.
pub(super) fn all_in_rate(principal: Money, schedule: &Schedule) -> Result<Option<AllInRate>, MoneyError> {
    let mut flows = vec![(schedule.starts_on, principal.checked_neg()?)];
    for installment in &schedule.installments {
        flows.push((installment.due_on, installment.payment()?));
    }
    Ok(all_in(&flows))
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CostTable {
    pub product: ProductRef,
    pub lender_type: String,
    pub principal: Money,
    /// Nominal: what the schedule's interest is reckoned with.
    pub annual_rate: Rate,
    pub day_count: DayCount,
    pub method: Method,
    pub early_repayment: EarlyRepayment,
    /// The last day of payout, counted from the schedule's start.
    pub payout_within_days: u16,
    pub schedule: Schedule,
    pub total_interest: Money,
    pub total_repayable: Money,
    /// Internal rate of all flows, effective, ACT/365.
    pub all_in_rate: Rate,
    /// The same as twelve times a monthly rate.
    pub all_in_rate_nominal: Rate,
}

impl CostTable {
    /// Decimals to which the table shows an all-in rate. The cap is checked before rounding.
    pub const RATE_DECIMALS: u32 = 8;

    /// The bytes that are hashed: a line that names the form, then JSON with the fields in the order above, money and
    /// rates as text. Equal tables have equal bytes.
    #[must_use]
    pub fn canonical(&self) -> String {
        let json = serde_json::to_string(self).expect("a table of text and numbers serialises");
        format!("weir cost table 1\n{json}\n")
    }

    /// The last day on which the lender may pay out.
    #[must_use]
    pub fn last_payout_on(&self) -> NaiveDate {
        let start = self.schedule.starts_on;
        start.checked_add_days(Days::new(self.payout_within_days.into())).unwrap_or(start)
    }

    /// The all-in rate over every flow, unrounded; `None` where the flows have none.
    pub fn exact_all_in_rate(&self) -> Result<Option<AllInRate>, MoneyError> {
        all_in_rate(self.principal, &self.schedule)
    }

    #[must_use]
    pub fn hash(&self) -> Sha256 {
        Sha256::of(self.canonical().as_bytes())
    }
}
