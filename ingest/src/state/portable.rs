//! Saved state as one stream of bytes, in order of its keys, with the offset up to which it was folded: what moves to
//! another process when a partition does.

use std::io::{self, Read, Write};
use std::path::Path;

use fjall::Readable;

use super::{NEXT, StateError, StateStore};
use crate::database;

/// Changes when the form does.
const MAGIC: &[u8; 13] = b"weir.state.1\n";
/// In the place of a key's length: no row follows.
const END: u32 = u32::MAX;
/// No key and no value of a stage is near it: a damaged length asks for no memory.
const MOST: u32 = 64 << 20;
const LEVEL: i32 = 1;

fn lost(error: io::Error) -> StateError {
    StateError::Storage(Box::new(error))
}

fn damaged(reason: impl Into<String>) -> StateError {
    StateError::Corrupt { what: "snapshot", reason: reason.into() }
}

impl StateStore {
    /// Writes the state as it was last saved, while saving goes on; the offset it was folded to, and its rows.
    pub fn export(&self, out: impl Write) -> Result<(u64, u64), StateError> {
        let seen = self.database.snapshot();
        let next = match seen.get(&self.meta, NEXT)? {
            Some(bytes) => super::number(&bytes)?,
            None => 0,
        };
        let mut out = zstd::stream::Encoder::new(out, LEVEL).map_err(lost)?;
        out.include_checksum(true).map_err(lost)?;
        out.write_all(MAGIC).and_then(|()| out.write_all(&next.to_be_bytes())).map_err(lost)?;
        let mut rows = 0_u64;
        for row in seen.iter(&self.state) {
            let (key, value) = row.into_inner()?;
            put(&mut out, &key).and_then(|()| put(&mut out, &value)).map_err(lost)?;
            rows += 1;
        }
        out.write_all(&END.to_be_bytes()).and_then(|()| out.write_all(&rows.to_be_bytes())).map_err(lost)?;
        out.finish().and_then(|mut out| out.flush()).map_err(lost)?;
        Ok((next, rows))
    }

    /// Makes a store in `folder`, which must not be there, from what `export` wrote of the same stages; the offset it
    /// was folded to, and its rows.
    pub fn import(folder: &Path, stages: &[String], input: impl Read) -> Result<(u64, u64), StateError> {
        let store = Self::open(folder, stages)?;
        let mut input = io::BufReader::new(zstd::stream::Decoder::new(input).map_err(lost)?);
        let mut magic = [0; MAGIC.len()];
        input.read_exact(&mut magic).map_err(lost)?;
        if magic != *MAGIC {
            return Err(damaged("its form is unknown"));
        }
        let next = read_u64(&mut input)?;
        let (mut rows, mut last) = (0, Vec::new());
        let mut ingestion = store.state.start_ingestion()?;
        while let Some(key) = take(&mut input)? {
            let value = take(&mut input)?.ok_or_else(|| damaged("it ends within a row"))?;
            // Checked, as the tree takes no other order, and damage is found at the end.
            if rows > 0 && key <= last {
                return Err(damaged("its keys are not in order"));
            }
            ingestion.write(key.as_slice(), value)?;
            last = key;
            rows += 1;
        }
        let counted = read_u64(&mut input)?;
        if counted != rows {
            return Err(damaged(format!("expected {counted} rows, found {rows}")));
        }
        // Reads the checksum too.
        if input.read(&mut [0]).map_err(lost)? > 0 {
            return Err(damaged("bytes follow its end"));
        }
        // Last, so that a store that is not whole is one that has folded nothing.
        ingestion.finish()?;
        let mut batch = database::durable_batch(&store.database);
        batch.insert(&store.meta, NEXT, next.to_be_bytes());
        batch.commit()?;
        Ok((next, rows))
    }
}

fn put(out: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    let length = u32::try_from(bytes.len()).ok().filter(|length| *length <= MOST);
    let length = length.ok_or_else(|| io::Error::other("a row is too large"))?;
    out.write_all(&length.to_be_bytes())?;
    out.write_all(bytes)
}

fn take(input: &mut impl Read) -> Result<Option<Vec<u8>>, StateError> {
    let mut length = [0; 4];
    input.read_exact(&mut length).map_err(lost)?;
    match u32::from_be_bytes(length) {
        END => Ok(None),
        length if length > MOST => Err(damaged("a length is too great")),
        length => {
            let mut bytes = vec![0; length as usize];
            input.read_exact(&mut bytes).map_err(lost)?;
            Ok(Some(bytes))
        }
    }
}

fn read_u64(input: &mut impl Read) -> Result<u64, StateError> {
    let mut bytes = [0; 8];
    input.read_exact(&mut bytes).map_err(lost)?;
    Ok(u64::from_be_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use weir_messages::Change;

    use super::*;

    fn saved(folder: &Path, rows: u32) -> StateStore {
        let store = StateStore::open(folder, &["a".to_owned()]).unwrap();
        let change = |number: u32| Change { key: number.to_be_bytes().to_vec(), value: Some(vec![7; 100]) };
        store.save(vec![("a".to_owned(), (0..rows).map(change).collect())], 42).unwrap();
        store
    }

    #[test]
    fn what_is_exported_is_imported_whole_and_goes_on_from_there() {
        let folder = tempfile::tempdir().unwrap();
        let store = saved(&folder.path().join("from"), 5_000);
        let mut bytes = Vec::new();
        assert_eq!(store.export(&mut bytes).unwrap(), (42, 5_000));
        assert!(bytes.len() < 100_000, "{} bytes", bytes.len());
        let (to, stages) = (folder.path().join("to"), ["a".to_owned()]);
        assert_eq!(StateStore::import(&to, &stages, bytes.as_slice()).unwrap(), (42, 5_000));
        let moved = StateStore::open(&to, &stages).unwrap();
        assert_eq!(moved.next_offset().unwrap(), 42);
        let rows = |store: &StateStore| store.reader("a").unwrap().scan(&[]).unwrap();
        assert_eq!(rows(&moved), rows(&store));
        moved.save(vec![("a".to_owned(), vec![Change { key: vec![0; 4], value: None }])], 43).unwrap();
        assert_eq!(rows(&moved).len(), 4_999);
    }

    #[test]
    fn a_snapshot_cut_short_or_damaged_is_refused_and_leaves_a_store_that_has_folded_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut bytes = Vec::new();
        saved(&folder.path().join("from"), 500).export(&mut bytes).unwrap();
        let mut damaged = bytes.clone();
        let middle = damaged.len() / 2;
        damaged[middle] ^= 0xff;
        for (number, wrong) in
            [&bytes[..bytes.len() / 2], &bytes[..bytes.len() - 1], &damaged, b"x"].into_iter().enumerate()
        {
            let to = folder.path().join(number.to_string());
            assert!(StateStore::import(&to, &["a".to_owned()], wrong).is_err(), "{number}");
            assert_eq!(StateStore::open(&to, &["a".to_owned()]).unwrap().next_offset().unwrap(), 0);
        }
    }
}
