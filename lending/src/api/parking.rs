//! Items that could not be handled and were set aside, so that the rest went on: setting aside, listing, trying again.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use weir_messages::{Event, KnownTime, LoanId, Place, Retry, TraceId};

use super::{Lending, LendingError};
use crate::loan::LoanCommand;
use crate::payment::Ordered;
use crate::store::{Commit, Park, Parked, ParkedCount, ParkedKind};

/// What is parked with the class `later` is tried again so long after its last attempt.
pub const RETRY_PARKED_AFTER: Duration = Duration::from_secs(600);
/// Of those, as many at a time.
const MAX_RETRIED: u32 = 100;
/// Items of one kind that are read at once where all of them are asked for.
const PAGE: u32 = 1_000;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ParkedAnswer {
    /// `decision`, `day_end`, `payout` or `outbox`.
    pub kind: String,
    /// Of the application, loan or event.
    pub id: String,
    /// Why the last attempt failed.
    pub cause: String,
    /// Whether trying again may help: `later` is tried again by itself, `never` only when asked to.
    pub retry: Retry,
    pub first_at: KnownTime,
    pub last_at: KnownTime,
    pub attempts: u64,
}

impl From<Parked> for ParkedAnswer {
    fn from(parked: Parked) -> Self {
        let Parked { item, first_at, last_at, attempts } = parked;
        Self {
            kind: item.kind.name().to_owned(),
            id: item.id,
            cause: item.cause,
            retry: item.retry,
            first_at,
            last_at,
            attempts,
        }
    }
}

/// What came of another attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RetryOutcome {
    /// It is done, and parked no more.
    Done,
    /// It is under way, and parked until it is done.
    Started,
    /// It failed again.
    Parked,
}

impl Lending {
    /// In order of kind and id, from beyond an item.
    pub async fn parked(
        &self,
        kind: Option<ParkedKind>,
        after: Option<(ParkedKind, &str)>,
        limit: u32,
    ) -> Result<Vec<ParkedAnswer>, LendingError> {
        Ok(self.store.parked(kind, after, limit).await?.into_iter().map(ParkedAnswer::from).collect())
    }

    pub async fn parked_item(&self, kind: ParkedKind, id: &str) -> Result<ParkedAnswer, LendingError> {
        let parked = self.store.parked_item(kind, id).await?;
        parked.map(ParkedAnswer::from).ok_or(LendingError::NotFound { what: "parked item" })
    }

    /// How many of each kind, and since when the oldest; kinds of which there are none are absent.
    pub async fn parked_counts(&self) -> Result<Vec<ParkedCount>, LendingError> {
        Ok(self.store.parked_counts().await?)
    }

    /// Tries a parked item again.
    pub async fn retry_parked(&self, kind: ParkedKind, id: &str) -> Result<RetryOutcome, LendingError> {
        let parked = self.store.parked_item(kind, id).await?;
        self.retry(parked.ok_or(LendingError::NotFound { what: "parked item" })?.item).await
    }

    /// Tries again what is due: parked with the class `later`, and not tried for a while. How many are done.
    pub async fn retry_due(&self) -> Result<u64, LendingError> {
        let pause = i64::try_from(RETRY_PARKED_AFTER.as_micros()).unwrap_or(i64::MAX);
        let before = KnownTime::from_micros(self.now().micros().saturating_sub(pause));
        let (mut done, mut failed) = (0, None);
        for parked in self.store.parked_before(before, MAX_RETRIED).await? {
            match self.retry(parked.item).await {
                Ok(outcome) => done += u64::from(outcome == RetryOutcome::Done),
                Err(error) => failed = Some(error),
            }
        }
        failed.map_or(Ok(done), Err)
    }

    async fn retry(&self, item: Park) -> Result<RetryOutcome, LendingError> {
        match self.attempt(&item).await {
            Ok(RetryOutcome::Done) => {
                self.unpark(item.kind, item.id).await?;
                Ok(RetryOutcome::Done)
            }
            Ok(RetryOutcome::Started) => Ok(RetryOutcome::Started),
            Ok(RetryOutcome::Parked) => Ok(RetryOutcome::Parked),
            Err(error) if error.retry() == Retry::Now => Err(error),
            Err(error) => {
                self.park(item.kind, item.id, &error, item.detail).await?;
                Ok(RetryOutcome::Parked)
            }
        }
    }

    async fn attempt(&self, item: &Park) -> Result<RetryOutcome, LendingError> {
        let detail = item.detail.as_deref().unwrap_or_default();
        match item.kind {
            ParkedKind::Decision => {
                let record: Place = read_detail("place", detail.parse())?;
                let decision = self.ports.decisions.read(record).await?;
                let decision = decision.ok_or(LendingError::NotFound { what: "decision on the log" })?;
                self.apply_decision(&decision, record).await?;
                Ok(RetryOutcome::Done)
            }
            ParkedKind::DayEnd => {
                if let Some(through) = self.business_date().pred_opt() {
                    let command = LoanCommand::EndDay { through };
                    self.command(&LoanId::new(item.id.as_str()), &command, TraceId::random()).await?;
                }
                Ok(RetryOutcome::Done)
            }
            ParkedKind::Payout => {
                let ordered = Ordered::again(LoanId::new(item.id.as_str()));
                self.payouts.try_send(ordered).map_err(|_full| LendingError::Contended)?;
                Ok(RetryOutcome::Started)
            }
            ParkedKind::Outbox => {
                let event: Event = read_detail("event", serde_json::from_str(detail))?;
                self.ports.events.publish(std::slice::from_ref(&event)).await?;
                Ok(RetryOutcome::Done)
            }
        }
    }

    /// Sets an item aside, or counts one more attempt of one that is.
    pub(super) async fn park(
        &self,
        kind: ParkedKind,
        id: impl Into<String>,
        error: &LendingError,
        detail: Option<String>,
    ) -> Result<(), LendingError> {
        let item = Park::new(kind, id, error, error.retry(), detail);
        tracing::error!(kind = kind.name(), id = item.id, retry = %item.retry, cause = item.cause, "parked");
        Ok(self.store.commit(Commit { park: vec![item], ..Commit::empty(self.now(), TraceId::random()) }).await?)
    }

    pub(super) async fn unpark(&self, kind: ParkedKind, id: String) -> Result<(), LendingError> {
        tracing::info!(kind = kind.name(), id, "done, and parked no more");
        let commit = Commit { unpark: vec![(kind, id)], ..Commit::empty(self.now(), TraceId::random()) };
        Ok(self.store.commit(commit).await?)
    }

    /// Ids of everything that is parked of one kind.
    pub(super) async fn parked_ids(&self, kind: ParkedKind) -> Result<Vec<String>, LendingError> {
        let mut ids: Vec<String> = Vec::new();
        loop {
            let after = ids.last().map(|id| (kind, id.as_str()));
            let page = self.store.parked(Some(kind), after, PAGE).await?;
            if page.is_empty() {
                return Ok(ids);
            }
            ids.extend(page.into_iter().map(|parked| parked.item.id));
        }
    }
}

fn read_detail<T, E: std::fmt::Display>(what: &'static str, read: Result<T, E>) -> Result<T, LendingError> {
    read.map_err(|error| LendingError::Corrupt { what, reason: error.to_string() })
}
