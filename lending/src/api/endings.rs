//! How an application ends without a loan: withdrawn by the customer, or expired.

use weir_messages::{ApplicationId, Causes, CustomerId, Retry, TraceId};

use super::applications::{changed, refused};
use super::each::each;
use super::{ApplicationAnswer, ApplicationListed, Lending, LendingError, Once, RequestKey};
use crate::application::{Application, ApplicationEvent, ApplicationStatus};
use crate::product::Validity;
use crate::store::{Commit, Find, Freshness, Listing, ListingState, Listings};

/// Applications looked through at once.
const PAGE: u32 = 256;

impl Lending {
    /// The customer no longer wants it. Withdrawing again changes nothing.
    pub async fn withdraw_application(
        &self,
        application: &ApplicationId,
        request: &RequestKey,
    ) -> Result<Once<ApplicationAnswer>, LendingError> {
        let withdrawn = self
            .once(request, |commit: Commit| {
                Box::pin(async move {
                    let known = self.current_application(application).await?;
                    match known.state.status() {
                        ApplicationStatus::Withdrawn => Ok((commit, self.application_answer(&known))),
                        ApplicationStatus::Submitted
                        | ApplicationStatus::InReview
                        | ApplicationStatus::Approved
                        | ApplicationStatus::Offered => {
                            let event = ApplicationEvent::Withdrawn { withdrawn_on: self.business_date() };
                            let (commit, after) = changed(commit, &known, &[event])?;
                            Ok((commit, self.application_answer(&after)))
                        }
                        ApplicationStatus::Declined | ApplicationStatus::Accepted | ApplicationStatus::Expired => {
                            Err(refused(&known, "only an open application is withdrawn"))
                        }
                    }
                })
            })
            .await?;
        self.fresh.take(application);
        if let Some(made) = &withdrawn.made {
            self.waiting.wake(made);
        }
        Ok(withdrawn)
    }

    /// Ends every application whose last day has passed; how many there were. Doing it again changes nothing.
    pub async fn expire_applications(&self) -> Result<u64, LendingError> {
        let mut expired = 0;
        for status in ApplicationStatus::ALL.iter().copied().filter(|status| !status.is_over()) {
            let mut after = None;
            loop {
                let page = self.applications_in(status, after.as_ref()).await?;
                let Some(last) = page.last().cloned() else { break };
                after = Some(last);
                expired += self.expire_each(page).await?;
            }
        }
        Ok(expired)
    }

    /// One that cannot be ended stays listed as it is, which nobody relies on: every command looks at its last day.
    async fn expire_each(&self, page: Vec<ApplicationId>) -> Result<u64, LendingError> {
        let (mut expired, mut waits) = (0, None);
        let results = each(&page, |application| {
            let (lending, application) = (self.clone(), application.clone());
            async move { lending.expire(&application).await }
        });
        for (application, result) in page.iter().zip(results.await) {
            match result {
                Ok(one) => expired += u64::from(one),
                Err(error) if error.retry() == Retry::Now => waits = Some(error),
                Err(error) => tracing::error!(%application, error = %Causes(&error), "an application does not expire"),
            }
        }
        waits.map_or(Ok(expired), Err)
    }

    /// Ends one application if its last day has passed; whether it had.
    pub(super) async fn expire(&self, application: &ApplicationId) -> Result<bool, LendingError> {
        let expired = self.settle(TraceId::random(), |commit: Commit| {
            Box::pin(async move {
                let known = self.load_application(application).await?;
                if known.state.status().is_over() || !self.is_past_due(&known) {
                    return Ok((None, false));
                }
                let event = ApplicationEvent::Expired { expired_on: self.business_date() };
                Ok((Some(changed(commit, &known, &[event])?.0), true))
            })
        });
        let expired = expired.await?;
        if expired {
            self.fresh.take(application);
        }
        Ok(expired)
    }

    /// Applications in order of their ids, from beyond `after`. For people who look: a replica that lags may answer, and
    /// what expired today is listed as it was until the day's end was worked through.
    pub async fn applications(
        &self,
        state: Option<ApplicationStatus>,
        customer: Option<&CustomerId>,
        after: Option<&ApplicationId>,
        limit: u32,
    ) -> Result<Vec<ApplicationListed>, LendingError> {
        let (customer, after) = (customer.cloned(), after.map(ToString::to_string));
        let (listings, freshness) = (Listings::Applications(state), Freshness::MayLag);
        let found = self.store.find(&Find { listings, customer, after, limit, freshness }).await?;
        let listed = |Listing { id, customer, state }| match state {
            ListingState::Application(state) => {
                Some(ApplicationListed { application: ApplicationId::new(id), customer, state })
            }
            ListingState::Loan(_) => None,
        };
        Ok(found.into_iter().filter_map(listed).collect())
    }

    async fn applications_in(
        &self,
        status: ApplicationStatus,
        after: Option<&ApplicationId>,
    ) -> Result<Vec<ApplicationId>, LendingError> {
        let (listings, after) = (Listings::Applications(Some(status)), after.map(ToString::to_string));
        let find = Find { listings, customer: None, after, limit: PAGE, freshness: Freshness::Now };
        Ok(self.store.find(&find).await?.into_iter().map(|listed| ApplicationId::new(listed.id)).collect())
    }

    /// As it stands today.
    pub(super) async fn current_application(&self, id: &ApplicationId) -> Result<Application, LendingError> {
        Ok(self.as_of_today(self.load_application(id).await?))
    }

    pub(super) fn as_of_today(&self, application: Application) -> Application {
        let validity = self.validity(&application);
        application.as_of(self.business_date(), validity, self.zone)
    }

    pub(super) fn is_past_due(&self, application: &Application) -> bool {
        let last = application.valid_through(self.validity(application), self.zone);
        last.is_some_and(|last| last < self.business_date())
    }

    /// As it stands today, for the caller.
    pub(super) fn application_answer(&self, application: &Application) -> ApplicationAnswer {
        let current = self.as_of_today(application.clone());
        ApplicationAnswer::of(&current, current.valid_through(self.validity(&current), self.zone))
    }

    /// A product that is no longer on offer still has applications, which end as those of any other.
    fn validity(&self, application: &Application) -> Validity {
        self.products.get(&application.submitted.product).map(|product| product.validity).unwrap_or_default()
    }
}
