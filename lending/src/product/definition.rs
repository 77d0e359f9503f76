//! A product version as its TOML defines it, and the checks a request must pass.

use std::collections::BTreeMap;
use std::fmt;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use weir_messages::events::AttributeValue;
use weir_money::{Currency, Money, Rate};

use super::attribute::{self, AttributeError, AttributeRule};
use crate::schedule::{DayCount, InterestBasis, Method, Period, Schedule, ScheduleError, Terms};

/// Up to here a late payout never raises the all-in rate above the one shown: what the borrower is spared outweighs the
/// shorter use of the money.
const LONGEST_PAYOUT_DAYS: u16 = 14;

/// Business days for which what is open stays open, where a product says nothing.
const DAYS_OPEN: u16 = 30;
/// An application is never open for longer.
const MAX_DAYS_OPEN: u16 = 365;

#[derive(Debug, thiserror::Error)]
pub enum ProductError {
    #[error("product definition: {0}")]
    Malformed(String),
    #[error("product definition: {field}: {reason}")]
    Field { field: &'static str, reason: String },
}

/// A request that the product does not admit. Names the field.
#[derive(Debug, thiserror::Error)]
pub enum RefusedRequest {
    #[error("amount: expected {min} to {max}, found {found}")]
    Amount { min: Money, max: Money, found: Money },
    #[error("term_months: expected {min} to {max}, found {found}")]
    Term { min: u16, max: u16, found: u16 },
    #[error(transparent)]
    Attribute(#[from] AttributeError),
}

/// What an early full repayment owes of the interest not yet earned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EarlyRepayment {
    /// Nothing: principal and the interest earned by the value date settle the loan.
    AccruedInterest,
    /// All of it.
    ScheduledInterest,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProductRef {
    pub name: String,
    pub version: u32,
}

impl fmt::Display for ProductRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.v{}", self.name, self.version)
    }
}

/// Business days for which an application stays open, counted from the day after it was submitted or decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// Until it is approved or declined: submitted, or in review.
    pub decision_within_days: u16,
    /// From the approval to the signature.
    pub approval_valid_days: u16,
}

/// Of products whose definition says nothing, or is gone.
impl Default for Validity {
    fn default() -> Self {
        Self { decision_within_days: DAYS_OPEN, approval_valid_days: DAYS_OPEN }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    pub reference: ProductRef,
    /// Picks the rows of the cap table that bind.
    pub lender_type: String,
    pub min_amount: Money,
    pub max_amount: Money,
    pub min_months: u16,
    pub max_months: u16,
    pub method: Method,
    pub day_count: DayCount,
    pub early_repayment: EarlyRepayment,
    /// The last day of payout, counted from the start date of the contract.
    pub payout_within_days: u16,
    pub validity: Validity,
    pub attributes: BTreeMap<String, AttributeRule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Definition {
    name: String,
    version: u32,
    currency: Currency,
    lender_type: String,
    min_amount: String,
    max_amount: String,
    min_months: u16,
    max_months: u16,
    method: Method,
    day_count: DayCount,
    early_repayment: EarlyRepayment,
    payout_within_days: u16,
    #[serde(default = "days_open")]
    decision_within_days: u16,
    #[serde(default = "days_open")]
    approval_valid_days: u16,
    attributes: BTreeMap<String, AttributeRule>,
}

const fn days_open() -> u16 {
    DAYS_OPEN
}

impl Product {
    /// A definition in TOML, as `lending/products/` holds them.
    pub fn parse(toml: &str) -> Result<Self, ProductError> {
        let definition: Definition =
            toml::from_str(toml).map_err(|error| ProductError::Malformed(error.message().to_owned()))?;
        let wrong = |field, reason: &str| ProductError::Field { field, reason: reason.to_owned() };
        let amount = |field, text: &str| {
            Money::parse(text, definition.currency).map_err(|error| wrong(field, &error.to_string()))
        };
        let (min_amount, max_amount) =
            (amount("min_amount", &definition.min_amount)?, amount("max_amount", &definition.max_amount)?);
        if !min_amount.is_positive() || min_amount.minor_units() > max_amount.minor_units() {
            return Err(wrong("min_amount", "expected an amount above zero and up to max_amount"));
        }
        if definition.min_months == 0 || definition.min_months > definition.max_months {
            return Err(wrong("min_months", "expected at least 1 and up to max_months"));
        }
        if definition.payout_within_days > LONGEST_PAYOUT_DAYS {
            return Err(wrong("payout_within_days", "expected at most 14"));
        }
        let (decision_within_days, approval_valid_days) =
            (definition.decision_within_days, definition.approval_valid_days);
        for (field, days) in
            [("decision_within_days", decision_within_days), ("approval_valid_days", approval_valid_days)]
        {
            if !(1..=MAX_DAYS_OPEN).contains(&days) {
                return Err(wrong(field, "expected 1 to 365"));
            }
        }
        Ok(Self {
            reference: ProductRef { name: definition.name, version: definition.version },
            lender_type: definition.lender_type,
            min_amount,
            max_amount,
            min_months: definition.min_months,
            max_months: definition.max_months,
            method: definition.method,
            day_count: definition.day_count,
            early_repayment: definition.early_repayment,
            payout_within_days: definition.payout_within_days,
            validity: Validity { decision_within_days, approval_valid_days },
            attributes: definition.attributes,
        })
    }

    /// The product of the demonstration and of a first installation.
    #[must_use]
    pub fn consumer_instalment() -> Self {
        Self::parse(include_str!("../../products/consumer_instalment.toml"))
            .expect("the shipped definition is read by a test")
    }

    #[must_use]
    pub const fn currency(&self) -> Currency {
        self.min_amount.currency()
    }

    pub fn admits(&self, amount: Money, term_months: u16) -> Result<(), RefusedRequest> {
        let within = amount.currency() == self.currency()
            && (self.min_amount.minor_units()..=self.max_amount.minor_units()).contains(&amount.minor_units());
        if !within {
            return Err(RefusedRequest::Amount { min: self.min_amount, max: self.max_amount, found: amount });
        }
        if !(self.min_months..=self.max_months).contains(&term_months) {
            return Err(RefusedRequest::Term { min: self.min_months, max: self.max_months, found: term_months });
        }
        Ok(())
    }

    pub fn check_attributes(&self, declared: &BTreeMap<String, AttributeValue>) -> Result<(), RefusedRequest> {
        Ok(attribute::check(&self.attributes, declared)?)
    }

    /// The schedule of a loan of this product paid out on `start_on`.
    pub fn schedule(
        &self,
        amount: Money,
        term_months: u16,
        annual_rate: Rate,
        start_on: NaiveDate,
    ) -> Result<Schedule, ScheduleError> {
        Schedule::of(&Terms {
            principal: amount,
            annual_rate,
            disbursed_on: start_on,
            installments: term_months.into(),
            period: Period::MONTHLY,
            method: self.method,
            day_count: self.day_count,
            interest_basis: InterestBasis::Daily,
        })
    }
}
