//! A decision run again, from nothing but its record and the engine that made it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use weir_messages::{ApplicationId, Decision};

use super::{DecisionRecords, RecordsError};
use crate::engines::EnginesError;

#[derive(Debug, thiserror::Error)]
pub enum RerunError {
    #[error(transparent)]
    Records(#[from] RecordsError),
    #[error(transparent)]
    Engine(#[from] EnginesError),
    #[error("running it again panicked")]
    Panicked(#[source] tokio::task::JoinError),
}

/// What came of it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Rerun {
    pub application: ApplicationId,
    /// Whether the bytes are those of the record.
    pub equal: bool,
    /// The decision as it came out this time; only where it differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub again: Option<Box<Decision>>,
}

impl DecisionRecords {
    /// `None` where no decision is on record.
    pub async fn rerun(&self, application: &ApplicationId) -> Result<Option<Rerun>, RerunError> {
        let Some(recorded) = self.find(application).await? else { return Ok(None) };
        let (engine, application) = (self.engines.engine(&recorded.engine).await?, application.clone());
        let rerun = move || {
            let again = engine.rerun(&recorded.decision);
            let equal = serde_json::to_vec(&again).is_ok_and(|bytes| bytes == recorded.bytes);
            Rerun { application, equal, again: (!equal).then(|| Box::new(again)) }
        };
        Ok(Some(tokio::task::spawn_blocking(rerun).await.map_err(RerunError::Panicked)?))
    }
}
