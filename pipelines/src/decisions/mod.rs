//! Decisions after they are on the log: brought to lending, found by their application, run again.

mod delivery;
mod rerun;

use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, TryStreamExt};
use weir_ingest::log::{Entry, EventLog, LogError};
use weir_lending::api::{Lending, LendingError};
use weir_messages::{ApplicationId, Decision, Place, Topic};

pub(crate) use delivery::{CONSUMER, Deliveries, Delivery, DeliveryError};
pub(crate) use rerun::{Rerun, RerunError};

use crate::engines::Engines;
use crate::fold::ENGINE;

/// Records of one listing that are read from the log at once.
const MAX_READS: usize = 16;

#[derive(Debug, thiserror::Error)]
pub enum RecordsError {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Lending(#[from] LendingError),
    #[error("the decision at {place} does not read back: {reason}")]
    Corrupt { place: Place, reason: String },
}

/// A decision as it stands on the log.
#[derive(Debug, Clone)]
pub struct Recorded {
    pub place: Place,
    /// Names the engine that made it.
    pub engine: String,
    /// The record's bytes: running it again must give these.
    pub bytes: Vec<u8>,
    pub decision: Decision,
}

impl Recorded {
    pub(crate) fn read(entry: Entry) -> Result<Self, RecordsError> {
        let place = Place::new(Topic::Decisions, entry.position);
        let corrupt = |reason| RecordsError::Corrupt { place, reason };
        let decision = weir_messages::decode_json(&entry.record.value).map_err(|error| corrupt(error.to_string()))?;
        let engine = entry.record.header(ENGINE).ok_or_else(|| corrupt("it names no engine".to_owned()))?.to_owned();
        Ok(Self { place, engine, bytes: entry.record.value, decision })
    }
}

/// The decisions topic by application: lending keeps where the one that stands is.
#[derive(Debug)]
pub struct DecisionRecords {
    log: Arc<dyn EventLog>,
    lending: Lending,
    engines: Arc<Engines>,
}

impl DecisionRecords {
    pub const fn new(log: Arc<dyn EventLog>, lending: Lending, engines: Arc<Engines>) -> Self {
        Self { log, lending, engines }
    }

    pub async fn find(&self, application: &ApplicationId) -> Result<Option<Recorded>, RecordsError> {
        match self.lending.decision_record(application).await? {
            Some(place) => self.at(place).await,
            None => Ok(None),
        }
    }

    /// At most `most` decisions in order of their applications, from beyond `after`, of those that the log still keeps.
    pub async fn list(&self, after: Option<&str>, most: usize) -> Result<Vec<Recorded>, RecordsError> {
        let partitions = 0..self.log.partitions(Topic::Decisions);
        let starts: Vec<_> = partitions.map(|partition| self.log.start(Topic::Decisions, partition)).collect();
        let starts = futures::future::try_join_all(starts).await?;
        let is_kept = |place: &Place| {
            let start = starts.get(usize::from(place.position.partition));
            start.is_none_or(|start| place.position.offset >= *start)
        };
        let decided = self.lending.decided(after.map(str::to_owned), most, is_kept).await?;
        let reads = futures::stream::iter(decided).map(|(_, place)| self.listed(place)).buffered(MAX_READS);
        reads.try_filter_map(|recorded| std::future::ready(Ok(recorded))).try_collect().await
    }

    /// `None` too where the log has deleted it since.
    async fn listed(&self, place: Place) -> Result<Option<Recorded>, RecordsError> {
        match self.at(place).await {
            Err(RecordsError::Log(LogError::OutOfRange { .. })) => Ok(None),
            other => other,
        }
    }

    async fn at(&self, place: Place) -> Result<Option<Recorded>, RecordsError> {
        let entry = self.log.read(place.topic, place.position, 1, Duration::ZERO).await?.pop();
        entry.map(Recorded::read).transpose()
    }
}
