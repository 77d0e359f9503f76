//! How the embedded log and the stage state open their databases.

use std::path::Path;

use fjall::config::CompressionPolicy;
use fjall::{Database, KeyspaceCreateOptions, OwnedWriteBatch, PersistMode};

/// Bounds what recovery has to read back into memory.
const JOURNAL_BYTES: u64 = 128 << 20;
const CACHE_BYTES: u64 = 32 << 20;
const MEMTABLE_BYTES: u64 = 16 << 20;
/// Files of one database kept open to be read: its own default would take nearly all that a process may have.
const OPEN_FILES: usize = 64;

/// Every write is persisted by whoever makes it, or is of a kind that the log can repeat.
pub(crate) fn open(folder: &Path) -> fjall::Result<Database> {
    std::fs::create_dir_all(folder)?;
    Database::builder(folder)
        .manual_journal_persist(true)
        .max_journaling_size(JOURNAL_BYTES)
        .cache_size(CACHE_BYTES)
        .max_cached_files(Some(OPEN_FILES))
        .worker_threads(1)
        .open()
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
