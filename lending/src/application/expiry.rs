//! Until when an application stays open. What has passed its last day counts as expired from then on, whether or not an
//! event says so yet: no command and no answer waits for the end of the day to be worked through.

use chrono::{Days, NaiveDate};

use super::{Application, ApplicationStatus};
use crate::product::Validity;
use crate::zone::BusinessZone;

impl Application {
    /// The last business day on which it is open; `None` once it is over.
    #[must_use]
    pub fn valid_through(&self, validity: Validity, zone: BusinessZone) -> Option<NaiveDate> {
        let submitted_on = || zone.date_of_event(self.submitted.at);
        let decided_on = || {
            let decision = self.first_decision.as_ref();
            decision.map_or_else(submitted_on, |first| first.decided_on.unwrap_or(zone.date_of_event(first.at)))
        };
        let (since, days) = match self.state.status() {
            ApplicationStatus::Submitted => (submitted_on(), validity.decision_within_days),
            ApplicationStatus::InReview => (decided_on(), validity.decision_within_days),
            ApplicationStatus::Approved | ApplicationStatus::Offered => (decided_on(), validity.approval_valid_days),
            ApplicationStatus::Declined
            | ApplicationStatus::Accepted
            | ApplicationStatus::Withdrawn
            | ApplicationStatus::Expired => return None,
        };
        Some(since.checked_add_days(Days::new(days.into())).unwrap_or(NaiveDate::MAX))
    }

    /// As it stands on a business day.
    #[must_use]
    pub fn as_of(self, on: NaiveDate, validity: Validity, zone: BusinessZone) -> Self {
        match self.valid_through(validity, zone) {
            Some(last) if last < on => Self { state: self.state.expired(), ..self },
            Some(_) | None => self,
        }
    }
}
