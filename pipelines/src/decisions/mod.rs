//! Decisions after they are on the log: found by their application, run again, and brought to lending.

mod delivery;
mod rerun;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use weir_ingest::log::{Entry, EventLog, LogError};
use weir_ingest::state::{Index, StateError};
use weir_messages::{ApplicationId, Decision, Position, Topic};

pub(crate) use delivery::{Delivery, DeliveryError};
pub(crate) use rerun::{Rerun, RerunError};

use crate::engines::Engines;
use crate::fold::ENGINE;

/// Where the index of decisions lies in the state store.
pub(crate) const INDEX: &str = "decisions.v1";

#[derive(Debug, thiserror::Error)]
pub enum RecordsError {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Index(#[from] StateError),
    #[error("the decision at {topic}/{offset} does not read back: {reason}", topic = Topic::Decisions)]
    Corrupt { offset: u64, reason: String },
}

/// A decision as it stands on the log.
#[derive(Debug, Clone)]
pub struct Recorded {
    pub position: Position,
    /// Names the engine that made it.
    pub engine: String,
    /// The record's bytes: running it again must give these.
    pub bytes: Vec<u8>,
    pub decision: Decision,
}

impl Recorded {
    fn read(entry: Entry) -> Result<Self, RecordsError> {
        let corrupt = |reason| RecordsError::Corrupt { offset: entry.position.offset, reason };
        let decision = weir_messages::decode_json(&entry.record.value).map_err(|error| corrupt(error.to_string()))?;
        let engine = entry.record.header(ENGINE).ok_or_else(|| corrupt("it names no engine".to_owned()))?.to_owned();
        Ok(Self { position: entry.position, engine, bytes: entry.record.value, decision })
    }
}

/// The decisions topic by application. The first decision of an application stands.
#[derive(Debug)]
pub struct DecisionRecords {
    log: Arc<dyn EventLog>,
    index: Index,
    /// Not yet in the index.
    recent: Mutex<BTreeMap<String, u64>>,
    engines: Arc<Engines>,
}

impl DecisionRecords {
    pub fn new(log: Arc<dyn EventLog>, index: Index, engines: Arc<Engines>) -> Self {
        Self { log, index, recent: Mutex::default(), engines }
    }

    pub async fn find(&self, application: &ApplicationId) -> Result<Option<Recorded>, RecordsError> {
        let recent = self.recent().get(application.as_str()).copied();
        match self.index.get(application.as_str())?.or(recent) {
            Some(offset) => self.at(offset).await,
            None => Ok(None),
        }
    }

    /// At most `most` decisions in order of their applications, from beyond `after`.
    pub async fn list(&self, after: Option<&str>, most: usize) -> Result<Vec<Recorded>, RecordsError> {
        let mut offsets: BTreeMap<String, u64> = {
            let recent = self.recent();
            let beyond = |name: &str| after.is_none_or(|after| name > after);
            recent.iter().filter(|(name, _)| beyond(name)).map(|(name, at)| (name.clone(), *at)).take(most).collect()
        };
        offsets.extend(self.index.range(after, most)?);
        let mut found = Vec::with_capacity(most.min(offsets.len()));
        for offset in offsets.into_values().take(most) {
            found.extend(self.at(offset).await?);
        }
        Ok(found)
    }

    async fn at(&self, offset: u64) -> Result<Option<Recorded>, RecordsError> {
        let from = Position { partition: 0, offset };
        let entry = self.log.read(Topic::Decisions, from, 1, Duration::ZERO).await?.pop();
        entry.map(Recorded::read).transpose()
    }

    /// Notes where decisions stand, in the order of the log.
    fn note<'a>(&self, decisions: impl IntoIterator<Item = &'a Recorded>) {
        let mut recent = self.recent();
        for one in decisions {
            recent.entry(one.decision.application.to_string()).or_insert(one.position.offset);
        }
    }

    /// Writes what was noted to the index; everything before `next` is then in it.
    fn flush(&self, next: u64) -> Result<(), RecordsError> {
        let noted: Vec<(String, u64)> = self.recent().iter().map(|(name, at)| (name.clone(), *at)).collect();
        self.index.put(&noted, next)?;
        let mut recent = self.recent();
        for (name, _) in &noted {
            recent.remove(name);
        }
        Ok(())
    }

    fn recent(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, u64>> {
        self.recent.lock().expect("no holder panics")
    }
}
