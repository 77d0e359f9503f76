//! What lending answers, as it goes over HTTP. Money is text in major units with its currency beside it, rates are
//! decimal fractions of one.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use weir_messages::{ApplicationId, CustomerId, EventTime, LoanId, Reason};

use crate::application::{Application, ApplicationStatus, Approval};
use crate::contract::Contract;
use crate::loan::{CancellationReason, FailureCode, Loan, LoanStatus};
use crate::quote::CostTable;
use crate::vault::Masked;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CustomerRegistered {
    pub customer: CustomerId,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ErasedAnswer {
    pub customer: CustomerId,
}

/// Personal fields are masked, as `138****8000`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CustomerAnswer {
    pub customer: CustomerId,
    pub name: Option<Masked>,
    pub phone: Option<Masked>,
    pub id_number: Option<Masked>,
    pub card: Option<Masked>,
    pub email: Option<Masked>,
    /// Whole years today.
    pub age: u16,
    pub region: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InstallmentAnswer {
    pub number: u32,
    #[schemars(with = "String")]
    pub due_on: NaiveDate,
    pub principal: String,
    pub interest: String,
}

/// Everything a loan costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CostAnswer {
    pub product: String,
    pub product_version: u32,
    pub currency: String,
    pub principal: String,
    pub annual_rate: String,
    /// Internal rate of every flow, effective.
    pub all_in_rate: String,
    pub total_interest: String,
    pub total_repayable: String,
    #[schemars(with = "String")]
    pub starts_on: NaiveDate,
    pub installments: Vec<InstallmentAnswer>,
    /// SHA-256 of the table's canonical form; stands in the contract.
    pub cost_table_hash: String,
}

impl From<&CostTable> for CostAnswer {
    fn from(table: &CostTable) -> Self {
        let installments = table.schedule.installments.iter().map(|one| InstallmentAnswer {
            number: one.number,
            due_on: one.due_on,
            principal: one.principal.amount(),
            interest: one.interest.amount(),
        });
        Self {
            product: table.product.name.clone(),
            product_version: table.product.version,
            currency: table.principal.currency().to_string(),
            principal: table.principal.amount(),
            annual_rate: table.annual_rate.to_string(),
            all_in_rate: table.all_in_rate.to_string(),
            total_interest: table.total_interest.amount(),
            total_repayable: table.total_repayable.amount(),
            starts_on: table.schedule.starts_on,
            installments: installments.collect(),
            cost_table_hash: table.hash().to_string(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OfferAnswer {
    pub amount: String,
    pub currency: String,
    pub annual_rate: String,
    pub band: String,
}

impl From<&Approval> for OfferAnswer {
    fn from(approval: &Approval) -> Self {
        Self {
            amount: approval.amount.amount(),
            currency: approval.amount.currency().to_string(),
            annual_rate: approval.annual_rate.to_string(),
            band: approval.band.clone(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ApplicationAnswer {
    pub application: ApplicationId,
    pub customer: CustomerId,
    pub state: ApplicationStatus,
    pub product: String,
    pub product_version: u32,
    pub amount: String,
    pub currency: String,
    pub term_months: u16,
    pub submitted_at: EventTime,
    /// Why it was decided so, most important first; empty before.
    pub reasons: Vec<Reason>,
    /// The last business day on which it stays open: it expires the day after. Absent once it is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub valid_through: Option<NaiveDate>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer: Option<OfferAnswer>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loan: Option<LoanId>,
}

impl ApplicationAnswer {
    pub(super) fn of(application: &Application, valid_through: Option<NaiveDate>) -> Self {
        let (submitted, state) = (&application.submitted, &application.state);
        Self {
            application: submitted.application.clone(),
            customer: submitted.customer.clone(),
            state: state.status(),
            product: submitted.product.name.clone(),
            product_version: submitted.product.version,
            amount: submitted.amount.amount(),
            currency: submitted.amount.currency().to_string(),
            term_months: submitted.term_months,
            submitted_at: submitted.at,
            reasons: state.reasons().to_vec(),
            valid_through,
            offer: state.approval().map(OfferAnswer::from),
            loan: state.loan().cloned(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ApplicationListed {
    pub application: ApplicationId,
    pub customer: CustomerId,
    pub state: ApplicationStatus,
}

/// The contract as it was shown: its hash is what acceptance must name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContractAnswer {
    pub application: ApplicationId,
    pub loan: LoanId,
    pub contract_hash: String,
    pub text: String,
    pub cost: CostAnswer,
}

impl From<&Contract> for ContractAnswer {
    fn from(contract: &Contract) -> Self {
        Self {
            application: contract.parties.application.clone(),
            loan: contract.parties.loan.clone(),
            contract_hash: contract.hash.to_string(),
            text: contract.text.clone(),
            cost: CostAnswer::from(&contract.cost_table),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LoanInstallmentAnswer {
    pub number: u32,
    #[schemars(with = "String")]
    pub due_on: NaiveDate,
    pub principal: String,
    pub interest: String,
    pub principal_paid: String,
    pub interest_paid: String,
    #[schemars(with = "Option<String>")]
    pub paid_on: Option<NaiveDate>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LoanAnswer {
    pub loan: LoanId,
    pub application: ApplicationId,
    pub customer: CustomerId,
    pub state: LoanStatus,
    pub currency: String,
    pub principal: String,
    pub annual_rate: String,
    pub contract_hash: String,
    /// Of all installments; zero before the payout, when nothing is owed.
    pub outstanding: String,
    /// Of the installments due by today.
    pub due: String,
    /// What a payment today must bring to settle the loan.
    pub payoff: String,
    /// The borrower's, paid beyond everything owed and not refunded.
    pub credit: String,
    /// Paid back of what was received.
    #[serde(default)]
    pub refunded: String,
    /// Why the latest payout or refund failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_failure: Option<FailureCode>,
    /// Why it was cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancellation: Option<CancellationReason>,
    pub days_past_due: u32,
    /// Empty before the payout.
    pub installments: Vec<LoanInstallmentAnswer>,
}

impl LoanAnswer {
    /// As of the business date `on`.
    pub(super) fn of(loan: &Loan, on: NaiveDate) -> Result<Self, weir_money::MoneyError> {
        let (signed, position) = (loan.signed(), loan.position());
        let principal = signed.cost_table.principal;
        let nothing = weir_money::Money::zero(principal.currency());
        let installments = position.map(|position| position.installments.as_slice()).unwrap_or_default();
        Ok(Self {
            loan: loan.id().clone(),
            application: signed.application.clone(),
            customer: signed.customer.clone(),
            state: loan.state().status(),
            currency: principal.currency().to_string(),
            principal: principal.amount(),
            annual_rate: signed.cost_table.annual_rate.to_string(),
            contract_hash: signed.contract_hash.to_string(),
            outstanding: position.map_or(Ok(nothing), |position| position.outstanding())?.amount(),
            due: position.map_or(Ok(nothing), |position| position.due_by(on))?.amount(),
            payoff: position.map_or(Ok(nothing), |position| position.payoff_amount(on))?.amount(),
            credit: position.map_or(nothing, |position| position.credit).amount(),
            refunded: position.map_or(nothing, |position| position.refunded).amount(),
            payment_failure: loan.payment_failure().map(|failure| failure.code),
            cancellation: loan.cancellation(),
            days_past_due: position.map_or(0, |position| position.days_past_due(on)),
            installments: installments
                .iter()
                .map(|one| LoanInstallmentAnswer {
                    number: one.number,
                    due_on: one.due_on,
                    principal: one.principal.amount(),
                    interest: one.interest.amount(),
                    principal_paid: one.principal_paid.amount(),
                    interest_paid: one.interest_paid.amount(),
                    paid_on: one.paid_on,
                })
                .collect(),
        })
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LoanListed {
    pub loan: LoanId,
    pub customer: CustomerId,
    pub state: LoanStatus,
}
