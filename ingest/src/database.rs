//! How the embedded log and the stage state open their databases.

use std::path::{Path, PathBuf};

use fjall::config::CompressionPolicy;
use fjall::{Database, KeyspaceCreateOptions, OwnedWriteBatch, PersistMode};

/// Bounds what recovery has to read back into memory.
const JOURNAL_BYTES: u64 = 128 << 20;
const CACHE_BYTES: u64 = 32 << 20;
const MEMTABLE_BYTES: u64 = 16 << 20;
/// Files of one database kept open to be read: its own default would take nearly all that a process may have.
const OPEN_FILES: usize = 64;

/// Why a database cannot be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error("{}: another process has it open; stop that one, or give this one a data folder of its own", .0.display())]
    Locked(PathBuf),
    #[error("{}: expected a folder that can be made and written", folder.display())]
    Folder { folder: PathBuf, source: std::io::Error },
    #[error("{}: the database in it cannot be opened", folder.display())]
    Database { folder: PathBuf, source: fjall::Error },
}

/// Every write is persisted by whoever makes it, or is of a kind that the log can repeat.
pub(crate) fn open(folder: &Path) -> Result<Database, OpenError> {
    let made = std::fs::create_dir_all(folder);
    made.map_err(|source| OpenError::Folder { folder: folder.to_owned(), source })?;
    let opened = Database::builder(folder)
        .manual_journal_persist(true)
        .max_journaling_size(JOURNAL_BYTES)
        .cache_size(CACHE_BYTES)
        .max_cached_files(Some(OPEN_FILES))
        .worker_threads(1)
        .open();
    opened.map_err(|source| {
        let folder = folder.to_owned();
        if matches!(source, fjall::Error::Locked) {
            OpenError::Locked(folder)
        } else {
            OpenError::Database { folder, source }
        }
    })
}

/// Uncompressed: small values that are read one at a time, and a sweep for personal data sees what lies on the disk.
pub(crate) fn options() -> KeyspaceCreateOptions {
    KeyspaceCreateOptions::default()
        .max_memtable_size(MEMTABLE_BYTES)
        .manual_journal_persist(true)
        .data_block_compression_policy(CompressionPolicy::disabled())
}

/// A batch that is on the disk before any reader sees it.
pub(crate) fn durable_batch(database: &Database) -> OwnedWriteBatch {
    database.batch().durability(Some(PersistMode::SyncData))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_opened_is_named_with_its_remedy() {
        let parent = tempfile::tempdir().unwrap();
        let (folder, file) = (parent.path().join("log"), parent.path().join("file"));
        let _first = open(&folder).unwrap();
        let locked = open(&folder).err().unwrap().to_string();
        assert!(locked.starts_with(folder.to_str().unwrap()) && locked.contains("another process"), "{locked}");
        std::fs::write(&file, "").unwrap();
        let refused = open(&file).err().unwrap().to_string();
        assert!(refused.starts_with(file.to_str().unwrap()) && refused.contains("a folder"), "{refused}");
    }
}
