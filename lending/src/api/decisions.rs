//! Taking decisions from the log, and waking who waits for one.

use std::time::Duration;

use tokio::sync::oneshot;
use weir_messages::{ApplicationId, Decision, Place, TraceId};

use super::applications::{appended, listed, open_claim};
use super::{ApplicationAnswer, Lending, LendingError, decoded};
use crate::application::{Application, ApplicationEvent, ApplicationState, Decided, decide};
use crate::store::{Commit, ConsumerOffset, Find, Freshness, Listing, ListingKind, StreamId};

/// Applications looked through at once.
const PAGE: u32 = 100;

/// What became of a decision. None of them is a failure: a log may tell anything twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecisionTaken {
    Applied,
    /// The first decision stands.
    AlreadyDecided,
    /// Nothing of ours, or of another customer.
    UnknownApplication,
}

impl Lending {
    /// `record` is where the decision stands on the log.
    pub async fn apply_decision(&self, decision: &Decision, record: Place) -> Result<DecisionTaken, LendingError> {
        let trace = decision.vector.trace.unwrap_or_else(TraceId::random);
        let (taken, told) = self
            .settle(trace, |commit: Commit| {
                Box::pin(async move {
                    let known = match self.fresh.take(&decision.application) {
                        Some(fresh) => Ok(fresh),
                        None => self.load_application(&decision.application).await,
                    };
                    let known = match known {
                        Ok(known) if known.submitted.customer == decision.customer => known,
                        Ok(_) | Err(LendingError::NotFound { .. }) => {
                            return Ok((None, (DecisionTaken::UnknownApplication, None)));
                        }
                        Err(error) => return Err(error),
                    };
                    if known.state != ApplicationState::Submitted {
                        let told = Some(ApplicationAnswer::from(&known));
                        return Ok((None, (DecisionTaken::AlreadyDecided, told)));
                    }
                    let product = self.product(&known.submitted.product)?;
                    let decided = Decided {
                        record: Some(record),
                        ..decide(&known.submitted, decision, product, &self.caps, self.business_date())
                    };
                    let event = ApplicationEvent::Decided(Box::new(decided));
                    let submission = ApplicationEvent::Submitted(Box::new(known.submitted.clone()));
                    let after = Application::fold([submission, event.clone()])?;
                    let mut commit = Commit {
                        appends: vec![appended(&decision.application, known.version, &event)?],
                        listings: vec![Listing { ..listed(&after) }],
                        ..commit
                    };
                    if matches!(after.state, ApplicationState::Declined { .. }) {
                        commit.releases = vec![open_claim(&decision.customer, &decision.application)];
                    }
                    let told = Some(ApplicationAnswer::from(&after));
                    Ok((Some(commit), (DecisionTaken::Applied, told)))
                })
            })
            .await?;
        if let Some(told) = told {
            self.wake(&told);
        }
        Ok(taken)
    }

    /// Applies decisions read from the log, all at once so that they share a commit.
    pub async fn apply_decisions(&self, decisions: Vec<(Place, Decision)>) -> Result<Vec<DecisionTaken>, LendingError> {
        let mut applying = tokio::task::JoinSet::new();
        let mut taken = vec![DecisionTaken::UnknownApplication; decisions.len()];
        for (at, (record, decision)) in decisions.into_iter().enumerate() {
            let lending = self.clone();
            applying.spawn(async move { (at, lending.apply_decision(&decision, record).await) });
        }
        for (at, result) in applying.join_all().await {
            taken[at] = result?;
        }
        Ok(taken)
    }

    /// Where the decision that stands is on the log; `None` while there is none.
    pub async fn decision_record(&self, application: &ApplicationId) -> Result<Option<Place>, LendingError> {
        let bodies = self.store.load(&StreamId::application(application)).await?;
        // The second event, as the first is its submission.
        let Some(body) = bodies.get(1) else { return Ok(None) };
        match decoded("application", body)? {
            ApplicationEvent::Decided(decided) => Ok(decided.record),
            ApplicationEvent::Submitted(_)
            | ApplicationEvent::ContractDrawn { .. }
            | ApplicationEvent::Accepted { .. } => Ok(None),
        }
    }

    /// At most `most` decided applications in order of their ids, from beyond `after`, with where the decision stands.
    pub async fn decided(
        &self,
        mut after: Option<String>,
        most: usize,
    ) -> Result<Vec<(ApplicationId, Place)>, LendingError> {
        let mut found = Vec::new();
        while found.len() < most {
            let (kind, limit) = (ListingKind::Application, PAGE);
            let find = Find { kind, state: None, customer: None, after, limit, freshness: Freshness::MayLag };
            let page = self.store.find(&find).await?;
            after = page.last().map(|last| last.id.clone());
            if after.is_none() {
                break;
            }
            for id in page.into_iter().map(|listing| ApplicationId::new(listing.id)) {
                found.extend(self.decision_record(&id).await?.map(|record| (id, record)));
            }
        }
        found.truncate(most);
        Ok(found)
    }

    /// Keeps how far a consumer of the log has come: only after all of that is done, so that a crash repeats and never
    /// skips.
    pub async fn record_offset(&self, offset: ConsumerOffset) -> Result<(), LendingError> {
        Ok(self.store.commit(Commit { offset: Some(offset), ..Commit::empty(self.now(), TraceId::random()) }).await?)
    }

    /// Where a consumer of the log goes on; `None` before its first offset.
    pub async fn offset(&self, consumer: &str, shard: u16) -> Result<Option<u64>, LendingError> {
        Ok(self.store.offset(consumer, shard).await?)
    }

    /// The application once it is decided, or as it stands after `timeout`.
    pub async fn wait_for_decision(
        &self,
        application: &ApplicationId,
        timeout: Duration,
    ) -> Result<ApplicationAnswer, LendingError> {
        let (wake, woken) = oneshot::channel();
        // Before the look, so that no decision falls in between.
        self.waiting.lock().expect("no holder panics").entry(application.clone()).or_default().push(wake);
        let known = match self.fresh.get(application) {
            Some(fresh) => Ok(fresh),
            None => self.load_application(application).await,
        };
        let waits = known.as_ref().is_ok_and(|known| known.state == ApplicationState::Submitted);
        let told = if waits { tokio::time::timeout(timeout, woken).await.ok() } else { None };
        self.forget_gone(application);
        match told {
            Some(Ok(told)) => Ok(told),
            Some(Err(_)) | None => Ok(ApplicationAnswer::from(&known?)),
        }
    }

    pub(super) fn waited_for(&self) -> Vec<ApplicationId> {
        self.waiting.lock().expect("no holder panics").keys().cloned().collect()
    }

    pub(super) fn is_waited_for(&self, application: &ApplicationId) -> bool {
        self.waiting.lock().expect("no holder panics").contains_key(application)
    }

    pub(super) fn wake(&self, told: &ApplicationAnswer) {
        let waiting = self.waiting.lock().expect("no holder panics").remove(&told.application);
        for one in waiting.into_iter().flatten() {
            one.send(told.clone()).ok();
        }
    }

    /// Drops who waits no longer.
    fn forget_gone(&self, application: &ApplicationId) {
        let mut waiting = self.waiting.lock().expect("no holder panics");
        if let Some(all) = waiting.get_mut(application) {
            all.retain(|one| !one.is_closed());
            if all.is_empty() {
                waiting.remove(application);
            }
        }
    }
}
