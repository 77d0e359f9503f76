//! One stage's part of the saved state: its keys behind the stage's place among the names.

use std::fmt;

use fjall::Keyspace;
use weir_messages::{StageError, StateEntry, StateReader};

pub(super) struct Namespace {
    state: Keyspace,
    prefix: [u8; 1],
}

fn unreadable(error: fjall::Error) -> StageError {
    StageError::State(Box::new(error))
}

impl Namespace {
    pub(super) fn new(state: Keyspace, place: usize) -> Self {
        let prefix = u8::try_from(place).expect("a pipeline has a handful of stages");
        Self { state, prefix: [prefix] }
    }

    /// Written into `buffer`, so that a key is copied once on its way to the store.
    pub(super) fn key<'a>(&self, key: &[u8], buffer: &'a mut Vec<u8>) -> &'a [u8] {
        buffer.clear();
        buffer.extend_from_slice(&self.prefix);
        buffer.extend_from_slice(key);
        buffer
    }
}

impl StateReader for Namespace {
    fn get(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Vec<u8>>>, StageError> {
        let mut buffer = Vec::new();
        let get =
            |key: &Vec<u8>| self.state.get(self.key(key, &mut buffer)).map(|value| value.map(|bytes| bytes.to_vec()));
        keys.iter().map(get).collect::<Result<_, _>>().map_err(unreadable)
    }

    fn scan(&self, prefix: &[u8]) -> Result<Vec<StateEntry>, StageError> {
        let entry = |row: fjall::Guard| {
            let (key, value) = row.into_inner()?;
            Ok((key[self.prefix.len()..].to_vec(), value.to_vec()))
        };
        self.state.prefix(self.key(prefix, &mut Vec::new())).map(entry).collect::<Result<_, _>>().map_err(unreadable)
    }
}

impl fmt::Debug for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Namespace({:?})", self.prefix)
    }
}
