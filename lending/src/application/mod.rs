//! An application from submission to signature: what may follow what, and what a decision means for the offer.
//! Pure: reads no clock and does no I/O. Lending never scores; the decision comes as a message, and the first one stands.

mod decided;
mod state;

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use weir_messages::events::AttributeValue;
use weir_messages::{ApplicationId, CustomerId, EventTime, LoanId, Outcome, Place, Reason};
use weir_money::{Money, Rate};

pub use decided::decide;
pub use state::ApplicationState;

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
    /// How many events are folded in.
    pub version: u64,
}

impl Application {
    pub fn fold(events: impl IntoIterator<Item = ApplicationEvent>) -> Result<Self, BrokenApplication> {
        let broken = |expected, event: Option<&ApplicationEvent>| BrokenApplication {
            expected,
            found: event.map_or("nothing", ApplicationEvent::name).to_owned(),
        };
        let mut events = events.into_iter();
        let mut application = match events.next() {
            Some(ApplicationEvent::Submitted(submitted)) => {
                Self { submitted: *submitted, state: ApplicationState::Submitted, version: 1 }
            }
            other => return Err(broken("a submission first", other.as_ref())),
        };
        for event in events {
            let next = application.state.after(&event);
            application.state = next.ok_or_else(|| broken(application.state.name(), Some(&event)))?;
            application.version += 1;
        }
        Ok(application)
    }
}

impl ApplicationEvent {
    const fn name(&self) -> &'static str {
        match self {
            Self::Submitted(_) => "a submission",
            Self::Decided(_) => "a decision",
            Self::ContractDrawn { .. } => "a contract",
            Self::Accepted { .. } => "an acceptance",
        }
    }
}
