//! A side index: keys and the first number that was put under each, with the offset up to which the log is in it.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Bound;
use std::sync::{Arc, Mutex, PoisonError};

use fjall::{Database, Keyspace, PersistMode};

use super::{StateError, StateStore, number, offset};

pub struct Index {
    database: Database,
    meta: Keyspace,
    rows: Keyspace,
    name: String,
    /// Looking whether a key is there and putting it must be one step, over every handle.
    putting: Arc<Mutex<()>>,
}

impl Index {
    pub(super) fn new(store: &StateStore, rows: Keyspace, name: String) -> Self {
        let (database, meta) = (store.database.clone(), store.meta.clone());
        Self { database, meta, rows, name, putting: Arc::clone(&store.putting) }
    }

    /// All entries and the offset, or nothing. A key that is there keeps its value: what came first stands. A power
    /// cut may take back the latest calls, entries and offset alike; the log brings them again.
    pub fn put(&self, entries: &[(String, u64)], next_offset: u64) -> Result<(), StateError> {
        let _one_at_a_time = self.putting.lock().unwrap_or_else(PoisonError::into_inner);
        let mut first = BTreeMap::new();
        for (key, value) in entries {
            if !self.rows.contains_key(key)? {
                first.entry(key.as_str()).or_insert(*value);
            }
        }
        let mut batch = self.database.batch().durability(Some(PersistMode::Buffer));
        for (key, value) in first {
            batch.insert(&self.rows, key, value.to_be_bytes());
        }
        batch.insert(&self.meta, self.name.as_str(), next_offset.to_be_bytes());
        Ok(batch.commit()?)
    }

    pub fn get(&self, key: &str) -> Result<Option<u64>, StateError> {
        let Some(bytes) = self.rows.get(key)? else { return Ok(None) };
        number("index entry", &bytes).map(Some)
    }

    /// The first offset that is not yet in the index: 0 when it is new.
    pub fn next_offset(&self) -> Result<u64, StateError> {
        Ok(offset(&self.meta, &self.name)?.unwrap_or(0))
    }

    /// At most `limit` entries behind the key `after`, in the order of their keys' bytes.
    pub fn range(&self, after: Option<&str>, limit: usize) -> Result<Vec<(String, u64)>, StateError> {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.rows.range::<&str, _>((start, Bound::Unbounded)).take(limit).map(entry).collect()
    }
}

fn entry(row: fjall::Guard) -> Result<(String, u64), StateError> {
    let (key, value) = row.into_inner()?;
    let key = String::from_utf8(key.to_vec())
        .map_err(|error| StateError::Corrupt { what: "index key", reason: error.to_string() })?;
    Ok((key, number("index entry", &value)?))
}

impl fmt::Debug for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Index({})", self.name)
    }
}
