//! Snapshots of partitions' state in an object store, a local folder or an S3 bucket: whoever is given a partition takes
//! up the newest. Its name is the offset it was folded to, so one that an old holder still writes hides no newer one.

#[cfg(test)]
mod tests;
mod underway;

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::TryStreamExt;
use object_store::path::Path as Key;
use object_store::{ObjectStore, ObjectStoreExt, WriteMultipart};
use sha2::{Digest, Sha256};
use tokio::sync::watch;

use super::{ObjectsSettings, StateError, StateStore};
use underway::WhileWanted;
pub use underway::{Underway, Wanted, underway};

/// Sent at once.
const CHUNK: usize = 8 << 20;
/// Snapshots of a partition that are kept.
const KEPT: usize = 2;
const ENDING: &str = ".snapshot";

#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    #[error("{section}.url")]
    Url { section: &'static str, source: Box<dyn std::error::Error + Send + Sync> },
    #[error("{section}.options.{name}: expected an option of an S3 store, as `aws_region`")]
    Option { section: &'static str, name: String },
    #[error("the object store failed")]
    Objects(#[from] object_store::Error),
    #[error("{}", path.display())]
    File { path: PathBuf, source: std::io::Error },
    #[error(transparent)]
    State(#[from] StateError),
    #[error("nobody wants this snapshot any more")]
    Unwanted,
}

#[derive(Debug, Clone)]
pub struct Snapshots {
    objects: Arc<dyn ObjectStore>,
    root: Key,
}

/// A partition's state, as the object store and the local disk know it.
#[derive(Debug, Clone)]
pub struct Partition {
    /// What folds it, such as `customers`.
    pub name: String,
    pub number: u16,
    /// Namespaces of the stages: the state of others is never taken up.
    pub stages: Vec<String>,
    pub folder: PathBuf,
}

/// What was put there or taken from there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moved {
    /// The offset up to which it was folded.
    pub next: u64,
    pub rows: u64,
}

pub(super) fn at(path: &Path) -> impl Fn(std::io::Error) -> SnapshotError + '_ {
    |source| SnapshotError::File { path: path.to_owned(), source }
}

/// Into a file without a name: nothing is left of it when the process dies, and nobody writes into it a second time.
fn export(store: &StateStore, path: &Path, wanted: watch::Receiver<()>) -> Result<(File, Moved), SnapshotError> {
    let out = File::options().read(true).write(true).create(true).truncate(true).open(path).map_err(at(path))?;
    std::fs::remove_file(path).map_err(at(path))?;
    let (next, rows) = store.export(BufWriter::new(WhileWanted { out: &out, wanted }))?;
    Ok((out, Moved { next, rows }))
}

/// The file is read beside the runtime's threads, which this runs on.
async fn fill(upload: &mut WriteMultipart, file: File, path: &Path) -> Result<(), SnapshotError> {
    let file = Arc::new(file);
    loop {
        let (file, mut chunk) = (Arc::clone(&file), Vec::with_capacity(CHUNK));
        let read = move || (&*file).take(CHUNK as u64).read_to_end(&mut chunk).map(|_| chunk);
        let chunk = tokio::task::spawn_blocking(read).await.expect("reading does not panic").map_err(at(path))?;
        if chunk.is_empty() {
            return Ok(());
        }
        upload.wait_for_capacity(2).await?;
        upload.put(chunk.into());
    }
}

impl Snapshots {
    pub fn open(settings: &ObjectsSettings) -> Result<Self, SnapshotError> {
        let (objects, root) = settings.open()?;
        Ok(Self { objects: objects.into(), root })
    }

    /// Puts the state as it was last saved there, while saving goes on and as long as it is wanted.
    pub async fn put(
        &self,
        partition: &Partition,
        store: Arc<StateStore>,
        wanted: Wanted,
    ) -> Result<Moved, SnapshotError> {
        let path = partition.folder.with_extension("outgoing");
        let (file, Wanted { wanted, exporting }) = (path.clone(), wanted);
        let watched = wanted.clone();
        let export = move || {
            let exported = export(&store, &file, watched);
            // In this order: then the store is free.
            drop((store, exporting));
            exported
        };
        let (out, moved) = tokio::task::spawn_blocking(export).await.expect("exporting does not panic")?;
        self.send(&self.key(partition, moved.next), out, &path, wanted).await?;
        self.forget_old(partition).await?;
        Ok(moved)
    }

    async fn send(
        &self,
        key: &Key,
        mut file: File,
        path: &Path,
        mut wanted: watch::Receiver<()>,
    ) -> Result<(), SnapshotError> {
        file.rewind().map_err(at(path))?;
        let mut upload = WriteMultipart::new_with_chunk_size(self.objects.put_multipart(key).await?, CHUNK);
        let filled = tokio::select! {
            filled = fill(&mut upload, file, path) => filled,
            _ = wanted.changed() => Err(SnapshotError::Unwanted),
        };
        if let Err(error) = filled {
            // Parts of an upload that never ends stay in a bucket, unseen and paid for.
            upload.abort().await.ok();
            return Err(error);
        }
        upload.finish().await?;
        Ok(())
    }

    /// Takes up the newest snapshot, where it is ahead of what the local disk has; `None` where it is not.
    pub async fn take(&self, partition: &Partition) -> Result<Option<Moved>, SnapshotError> {
        let local = match partition.folder.is_dir() {
            true => StateStore::open(&partition.folder, &partition.stages)?.next_offset()?,
            false => 0,
        };
        let Some((next, key)) = self.list(partition).await?.pop() else { return Ok(None) };
        if next <= local {
            return Ok(None);
        }
        let (path, fresh) = (partition.folder.with_extension("incoming"), partition.folder.with_extension("fresh"));
        self.receive(&key, &path).await?;
        let (stages, folder) = (partition.stages.clone(), partition.folder.clone());
        let import = move || {
            if fresh.is_dir() {
                std::fs::remove_dir_all(&fresh).map_err(at(&fresh))?;
            }
            let file = File::open(&path).map_err(at(&path))?;
            let (next, rows) = StateStore::import(&fresh, &stages, BufReader::new(file))?;
            if folder.is_dir() {
                std::fs::remove_dir_all(&folder).map_err(at(&folder))?;
            }
            std::fs::rename(&fresh, &folder).map_err(at(&folder))?;
            std::fs::remove_file(&path).map_err(at(&path))?;
            Ok(Some(Moved { next, rows }))
        };
        tokio::task::spawn_blocking(import).await.expect("importing does not panic")
    }

    async fn receive(&self, key: &Key, path: &Path) -> Result<(), SnapshotError> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(at(folder))?;
        }
        let mut file = BufWriter::new(File::create(path).map_err(at(path))?);
        let mut bytes = self.objects.get(key).await?.into_stream();
        while let Some(chunk) = bytes.try_next().await? {
            file.write_all(&chunk).map_err(at(path))?;
        }
        file.flush().map_err(at(path))
    }

    async fn forget_old(&self, partition: &Partition) -> Result<(), SnapshotError> {
        let all = self.list(partition).await?;
        let old = all.len().saturating_sub(KEPT);
        for (_, key) in all.into_iter().take(old) {
            self.objects.delete(&key).await?;
        }
        Ok(())
    }

    /// In order of their offsets.
    async fn list(&self, partition: &Partition) -> Result<Vec<(u64, Key)>, SnapshotError> {
        let found: Vec<_> = self.objects.list(Some(&self.folder(partition))).try_collect().await?;
        let offset = |key: &Key| key.filename()?.strip_suffix(ENDING)?.parse().ok();
        let mut found: Vec<(u64, Key)> =
            found.into_iter().filter_map(|object| Some((offset(&object.location)?, object.location))).collect();
        found.sort();
        Ok(found)
    }

    fn key(&self, partition: &Partition, next: u64) -> Key {
        self.folder(partition).join(format!("{next:020}{ENDING}"))
    }

    fn folder(&self, partition: &Partition) -> Key {
        let mut stages = partition.stages.clone();
        stages.sort_unstable();
        let set = Sha256::digest(stages.join("\n"));
        let set: String = set.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let parts = ["state".to_owned(), partition.name.clone(), set, partition.number.to_string()];
        parts.into_iter().fold(self.root.clone(), |key, part| key.join(part))
    }
}
