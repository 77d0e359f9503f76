//! Applications that were just submitted, so that neither their decision nor who waits for it has to read them back.
//! A cache: what it has forgotten is loaded, and what it holds is checked by its version when it is committed.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};

use weir_messages::ApplicationId;

use crate::application::Application;

/// More than are under way at once, unless decisions stand still.
const MOST: usize = 1_024;

#[derive(Debug, Default)]
pub(crate) struct Fresh(Mutex<HashMap<ApplicationId, Application>>);

impl Fresh {
    /// Before its commit: one that is then refused is never asked for, as nobody learns its id.
    pub(super) fn put(&self, application: &Application) {
        let mut fresh = self.locked();
        if fresh.len() >= MOST {
            fresh.clear();
        }
        fresh.insert(application.submitted.application.clone(), application.clone());
    }

    pub(super) fn get(&self, id: &ApplicationId) -> Option<Application> {
        self.locked().get(id).cloned()
    }

    /// For whoever changes it: a second attempt then loads what is stored.
    pub(super) fn take(&self, id: &ApplicationId) -> Option<Application> {
        self.locked().remove(id)
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<ApplicationId, Application>> {
        self.0.lock().expect("no holder panics")
    }
}
