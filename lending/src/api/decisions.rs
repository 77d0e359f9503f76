//! Taking decisions from the log, and waking who waits for one.

use std::collections::BTreeMap;
use std::time::Duration;

use weir_messages::{ApplicationId, Decision, Place, Retry, TraceId};

use super::applications::changed;
use super::each::each;
use super::{ApplicationAnswer, Lending, LendingError, decoded};
use crate::application::{Application, ApplicationEvent, ApplicationStatus, Decided, decide};
use crate::store::{Commit, ConsumerOffset, Find, Freshness, Listings, ParkedKind, StreamId};

/// Versions at which the first decision can be in an application's stream: the first event is its submission, and only its
/// end can lie between the two.
const FIRST_DECISION: [u64; 2] = [2, 3];
/// Applications looked through at once.
const PAGE: u32 = 100;

/// What became of a decision. None of them is a failure: a log may tell anything twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecisionTaken {
    Applied,
    /// The first decision stands.
    AlreadyDecided,
    /// The first decision, of an application that was withdrawn or had expired: on record, and without effect.
    TooLate,
    /// Nothing of ours, or of another customer.
    UnknownApplication,
    /// It cannot be applied now, and was set aside.
    Parked,
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
                    if known.first_decision.is_some() {
                        let told = Some(self.application_answer(&known));
                        return Ok((None, (DecisionTaken::AlreadyDecided, told)));
                    }
                    if known.state.status().is_over() || self.is_past_due(&known) {
                        let (commit, after) = changed(commit, &known, &self.too_late(&known, decision, record))?;
                        return Ok((Some(commit), (DecisionTaken::TooLate, Some(self.application_answer(&after)))));
                    }
                    // A decline or a review needs none.
                    let product = || self.product(&known.submitted.product);
                    let decided = decide(&known.submitted, decision, product, &self.caps, self.business_date())?;
                    let decided = Decided { record: Some(record), ..decided };
                    let event = ApplicationEvent::Decided(Box::new(decided));
                    let (commit, after) = changed(commit, &known, &[event])?;
                    let told = Some(self.application_answer(&after));
                    Ok((Some(commit), (DecisionTaken::Applied, told)))
                })
            })
            .await?;
        if let Some(told) = told {
            self.waiting.wake(&told);
        }
        Ok(taken)
    }

    /// That a decision came after the end of its application, and that end where no event says so yet.
    fn too_late(&self, known: &Application, decision: &Decision, record: Place) -> Vec<ApplicationEvent> {
        let (outcome, at) = (decision.outcome, decision.at);
        let expired = ApplicationEvent::Expired { expired_on: self.business_date() };
        let ends = (!known.state.status().is_over()).then_some(expired);
        ends.into_iter().chain([ApplicationEvent::DecisionTooLate { outcome, at, record }]).collect()
    }

    /// Applies decisions read from the log, all at once so that they share a commit. One that cannot be applied is parked.
    /// After an error none of them may be taken for done.
    pub async fn apply_decisions(&self, decisions: Vec<(Place, Decision)>) -> Result<Vec<DecisionTaken>, LendingError> {
        let items: Vec<_> = decisions.iter().map(|(record, one)| (*record, one.application.clone())).collect();
        let taken = each(decisions, |(record, decision)| {
            let lending = self.clone();
            async move { lending.apply_decision(&decision, record).await }
        });
        let mut answers = Vec::with_capacity(items.len());
        for ((record, application), result) in items.into_iter().zip(taken.await) {
            answers.push(match result {
                Ok(taken) => taken,
                Err(error) if error.retry() == Retry::Now => return Err(error),
                Err(error) => {
                    let detail = Some(record.to_string());
                    self.park(ParkedKind::Decision, application.to_string(), &error, detail).await?;
                    DecisionTaken::Parked
                }
            });
        }
        Ok(answers)
    }

    /// Parks a record of the log that does not read as a decision.
    pub async fn park_unreadable_decision(&self, record: Place, reason: String) -> Result<(), LendingError> {
        let error = LendingError::Corrupt { what: "decision", reason };
        let id = record.to_string().replace('/', ":");
        self.park(ParkedKind::Decision, id, &error, Some(record.to_string())).await
    }

    /// Where the first decision is on the log, whether it came in time or not; `None` while there is none.
    pub async fn decision_record(&self, application: &ApplicationId) -> Result<Option<Place>, LendingError> {
        Ok(self.decision_records(std::slice::from_ref(application)).await?.remove(application))
    }

    /// The same for many, those without one left out.
    async fn decision_records(
        &self,
        applications: &[ApplicationId],
    ) -> Result<BTreeMap<ApplicationId, Place>, LendingError> {
        let ids: BTreeMap<_, _> = applications.iter().map(|id| (StreamId::application(id), id)).collect();
        let streams: Vec<_> = ids.keys().cloned().collect();
        let mut records = BTreeMap::new();
        for version in FIRST_DECISION {
            for (stream, body) in self.store.events(version, &streams).await? {
                let event: ApplicationEvent = decoded("application", &body)?;
                let record = event.decision().and_then(|decision| decision.record);
                records.extend(ids.get(&stream).copied().cloned().zip(record));
            }
        }
        Ok(records)
    }

    /// At most `most` decided applications in order of their ids, from beyond `after`, with where the decision stands, of those that
    /// the log still keeps.
    pub async fn decided(
        &self,
        mut after: Option<String>,
        most: usize,
        is_kept: impl Fn(&Place) -> bool,
    ) -> Result<Vec<(ApplicationId, Place)>, LendingError> {
        let mut found = Vec::new();
        while found.len() < most {
            let (listings, freshness) = (Listings::Applications(None), Freshness::MayLag);
            let find = Find { listings, customer: None, after, limit: PAGE, freshness };
            let page = self.store.find(&find).await?;
            after = page.last().map(|last| last.id.clone());
            if after.is_none() {
                break;
            }
            let ids: Vec<_> = page.into_iter().map(|listing| ApplicationId::new(listing.id)).collect();
            found.extend(self.decision_records(&ids).await?.into_iter().filter(|(_, place)| is_kept(place)));
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
        // Before the look, so that no decision falls in between.
        let mut waiter = self.waiting.register(application);
        let known = match self.fresh.get(application) {
            Some(fresh) => fresh,
            None => self.load_application(application).await?,
        };
        let waits = known.state.status() == ApplicationStatus::Submitted;
        let answer = if waits { waiter.answer(timeout).await } else { None };
        Ok(answer.unwrap_or_else(|| self.application_answer(&known)))
    }
}
