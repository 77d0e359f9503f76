//! A step of the fold over one log partition, and what the loop needs of it.
//!
//! The loop reads a batch, calls `process` on each stage in turn, publishes what comes out, and at intervals saves the
//! stages' changes with the next offset as one atomic write. Stages are deterministic: they read no clock, and the same
//! records in the same order give the same output, so a crash repeats work and changes no answer.

use std::fmt::Debug;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::KnownTime;

/// A place in the log. Topic is implied by who says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Position {
    pub partition: u16,
    pub offset: u64,
}

/// Something that came out of the record at `position`, the `ordinal`-th of its kind. The pair identifies a derived
/// record for ever: readers keep the highest seen for each source partition and drop repeats.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Sequenced<T> {
    pub position: Position,
    pub ordinal: u32,
    pub body: T,
}

impl<T> Sequenced<T> {
    /// The first thing that came out of the record at `position`.
    pub const fn first(position: Position, body: T) -> Self {
        Self { position, ordinal: 0, body }
    }

    /// Something else that came out of the same record.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Sequenced<U> {
        Sequenced { position: self.position, ordinal: self.ordinal, body: f(self.body) }
    }

    /// The same place, another body.
    pub const fn with<U>(&self, body: U) -> Sequenced<U> {
        Sequenced { position: self.position, ordinal: self.ordinal, body }
    }
}

/// One key of a stage's state that changed since the last snapshot; `None` deletes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub key: Vec<u8>,
    pub value: Option<Vec<u8>>,
}

/// A key of a stage's saved state, and its value.
pub type StateEntry = (Vec<u8>, Vec<u8>);

/// Reads a stage's saved state. A stage caches what it reads.
pub trait StateReader: Send + Sync + Debug {
    /// One answer for each key, in order.
    fn get(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Vec<u8>>>, StageError>;
    /// Every entry whose key starts with `prefix`, in key order.
    fn scan(&self, prefix: &[u8]) -> Result<Vec<StateEntry>, StageError>;
    /// Of these the first `most` whose key lies behind `key`. A store that may hold many reads no more than it gives.
    fn after(&self, prefix: &[u8], key: &[u8], most: usize) -> Result<Vec<StateEntry>, StageError> {
        Ok(self.scan(prefix)?.into_iter().filter(|(found, _)| found.as_slice() > key).take(most).collect())
    }
}

/// The fold cannot go on: its state cannot be read. Never the answer to bad input, which is dead-lettered.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    #[error("state cannot be read")]
    State(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("saved state at key {key:?} does not decode: {reason}")]
    Corrupt { key: String, reason: String },
}

pub trait Stage: Send {
    type Input;
    type Output;

    /// The namespace of this stage's state, with a version that changes when its form does: state under another name is
    /// rebuilt from the log, never misread.
    fn name(&self) -> String;

    /// Folds a batch, in order, appending what comes out. Bad input comes out as a dead letter, never as an error.
    fn process(
        &mut self,
        batch: &[Sequenced<Self::Input>],
        out: &mut Vec<Sequenced<Self::Output>>,
    ) -> Result<(), StageError>;

    /// Folds a batch that nobody reads afterwards: what goes on into the output need not be copied.
    fn consume(
        &mut self,
        batch: Vec<Sequenced<Self::Input>>,
        out: &mut Vec<Sequenced<Self::Output>>,
    ) -> Result<(), StageError> {
        self.process(&batch, out)
    }

    /// Everything up to `to` is known: timers before it may fire and expired state may go.
    fn advance(&mut self, to: KnownTime, out: &mut Vec<Sequenced<Self::Output>>) -> Result<(), StageError>;

    /// What changed since the last call. The loop writes it with the next offset, atomically.
    fn snapshot(&mut self) -> Vec<Change>;

    /// Starts from saved state (which may be empty).
    fn restore(&mut self, state: Box<dyn StateReader>) -> Result<(), StageError>;
}
