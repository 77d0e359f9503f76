//! What happened to a loan, as it is stored. A name carries its version: a changed form is a new name, and every name ever
//! written must still be read.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use weir_messages::{ApplicationId, CustomerId, LoanId};
use weir_money::Money;

use super::{FailureCode, FailureReason, ReversalReason};
use crate::contract::SignedContract;
use crate::quote::{CostTable, Sha256};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id! {
    /// A payout as the payment channel knows it. Asked again with the same id, it is the same payment.
    PaymentId
}
id! {
    /// A repayment as whoever reports it knows it.
    RepaymentId
}

/// `booked_on` is the business date in force, `value_on` the date from which it counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", deny_unknown_fields)]
pub enum LoanEvent {
    #[serde(rename = "signed.v1")]
    Signed(Box<Signed>),
    #[serde(rename = "payout_started.v1")]
    PayoutStarted { payment: PaymentId, booked_on: NaiveDate },
    #[serde(rename = "payout_succeeded.v1")]
    PayoutSucceeded { payment: PaymentId, value_on: NaiveDate, booked_on: NaiveDate },
    /// Definitively: the money did not and will not go out under this id.
    #[serde(rename = "payout_failed.v1")]
    PayoutFailed {
        payment: PaymentId,
        /// Digits struck out, but in what was written before they were.
        reason: String,
        /// Absent in what was written before there were codes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<FailureCode>,
        booked_on: NaiveDate,
    },
    /// Of the credit that stood then.
    #[serde(rename = "refund_started.v1")]
    RefundStarted { payment: PaymentId, amount: Money, booked_on: NaiveDate },
    #[serde(rename = "refund_succeeded.v1")]
    RefundSucceeded { payment: PaymentId, value_on: NaiveDate, booked_on: NaiveDate },
    /// Definitively, as with a payout.
    #[serde(rename = "refund_failed.v1")]
    RefundFailed {
        payment: PaymentId,
        reason: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<FailureCode>,
        booked_on: NaiveDate,
    },
    /// `reason` is a `CancellationReason`.
    #[serde(rename = "cancelled.v1")]
    Cancelled { reason: String, booked_on: NaiveDate },
    #[serde(rename = "repaid.v1")]
    Repaid { repayment: RepaymentId, amount: Money, value_on: NaiveDate, booked_on: NaiveDate },
    /// The money of this repayment went back, as a returned debit does.
    #[serde(rename = "repayment_reversed.v1")]
    RepaymentReversed {
        repayment: RepaymentId,
        /// Absent in what was written before it was asked for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<ReversalReason>,
        booked_on: NaiveDate,
    },
    /// Interest due up to and including `through` is recognised.
    #[serde(rename = "day_ended.v1")]
    DayEnded { through: NaiveDate, booked_on: NaiveDate },
}

/// Everything the loan needs to know of its contract. The schedule is kept as signed, never computed anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signed {
    pub loan: LoanId,
    pub application: ApplicationId,
    pub customer: CustomerId,
    pub contract_hash: Sha256,
    pub cost_table_hash: Sha256,
    pub cost_table: CostTable,
    pub booked_on: NaiveDate,
}

impl From<&SignedContract> for LoanEvent {
    fn from(signed: &SignedContract) -> Self {
        let contract = signed.contract();
        Self::Signed(Box::new(Signed {
            loan: contract.parties.loan.clone(),
            application: contract.parties.application.clone(),
            customer: contract.parties.customer.clone(),
            contract_hash: contract.hash.clone(),
            cost_table_hash: contract.cost_table_hash.clone(),
            cost_table: contract.cost_table.clone(),
            booked_on: signed.accepted_on(),
        }))
    }
}

impl LoanEvent {
    /// What the channel said of a payment that failed; `None` for every other event.
    #[must_use]
    pub fn failure(&self) -> Option<FailureReason> {
        match self {
            Self::PayoutFailed { reason, code, .. } | Self::RefundFailed { reason, code, .. } => {
                let given = FailureReason::given(reason);
                Some(FailureReason { code: code.unwrap_or(given.code), text: given.text })
            }
            Self::Signed(_)
            | Self::PayoutStarted { .. }
            | Self::PayoutSucceeded { .. }
            | Self::RefundStarted { .. }
            | Self::RefundSucceeded { .. }
            | Self::Cancelled { .. }
            | Self::Repaid { .. }
            | Self::RepaymentReversed { .. }
            | Self::DayEnded { .. } => None,
        }
    }

    #[must_use]
    pub fn booked_on(&self) -> NaiveDate {
        match self {
            Self::Signed(signed) => signed.booked_on,
            Self::PayoutStarted { booked_on, .. }
            | Self::PayoutSucceeded { booked_on, .. }
            | Self::PayoutFailed { booked_on, .. }
            | Self::RefundStarted { booked_on, .. }
            | Self::RefundSucceeded { booked_on, .. }
            | Self::RefundFailed { booked_on, .. }
            | Self::Cancelled { booked_on, .. }
            | Self::Repaid { booked_on, .. }
            | Self::RepaymentReversed { booked_on, .. }
            | Self::DayEnded { booked_on, .. } => *booked_on,
        }
    }
}
