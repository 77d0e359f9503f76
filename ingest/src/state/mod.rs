//! The state of stages, saved together with the offset up to which it was folded.
//!
//! Whatever is here can be folded from the log again, but for what others keep in [`WrittenOnce`]. State is only ever
//! read by the very stages that wrote it: under any other set of names it is dropped and the fold starts anew.

mod objects;
mod once;
mod portable;
mod reader;
#[cfg(test)]
mod s3_tests;
mod snapshots;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use fjall::{Database, Keyspace, PersistMode, UserKey};
use serde::{Deserialize, Serialize};
use weir_messages::{Change, StateReader};

use crate::database;
pub use objects::ObjectsSettings;
pub use once::WrittenOnce;
use reader::Namespace;
pub use snapshots::{Moved, Partition, SnapshotError, Snapshots, Underway, Wanted, underway};

const META: &str = "meta";
const SET: &str = "stages";
const NEXT: &str = "next_offset";
const STATE_PREFIX: &str = "state.";

#[derive(Debug, thiserror::Error)]
pub enum StateError {
    #[error("the state store failed")]
    Storage(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("stored {what} does not read back: {reason}")]
    Corrupt { what: &'static str, reason: String },
    #[error("`{0}` is not among the stages that the store was opened for")]
    UnknownStage(String),
}

impl From<fjall::Error> for StateError {
    fn from(error: fjall::Error) -> Self {
        Self::Storage(Box::new(error))
    }
}

/// The stages whose state this is. Each set has a keyspace of its own, so that leaving one is a single write.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct StageSet {
    generation: u64,
    names: BTreeSet<String>,
}

impl StageSet {
    fn keyspace(&self) -> String {
        format!("{STATE_PREFIX}{}", self.generation)
    }
}

pub struct StateStore {
    database: Database,
    meta: Keyspace,
    state: Keyspace,
    stages: Vec<String>,
}

impl StateStore {
    /// Opens or creates the store in `folder`, which is this process's alone. Where it holds the state of another set
    /// of stages, that is dropped and the next offset is 0 again.
    pub fn open(folder: &Path, stages: &[String]) -> Result<Self, StateError> {
        let database = database::open(folder).map_err(|error| StateError::Storage(Box::new(error)))?;
        let meta = database.keyspace(META, database::options)?;
        let names: BTreeSet<String> = stages.iter().cloned().collect();
        let mut set = stored_set(&meta)?;
        if set.names != names {
            set = StageSet { generation: set.generation + 1, names };
            begin(&database, &meta, &set)?;
        }
        let state = database.keyspace(&set.keyspace(), database::options)?;
        drop_others(&database, &set)?;
        Ok(Self { database, meta, state, stages: set.names.into_iter().collect() })
    }

    /// The first offset that is not yet in the state: 0 when it is new.
    pub fn next_offset(&self) -> Result<u64, StateError> {
        self.meta.get(NEXT)?.map_or(Ok(0), |bytes| number(&bytes))
    }

    /// One atomic write that outlives the process. Of several changes to a key the last counts. A power cut may take back
    /// the latest calls, state and offset alike: the log brings them again, and no save makes a decision wait for the disk.
    pub fn save(&self, changes: Vec<(String, Vec<Change>)>, next_offset: u64) -> Result<(), StateError> {
        let (mut rows, mut buffer) = (Vec::new(), Vec::new());
        for (stage, changes) in changes {
            let namespace = self.namespace(&stage)?;
            let row = |change: Change| (UserKey::from(namespace.key(&change.key, &mut buffer)), change.value);
            rows.extend(changes.into_iter().map(row));
        }
        // Rows of one batch are equally old, so each key may be in it once. In order they are also taken up faster.
        rows.sort_by(|(a, _), (b, _)| a.cmp(b));
        let mut batch = self.database.batch().durability(Some(PersistMode::Buffer));
        let mut rows = rows.into_iter().peekable();
        while let Some((key, value)) = rows.next() {
            match value {
                _ if rows.peek().is_some_and(|(next, _)| *next == key) => {}
                Some(value) => batch.insert(&self.state, key, value),
                None => batch.remove(&self.state, key),
            }
        }
        batch.insert(&self.meta, NEXT, next_offset.to_be_bytes());
        Ok(batch.commit()?)
    }

    /// What was saved so far outlives a power cut too.
    pub fn sync(&self) -> Result<(), StateError> {
        Ok(self.database.persist(PersistMode::SyncData)?)
    }

    pub fn reader(&self, stage: &str) -> Result<Box<dyn StateReader>, StateError> {
        Ok(Box::new(self.namespace(stage)?))
    }

    fn namespace(&self, stage: &str) -> Result<Namespace, StateError> {
        let place = self.stages.iter().position(|name| name == stage);
        let place = place.ok_or_else(|| StateError::UnknownStage(stage.to_owned()))?;
        Ok(Namespace::new(self.state.clone(), place))
    }
}

impl fmt::Debug for StateStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StateStore({})", self.stages.join(", "))
    }
}

fn stored_set(meta: &Keyspace) -> Result<StageSet, StateError> {
    let Some(json) = meta.get(SET)? else { return Ok(StageSet::default()) };
    serde_json::from_slice(&json)
        .map_err(|error| StateError::Corrupt { what: "set of stages", reason: error.to_string() })
}

/// The one write that leaves the old set: from here on its state is not read any more, wherever this stops.
fn begin(database: &Database, meta: &Keyspace, set: &StageSet) -> Result<(), StateError> {
    tracing::info!(stages = ?set.names, "state starts anew: it will be folded from the start of the log");
    let mut batch = database::durable_batch(database);
    batch.insert(meta, SET, serde_json::to_vec(set).expect("a set of names serialises"));
    batch.insert(meta, NEXT, 0_u64.to_be_bytes());
    Ok(batch.commit()?)
}

fn drop_others(database: &Database, set: &StageSet) -> Result<(), StateError> {
    let current = set.keyspace();
    for name in database.list_keyspace_names() {
        if name.starts_with(STATE_PREFIX) && *name != *current {
            let old = database.keyspace(&name, database::options)?;
            database.delete_keyspace(old)?;
        }
    }
    Ok(())
}

fn number(bytes: &[u8]) -> Result<u64, StateError> {
    let reason = |_| StateError::Corrupt { what: "offset", reason: format!("expected 8 bytes, found {}", bytes.len()) };
    bytes.try_into().map(u64::from_be_bytes).map_err(reason)
}
