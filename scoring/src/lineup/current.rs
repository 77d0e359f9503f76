//! The lineup in force, which another takes the place of while decisions are made.

use std::sync::{Arc, PoisonError, RwLock};

use super::Lineup;

/// Whoever decides takes the lineup once for a batch, so a change never divides a decision. It changes in one step, so a
/// panic leaves it whole.
#[derive(Debug)]
pub struct CurrentLineup(RwLock<Arc<Lineup>>);

impl CurrentLineup {
    #[must_use]
    pub fn new(lineup: Lineup) -> Self {
        Self(RwLock::new(Arc::new(lineup)))
    }

    #[must_use]
    pub fn get(&self) -> Arc<Lineup> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn put(&self, lineup: Lineup) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(lineup);
    }
}
