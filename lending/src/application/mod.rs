//! An application from submission to signature: what may follow what, and what a decision means for the offer.
//! Pure: reads no clock and does no I/O. Lending never scores; the decision comes as a message, and the first one stands.

mod decided;
mod expiry;
mod state;
mod status;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use weir_messages::events::AttributeValue;
use weir_messages::{ApplicationId, CustomerId, EventTime, LoanId, Outcome, Place, Reason};
use weir_money::{Money, Rate};

pub use decided::decide;
pub use state::ApplicationState;
pub use status::ApplicationStatus;

use crate::contract::Contract;
use crate::product::ProductRef;
use crate::quote::Sha256;

/// As it was submitted; the device and ip are tokens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Submitted {
    pub application: ApplicationId,
    pub customer: CustomerId,
    pub partner: String,
    pub product: ProductRef,
    pub amount: Money,
    pub term_months: u16,
    pub device: Option<String>,
    pub ip: Option<String>,
    pub attributes: BTreeMap<String, AttributeValue>,
    pub at: EventTime,
}

/// What an approved customer may sign: the smaller of what was asked for and the limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    pub amount: Money,
    pub annual_rate: Rate,
    pub band: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decided {
    pub outcome: Outcome,
    pub reasons: Vec<Reason>,
    /// Present exactly when approved.
    pub approval: Option<Approval>,
    pub at: EventTime,
    /// The business day on which it was taken from the log. Absent in what was decided before this was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_on: Option<NaiveDate>,
    /// Where the decision stands on the log. Absent in what was decided before this was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<Place>,
}

/// As it is stored. A name carries its version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", deny_unknown_fields)]
pub enum ApplicationEvent {
    #[serde(rename = "submitted.v1")]
    Submitted(Box<Submitted>),
    #[serde(rename = "decided.v1")]
    Decided(Box<Decided>),
    /// Drawn up when it is first shown; drawn up anew when its days of payout have passed.
    #[serde(rename = "contract_drawn.v1")]
    ContractDrawn { contract: Box<Contract> },
    #[serde(rename = "accepted.v1")]
    Accepted { loan: LoanId, contract_hash: Sha256, accepted_on: NaiveDate },
    /// By the customer.
    #[serde(rename = "withdrawn.v1")]
    Withdrawn { withdrawn_on: NaiveDate },
    /// Its last day had passed by then.
    #[serde(rename = "expired.v1")]
    Expired { expired_on: NaiveDate },
    /// The first decision, which came when the application was over. Changes nothing but that it is on record.
    #[serde(rename = "decision_too_late.v1")]
    DecisionTooLate { outcome: Outcome, at: EventTime, record: Place },
}

/// The first decision that the log told of an application: no other counts, whether it came in time or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstDecision {
    pub at: EventTime,
    /// Absent in what was decided before this was kept, and where it came too late.
    pub decided_on: Option<NaiveDate>,
    /// Absent in what was decided before this was kept.
    pub record: Option<Place>,
}

#[derive(Debug, thiserror::Error)]
#[error("application events: expected {expected}, found {found}")]
pub struct BrokenApplication {
    expected: &'static str,
    found: String,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Application {
    pub submitted: Submitted,
    pub state: ApplicationState,
    pub first_decision: Option<FirstDecision>,
    /// How many events are folded in.
    pub version: u64,
}

impl Application {
    pub fn fold(events: impl IntoIterator<Item = ApplicationEvent>) -> Result<Self, BrokenApplication> {
        let mut events = events.into_iter();
        let mut application = match events.next() {
            Some(ApplicationEvent::Submitted(submitted)) => {
                Self { submitted: *submitted, state: ApplicationState::Submitted, first_decision: None, version: 1 }
            }
            other => {
                let found = other.as_ref().map_or("nothing", ApplicationEvent::name).to_owned();
                return Err(BrokenApplication { expected: "a submission first", found });
            }
        };
        for event in events {
            application.take(&event)?;
        }
        Ok(application)
    }

    /// The application with one more event.
    pub fn after(&self, event: &ApplicationEvent) -> Result<Self, BrokenApplication> {
        let mut application = self.clone();
        application.take(event)?;
        Ok(application)
    }

    fn take(&mut self, event: &ApplicationEvent) -> Result<(), BrokenApplication> {
        let expected = self.state.status().name();
        let broken = || BrokenApplication { expected, found: event.name().to_owned() };
        self.state = self.state.after(event).ok_or_else(broken)?;
        self.first_decision = self.first_decision.take().or_else(|| event.decision());
        self.version += 1;
        Ok(())
    }
}

impl ApplicationEvent {
    const fn name(&self) -> &'static str {
        match self {
            Self::Submitted(_) => "a submission",
            Self::Decided(_) => "a decision",
            Self::ContractDrawn { .. } => "a contract",
            Self::Accepted { .. } => "an acceptance",
            Self::Withdrawn { .. } => "a withdrawal",
            Self::Expired { .. } => "an expiry",
            Self::DecisionTooLate { .. } => "a decision that came too late",
        }
    }

    /// The decision that it tells of, in time or too late.
    #[must_use]
    pub fn decision(&self) -> Option<FirstDecision> {
        match self {
            Self::Decided(decided) => {
                let Decided { at, decided_on, record, .. } = **decided;
                Some(FirstDecision { at, decided_on, record })
            }
            Self::DecisionTooLate { at, record, .. } => {
                Some(FirstDecision { at: *at, decided_on: None, record: Some(*record) })
            }
            Self::Submitted(_)
            | Self::ContractDrawn { .. }
            | Self::Accepted { .. }
            | Self::Withdrawn { .. }
            | Self::Expired { .. } => None,
        }
    }
}
