//! The stages of a chain as one list, from which the names of their state, its restoring and its saving follow.

use weir_ingest::state::{StateError, StateStore};
use weir_messages::{Change, Stage, StageError, StateReader};

use crate::fold::FoldError;

/// A stage's state, whatever goes through the stage.
pub(crate) trait KeepsState {
    fn namespace(&self) -> String;
    fn restore_from(&mut self, state: Box<dyn StateReader>) -> Result<(), StageError>;
    fn changes(&mut self) -> Vec<Change>;
}

impl<S: Stage> KeepsState for S {
    fn namespace(&self) -> String {
        self.name()
    }

    fn restore_from(&mut self, state: Box<dyn StateReader>) -> Result<(), StageError> {
        self.restore(state)
    }

    fn changes(&mut self) -> Vec<Change> {
        self.snapshot()
    }
}

/// Each stage of a chain once.
pub(crate) struct Stages<'a>(pub(super) Vec<&'a mut dyn KeepsState>);

impl Stages<'_> {
    pub(crate) fn names(&self) -> Vec<String> {
        self.0.iter().map(|stage| stage.namespace()).collect()
    }

    pub(crate) fn restore(&mut self, store: &StateStore) -> Result<(), FoldError> {
        self.restore_each(|namespace| store.reader(namespace))
    }

    /// `reader` gives the reader of a namespace.
    pub(crate) fn restore_each(
        &mut self,
        reader: impl Fn(&str) -> Result<Box<dyn StateReader>, StateError>,
    ) -> Result<(), FoldError> {
        self.0.iter_mut().try_for_each(|stage| Ok(stage.restore_from(reader(&stage.namespace())?)?))
    }

    /// What changed since the last call, by stage.
    pub(crate) fn snapshot(&mut self) -> Vec<(String, Vec<Change>)> {
        self.0.iter_mut().map(|stage| (stage.namespace(), stage.changes())).collect()
    }
}
