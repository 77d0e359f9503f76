//! Views that a stage has no state of, new or edited ones, are folded from the start of its source while the stage itself
//! stands still. A second stage does that: its rows go to where the first one's are, whatever else it keeps stays apart
//! and is of no use once it has come as far.

use sha2::{Digest, Sha256};
use weir_messages::{Change, EventTime, StageError, StateEntry, StateReader};

use crate::engine::{Engine, is_row};
use crate::view::FeatureViews;

/// Changes with the form of the state: an old one is then folded anew from the log.
const STATE_FORM: u32 = 4;

/// A stage whose state is kept by view.
pub trait Refolds: Sized {
    /// The views that it has no state of, or not all of it.
    fn missing(&self) -> Vec<String>;
    /// A stage that folds these alone. Nothing comes out of it.
    fn refold(&self) -> Self;
    /// Those views have been folded as far as the others.
    fn complete(&mut self);
}

/// What a stage does with its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Folds {
    Everything,
    /// Rows of the views that the live stage lacks; nothing comes out.
    RowsAlone,
}

impl Folds {
    /// Another set of missing views is another refold, which begins anew.
    pub(super) fn name(self, stage: &str, engine: &Engine) -> String {
        match self {
            Self::Everything => format!("{stage}.{STATE_FORM}"),
            Self::RowsAlone => {
                let mut hashes: Vec<&str> = engine.missing().map(|(_, hash)| hash).collect();
                hashes.sort_unstable();
                format!("{stage}.{STATE_FORM}.refold.{}", hex::encode(Sha256::digest(hashes.join("\n"))))
            }
        }
    }

    pub(super) fn restore(
        self,
        engine: &mut Engine,
        views: &FeatureViews,
        state: Box<dyn StateReader>,
    ) -> Result<(), StageError> {
        match self {
            Self::Everything => engine.restore(views, state),
            Self::RowsAlone => engine.resume(state),
        }
    }

    /// The live stage's business.
    pub(super) fn sweep(self, engine: &mut Engine, views: &FeatureViews, settled: EventTime) -> Result<(), StageError> {
        match self {
            Self::Everything => engine.sweep(views, settled),
            Self::RowsAlone => Ok(()),
        }
    }
}

/// Rows, which are the live stage's, and what else changed.
#[must_use]
pub fn rows_apart(changes: Vec<Change>) -> (Vec<Change>, Vec<Change>) {
    changes.into_iter().partition(|change| is_row(&change.key))
}

/// What a refold reads: rows where the live stage keeps them, everything else where `rows_apart` put it.
#[derive(Debug)]
pub struct RowsOfLive {
    pub live: Box<dyn StateReader>,
    pub apart: Box<dyn StateReader>,
}

impl RowsOfLive {
    fn of(&self, key: &[u8]) -> &dyn StateReader {
        if is_row(key) { &*self.live } else { &*self.apart }
    }
}

impl StateReader for RowsOfLive {
    fn get(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Vec<u8>>>, StageError> {
        let one = |key: &Vec<u8>| Ok(self.of(key).get(std::slice::from_ref(key))?.pop().flatten());
        keys.iter().map(one).collect()
    }

    fn scan(&self, prefix: &[u8]) -> Result<Vec<StateEntry>, StageError> {
        self.of(prefix).scan(prefix)
    }

    fn after(&self, prefix: &[u8], key: &[u8], most: usize) -> Result<Vec<StateEntry>, StageError> {
        self.of(prefix).after(prefix, key, most)
    }
}
