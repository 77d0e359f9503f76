//! One stage's part of the saved state: its keys behind the stage's place among the names.

use std::fmt;
use std::ops::Bound;

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

    fn entry(&self, row: fjall::Guard) -> fjall::Result<StateEntry> {
        let (key, value) = row.into_inner()?;
        Ok((key[self.prefix.len()..].to_vec(), value.to_vec()))
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
        let rows = self.state.prefix(self.key(prefix, &mut Vec::new()));
        rows.map(|row| self.entry(row)).collect::<Result<_, _>>().map_err(unreadable)
    }

    fn after(&self, prefix: &[u8], key: &[u8], most: usize) -> Result<Vec<StateEntry>, StageError> {
        let mut first = Vec::new();
        self.key(key, &mut first);
        // Behind this stage's keys stand those of the next.
        let end = vec![self.prefix[0] + 1];
        let rows = self.state.range((Bound::Excluded(first), Bound::Excluded(end))).map(|row| self.entry(row));
        let of_prefix = |row: &fjall::Result<StateEntry>| row.as_ref().map_or(true, |(key, _)| key.starts_with(prefix));
        rows.take_while(of_prefix).take(most).collect::<Result<_, _>>().map_err(unreadable)
    }
}

impl fmt::Debug for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Namespace({:?})", self.prefix)
    }
}
