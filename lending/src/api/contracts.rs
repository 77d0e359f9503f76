//! Showing the contract and accepting it.

use schemars::JsonSchema;
use serde::Deserialize;
use weir_messages::{ApplicationId, LoanId, TraceId};

use super::applications::{appended, listed, open_claim};
use super::{ContractAnswer, Lending, LendingError, LoanAnswer, Once, RequestKey, encoded};
use crate::application::{Application, ApplicationEvent, ApplicationState};
use crate::contract::{Contract, Parties};
use crate::loan::{Answer, Loan, LoanCommand, LoanEvent, PaymentId};
use crate::payment::Ordered;
use crate::quote::{Quote, Sha256};
use crate::store::{Append, Commit, Listing, StreamId};

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Acceptance {
    /// Of the contract that was shown.
    pub contract_hash: String,
}

impl Lending {
    /// The contract of an approved application: drawn up when it is first shown, and the same text until it is accepted
    /// or its days of payout have passed.
    pub async fn contract(&self, application: &ApplicationId, trace: TraceId) -> Result<ContractAnswer, LendingError> {
        self.settle(trace, |commit: Commit| {
            Box::pin(async move {
                let known = self.load_application(application).await?;
                let on = self.business_date();
                let (approval, shown) = match &known.state {
                    ApplicationState::Accepted { contract, .. } => {
                        return Ok((None, ContractAnswer::from(&**contract)));
                    }
                    ApplicationState::Offered { contract, .. } if contract.cost_table.last_payout_on() >= on => {
                        return Ok((None, ContractAnswer::from(&**contract)));
                    }
                    ApplicationState::Offered { approval, contract, .. } => (approval, Some(&contract.parties.loan)),
                    ApplicationState::Approved { approval, .. } => (approval, None),
                    ApplicationState::Submitted
                    | ApplicationState::InReview { .. }
                    | ApplicationState::Declined { .. } => {
                        return Err(refused(&known, "only an approved application has a contract"));
                    }
                };
                let product = self.product(&known.submitted.product)?;
                let (amount, term, rate) = (approval.amount, known.submitted.term_months, approval.annual_rate);
                let quote = Quote::new(product, &self.caps, amount, term, rate, on)?;
                let parties = Parties {
                    loan: shown.cloned().unwrap_or_else(|| LoanId::new(self.new_id("l"))),
                    application: application.clone(),
                    customer: known.submitted.customer.clone(),
                    lender: self.lender.clone(),
                    drawn_on: on,
                };
                let contract = Contract::draw(&quote, &self.caps, parties)?;
                let answer = ContractAnswer::from(&contract);
                let event = ApplicationEvent::ContractDrawn { contract: Box::new(contract) };
                let append = appended(application, known.version, &event)?;
                let listing = Listing { state: "offered".to_owned(), ..listed(&known) };
                Ok((Some(Commit { appends: vec![append], listings: vec![listing], ..commit }), answer))
            })
        })
        .await
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
                    let known = self.load_application(application).await?;
                    let ApplicationState::Offered { contract, .. } = &known.state else {
                        return Err(refused(&known, "only one whose contract was shown is accepted"));
                    };
                    let on = self.business_date();
                    let signature = LoanEvent::from(&contract.as_ref().clone().accept(hash, on)?);
                    let loan = Loan::fold([&signature])?;
                    let payment = PaymentId::new(self.new_id("p"));
                    let mut commit = commit;
                    let mut bodies = vec![encoded("loan", &signature)?];
                    let loan = match loan.decide(&LoanCommand::StartPayout { payment }, on)? {
                        Answer::AlreadyApplied => loan,
                        Answer::Applied(change) => {
                            bodies.push(encoded("loan", &change.event)?);
                            commit.entries.extend(change.entry);
                            change.loan
                        }
                    };
                    let (id, customer) = (loan.id().clone(), known.submitted.customer.clone());
                    let accepted =
                        ApplicationEvent::Accepted { loan: id.clone(), contract_hash: hash.clone(), accepted_on: on };
                    commit.appends = vec![
                        appended(application, known.version, &accepted)?,
                        Append { stream: StreamId::loan(&id), expected: 0, bodies },
                    ];
                    commit.releases = vec![open_claim(&customer, application)];
                    commit.listings =
                        vec![Listing { state: "accepted".to_owned(), ..listed(&known) }, super::loans::listed(&loan)];
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

fn refused(application: &Application, rule: &'static str) -> LendingError {
    let (id, state) = (application.submitted.application.clone(), application.state.name());
    LendingError::State { application: id, state, rule }
}
