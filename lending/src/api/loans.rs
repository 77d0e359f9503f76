//! Loans after signature: reading and repaying.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::Deserialize;
use weir_messages::{CustomerId, Event, EventType, LoanId, TraceId, events};

use super::{Lending, LendingError, LoanAnswer, LoanListed, Once, RequestKey, amount, decoded, encoded};
use crate::loan::{Answer, Change, Loan, LoanCommand, LoanEvent, LoanState, LoanStatus, RepaymentId};
use crate::store::{Append, Commit, Find, Freshness, Listing, ListingState, Listings, StreamId};

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RepaymentRequest {
    /// As whoever reports it knows it: the same id is the same money.
    pub repayment: String,
    /// Major units.
    pub amount: String,
    pub currency: String,
    /// Today when absent, or the date with which this repayment is booked already; earlier dates count from then.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub value_on: Option<NaiveDate>,
}

impl Lending {
    pub async fn loan(&self, loan: &LoanId) -> Result<LoanAnswer, LendingError> {
        self.loan_answer(&self.load_loan(loan).await?)
    }

    /// Loans in order of their ids, from beyond `after`. For people who look: a replica that lags may answer.
    pub async fn loans(
        &self,
        state: Option<LoanStatus>,
        customer: Option<&CustomerId>,
        after: Option<&LoanId>,
        limit: u32,
    ) -> Result<Vec<LoanListed>, LendingError> {
        let (customer, after) = (customer.cloned(), after.map(ToString::to_string));
        let (listings, freshness) = (Listings::Loans(state), Freshness::MayLag);
        let found = self.store.find(&Find { listings, customer, after, limit, freshness }).await?;
        let listed = |Listing { id, customer, state }| match state {
            ListingState::Loan(state) => Some(LoanListed { loan: LoanId::new(id), customer, state }),
            ListingState::Application(_) => None,
        };
        Ok(found.into_iter().filter_map(listed).collect())
    }

    /// As they are now.
    pub(super) async fn loans_in(
        &self,
        state: LoanStatus,
        after: Option<&LoanId>,
        limit: u32,
    ) -> Result<Vec<LoanId>, LendingError> {
        let (listings, after) = (Listings::Loans(Some(state)), after.map(ToString::to_string));
        let find = Find { listings, customer: None, after, limit, freshness: Freshness::Now };
        Ok(self.store.find(&find).await?.into_iter().map(|listed| LoanId::new(listed.id)).collect())
    }

    pub async fn repay(
        &self,
        loan: &LoanId,
        asked: &RepaymentRequest,
        request: &RequestKey,
    ) -> Result<Once<LoanAnswer>, LendingError> {
        let amount = amount::requested(&asked.amount, &asked.currency)?;
        LendingError::unless_short("repayment", &asked.repayment)?;
        let (repayment, value_on) = (RepaymentId::new(asked.repayment.as_str()), asked.value_on);
        self.once_on_loan(loan, request, |_| Ok(LoanCommand::Repay { repayment: repayment.clone(), amount, value_on }))
            .await
    }

    /// Applies a command that may come twice; whether it changed anything.
    pub(super) async fn command(
        &self,
        loan: &LoanId,
        command: &LoanCommand,
        trace: TraceId,
    ) -> Result<bool, LendingError> {
        self.settle(trace, |commit: Commit| {
            Box::pin(async move {
                let known = self.load_loan(loan).await?;
                match known.decide(command, self.business_date())? {
                    Answer::AlreadyApplied => Ok((None, false)),
                    Answer::Applied(change) => Ok((Some(self.changed(commit, &known, *change)?), true)),
                }
            })
        })
        .await
    }

    pub(super) async fn load_loan(&self, loan: &LoanId) -> Result<Loan, LendingError> {
        let bodies = self.store.load(&StreamId::loan(loan)).await?;
        if bodies.is_empty() {
            return Err(LendingError::NotFound { what: "loan" });
        }
        let events: Vec<LoanEvent> = bodies.iter().map(|body| decoded("loan", body)).collect::<Result<_, _>>()?;
        Ok(Loan::fold(&events)?)
    }

    pub(super) fn loan_answer(&self, loan: &Loan) -> Result<LoanAnswer, LendingError> {
        LoanAnswer::of(loan, self.business_date())
            .map_err(|error| LendingError::Corrupt { what: "loan", reason: error.to_string() })
    }

    /// The commit of a change: its event, its entry, where the loan now stands, and what the log must hear of it.
    pub(super) fn changed(&self, commit: Commit, before: &Loan, change: Change) -> Result<Commit, LendingError> {
        let Change { event, entry, loan } = change;
        let append = Append {
            stream: StreamId::loan(loan.id()),
            expected: before.version(),
            bodies: vec![encoded("loan", &event)?],
        };
        Ok(Commit {
            appends: vec![append],
            entries: entry.into_iter().collect(),
            outbox: self.told(&commit, before, &event, &loan),
            listings: vec![listed(&loan)],
            ..commit
        })
    }

    fn told(&self, commit: &Commit, before: &Loan, event: &LoanEvent, loan: &Loan) -> Vec<Event> {
        let (signed, id) = (loan.signed(), format!("{}:{}", loan.id(), loan.version()));
        let mut told = Vec::new();
        match event {
            LoanEvent::PayoutSucceeded { .. } => {
                let principal = signed.cost_table.principal;
                let payload = events::LoanDisbursed {
                    loan: loan.id().clone(),
                    application: signed.application.clone(),
                    amount: principal.amount(),
                    currency: principal.currency().to_string(),
                };
                let name = (id.as_str(), EventType::LoanDisbursed);
                told.push(self.event(name, &signed.customer, Event::data_of(&payload), commit));
            }
            LoanEvent::Repaid { amount, value_on, .. } => {
                let payload = events::LoanRepaid {
                    loan: loan.id().clone(),
                    amount: amount.amount(),
                    currency: amount.currency().to_string(),
                    days_past_due: before.position().map_or(0, |position| position.days_past_due(*value_on)),
                };
                let name = (id.as_str(), EventType::LoanRepaid);
                told.push(self.event(name, &signed.customer, Event::data_of(&payload), commit));
            }
            LoanEvent::Signed(_)
            | LoanEvent::PayoutStarted { .. }
            | LoanEvent::PayoutFailed { .. }
            | LoanEvent::RefundStarted { .. }
            | LoanEvent::RefundSucceeded { .. }
            | LoanEvent::RefundFailed { .. }
            | LoanEvent::Cancelled { .. }
            | LoanEvent::RepaymentReversed { .. }
            | LoanEvent::DayEnded { .. } => {}
        }
        let closed = |loan: &Loan| matches!(loan.state(), LoanState::Closed { .. });
        if closed(loan) && !closed(before) {
            let payload = events::LoanClosed { loan: loan.id().clone() };
            let name = format!("{id}:closed");
            let name = (name.as_str(), EventType::LoanClosed);
            told.push(self.event(name, &signed.customer, Event::data_of(&payload), commit));
        }
        told
    }
}

pub(super) fn listed(loan: &Loan) -> Listing {
    Listing {
        id: loan.id().to_string(),
        customer: loan.signed().customer.clone(),
        state: ListingState::Loan(loan.state().status()),
    }
}
