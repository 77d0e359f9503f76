//! Drawing up the contract, showing it and accepting it.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::Deserialize;
use weir_messages::{ApplicationId, LoanId};

use super::applications::{changed, refused};
use super::{ContractAnswer, Lending, LendingError, LoanAnswer, Once, RequestKey, encoded};
use crate::application::{Application, ApplicationEvent, ApplicationState, Approval};
use crate::contract::{Contract, Parties};
use crate::loan::{Answer, Loan, LoanCommand, LoanEvent, PaymentId};
use crate::payment::Ordered;
use crate::quote::{Quote, Sha256};
use crate::store::{Append, Commit, StreamId};

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Acceptance {
    /// Of the contract that was shown.
    pub contract_hash: String,
}

const HAS_A_CONTRACT: &str = "only an approved application has a contract";

impl Lending {
    /// The contract as it was drawn up.
    pub async fn contract(&self, application: &ApplicationId) -> Result<ContractAnswer, LendingError> {
        let known = self.current_application(application).await?;
        let rule = match &known.state {
            ApplicationState::Offered { contract, .. } | ApplicationState::Accepted { contract, .. } => {
                return Ok(ContractAnswer::from(&**contract));
            }
            ApplicationState::Approved { .. } => "its contract is not drawn up yet",
            ApplicationState::Submitted
            | ApplicationState::InReview { .. }
            | ApplicationState::Declined { .. }
            | ApplicationState::Withdrawn { .. }
            | ApplicationState::Expired { .. } => HAS_A_CONTRACT,
        };
        Err(refused(&known, rule))
    }

    /// Draws up the contract of an approved application. It stays the same text until it is accepted or its days of payout
    /// have passed: drawing it up again before changes nothing, and after that makes another text.
    pub async fn draw_contract(
        &self,
        application: &ApplicationId,
        request: &RequestKey,
    ) -> Result<Once<ContractAnswer>, LendingError> {
        self.once(request, |commit: Commit| {
            Box::pin(async move {
                let known = self.current_application(application).await?;
                let on = self.business_date();
                let (approval, drawn) = match &known.state {
                    ApplicationState::Accepted { contract, .. } => {
                        return Ok((commit, ContractAnswer::from(&**contract)));
                    }
                    ApplicationState::Offered { contract, .. } if contract.cost_table.last_payout_on() >= on => {
                        return Ok((commit, ContractAnswer::from(&**contract)));
                    }
                    ApplicationState::Offered { approval, contract, .. } => (approval, Some(&contract.parties.loan)),
                    ApplicationState::Approved { approval, .. } => (approval, None),
                    ApplicationState::Submitted
                    | ApplicationState::InReview { .. }
                    | ApplicationState::Declined { .. }
                    | ApplicationState::Withdrawn { .. }
                    | ApplicationState::Expired { .. } => return Err(refused(&known, HAS_A_CONTRACT)),
                };
                let loan = drawn.cloned().unwrap_or_else(|| LoanId::new(self.new_id("l")));
                let contract = self.contract_for(&known, approval, loan, on)?;
                let answer = ContractAnswer::from(&contract);
                let event = ApplicationEvent::ContractDrawn { contract: Box::new(contract) };
                Ok((changed(commit, &known, &[event])?.0, answer))
            })
        })
        .await
    }

    fn contract_for(
        &self,
        known: &Application,
        approval: &Approval,
        loan: LoanId,
        on: NaiveDate,
    ) -> Result<Contract, LendingError> {
        let submitted = &known.submitted;
        let product = self.product(&submitted.product)?;
        let (amount, term, rate) = (approval.amount, submitted.term_months, approval.annual_rate);
        let quote = Quote::new(product, &self.caps, amount, term, rate, on)?;
        let parties = Parties {
            loan,
            application: submitted.application.clone(),
            customer: submitted.customer.clone(),
            lender: self.lender.clone(),
            drawn_on: on,
        };
        Ok(Contract::draw(&quote, &self.caps, parties)?)
    }

    /// Signs the contract with this hash, and orders the payout in the same commit.
    pub async fn accept(
        &self,
        application: &ApplicationId,
        acceptance: &Acceptance,
        request: &RequestKey,
    ) -> Result<Once<LoanAnswer>, LendingError> {
        let hash: Sha256 =
            acceptance.contract_hash.parse().map_err(|error| LendingError::invalid("contract_hash", error))?;
        let hash = &hash;
        let signed = self
            .once(request, |commit: Commit| {
                Box::pin(async move {
                    let known = self.current_application(application).await?;
                    let ApplicationState::Offered { contract, .. } = &known.state else {
                        return Err(refused(&known, "only one whose contract was shown is accepted"));
                    };
                    let on = self.business_date();
                    let signature = LoanEvent::from(&contract.as_ref().clone().accept(hash, on)?);
                    let loan = Loan::fold([&signature])?;
                    let payment = PaymentId::new(self.new_id("p"));
                    let mut entry = None;
                    let mut bodies = vec![encoded("loan", &signature)?];
                    let loan = match loan.decide(&LoanCommand::StartPayout { payment }, on)? {
                        Answer::AlreadyApplied => loan,
                        Answer::Applied(change) => {
                            bodies.push(encoded("loan", &change.event)?);
                            entry = change.entry;
                            change.loan
                        }
                    };
                    let (id, contract_hash) = (loan.id().clone(), hash.clone());
                    let accepted = ApplicationEvent::Accepted { loan: id.clone(), contract_hash, accepted_on: on };
                    let (mut commit, _) = changed(commit, &known, &[accepted])?;
                    commit.appends.push(Append { stream: StreamId::loan(&id), expected: 0, bodies });
                    commit.entries.extend(entry);
                    commit.listings.push(super::loans::listed(&loan));
                    Ok((commit, self.loan_answer(&loan)?))
                })
            })
            .await?;
        if let Some(made) = &signed.made {
            // What finds no room is found again by whoever looks after open payouts.
            self.payouts.try_send(Ordered::new(made.loan.clone())).ok();
        }
        Ok(signed)
    }
}
