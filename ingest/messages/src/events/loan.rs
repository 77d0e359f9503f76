//! What happened to a loan, for features (a customer's history with us) and for labels. Money is in major units.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ApplicationId, LoanId};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LoanDisbursed {
    pub loan: LoanId,
    pub application: ApplicationId,
    pub amount: String,
    pub currency: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LoanRepaid {
    pub loan: LoanId,
    pub amount: String,
    pub currency: String,
    /// Days past the oldest open due date when the payment arrived; 0 when nothing was overdue.
    pub days_past_due: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LoanClosed {
    pub loan: LoanId,
}
