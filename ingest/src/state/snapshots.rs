//! Snapshots of partitions' state in an object store, a local folder or an S3 bucket: whoever is given a partition takes
//! up the newest. Its name is the offset it was folded to, so one that an old holder still writes hides no newer one.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};

use futures::TryStreamExt;
use object_store::path::Path as Key;
use object_store::{ObjectStore, ObjectStoreExt, WriteMultipart};
use sha2::{Digest, Sha256};
use tokio::sync::watch;

use super::{ObjectsSettings, StateError, StateStore};

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

/// A snapshot that is being put, as whoever holds the partition has it. Dropped, the snapshot is given up, and the store
/// is free: what reads it has ended. What was uploaded of it is taken back in the background.
#[derive(Debug)]
pub struct Underway {
    wanted: Option<watch::Sender<()>>,
    exporting: mpsc::Receiver<()>,
}

/// The other half of an [`Underway`], for [`Snapshots::put`].
#[derive(Debug)]
pub struct Wanted {
    wanted: watch::Receiver<()>,
    /// Dropped when the store is no longer read.
    exporting: mpsc::Sender<()>,
}

/// Both halves of a snapshot that is to be put.
#[must_use]
pub fn underway() -> (Underway, Wanted) {
    let (wanted, watched) = watch::channel(());
    let (exporting, exported) = mpsc::channel();
    (Underway { wanted: Some(wanted), exporting: exported }, Wanted { wanted: watched, exporting })
}

impl Drop for Underway {
    fn drop(&mut self) {
        self.wanted = None;
        // Nothing is ever sent: it answers when the other half is gone.
        self.exporting.recv().ok();
    }
}

/// Writes as long as somebody wants it.
struct WhileWanted<W> {
    out: W,
    wanted: watch::Receiver<()>,
}

impl<W: Write> Write for WhileWanted<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.wanted.has_changed().is_err() {
            return Err(std::io::Error::other(SnapshotError::Unwanted));
        }
        self.out.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()
    }
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use weir_messages::Change;

    use super::*;

    fn partition(folder: &Path, process: &str) -> Partition {
        let (name, stages) = ("customers".to_owned(), vec!["a".to_owned()]);
        Partition { name, number: 3, stages, folder: folder.join(process).join("3") }
    }

    fn snapshots(folder: &Path) -> Snapshots {
        let url = format!("file://{}/objects", folder.display());
        Snapshots::open(&ObjectsSettings { url, every_seconds: 1, options: BTreeMap::new() }).unwrap()
    }

    fn saved(partition: &Partition, next: u64) -> Arc<StateStore> {
        let store = StateStore::open(&partition.folder, &partition.stages).unwrap();
        let change = Change { key: b"k".to_vec(), value: Some(next.to_string().into_bytes()) };
        store.save(vec![("a".to_owned(), vec![change])], next).unwrap();
        Arc::new(store)
    }

    async fn put(snapshots: &Snapshots, partition: &Partition, store: Arc<StateStore>) -> Result<Moved, SnapshotError> {
        let (_underway, wanted) = underway();
        snapshots.put(partition, store, wanted).await
    }

    fn value(partition: &Partition) -> Vec<u8> {
        let store = StateStore::open(&partition.folder, &partition.stages).unwrap();
        store.reader("a").unwrap().get(&[b"k".to_vec()]).unwrap().remove(0).unwrap()
    }

    #[tokio::test]
    async fn another_process_takes_up_the_newest_snapshot_and_never_an_older_one() {
        let folder = tempfile::tempdir().unwrap();
        let snapshots = snapshots(folder.path());
        let (one, other) = (partition(folder.path(), "one"), partition(folder.path(), "other"));
        assert_eq!(snapshots.take(&other).await.unwrap(), None, "there is none yet");
        for next in [10, 20, 30] {
            assert_eq!(put(&snapshots, &one, saved(&one, next)).await.unwrap(), Moved { next, rows: 1 });
        }
        drop(saved(&other, 15));
        assert_eq!(snapshots.take(&other).await.unwrap(), Some(Moved { next: 30, rows: 1 }));
        assert_eq!(value(&other), b"30");
        // A holder that was frozen writes what it still has; nobody takes that for the newest.
        let stale = partition(folder.path(), "stale");
        put(&snapshots, &stale, saved(&stale, 12)).await.unwrap();
        drop(saved(&other, 40));
        assert_eq!(snapshots.take(&other).await.unwrap(), None, "the local state is ahead");
        assert_eq!(value(&other), b"40");
        assert_eq!(snapshots.list(&one).await.unwrap().len(), KEPT);
        assert_eq!(snapshots.list(&one).await.unwrap().pop().unwrap().0, 30);
    }

    #[tokio::test]
    async fn the_state_of_other_stages_is_never_taken_up() {
        let folder = tempfile::tempdir().unwrap();
        let snapshots = snapshots(folder.path());
        let one = partition(folder.path(), "one");
        put(&snapshots, &one, saved(&one, 10)).await.unwrap();
        let other = Partition { stages: vec!["b".to_owned()], ..partition(folder.path(), "other") };
        assert_eq!(snapshots.take(&other).await.unwrap(), None);
        let other = Partition { number: 4, ..partition(folder.path(), "other") };
        assert_eq!(snapshots.take(&other).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_snapshot_that_is_damaged_leaves_the_local_state_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let snapshots = snapshots(folder.path());
        let (one, other) = (partition(folder.path(), "one"), partition(folder.path(), "other"));
        put(&snapshots, &one, saved(&one, 10)).await.unwrap();
        snapshots.objects.put(&snapshots.key(&one, 11), b"damaged".to_vec().into()).await.unwrap();
        drop(saved(&other, 5));
        assert!(snapshots.take(&other).await.is_err());
        assert_eq!(value(&other), b"5");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_snapshot_that_is_given_up_frees_its_store_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let snapshots = snapshots(folder.path());
        let one = partition(folder.path(), "one");
        let (mut underway, wanted) = underway();
        underway.wanted = None;
        let putting = tokio::spawn({
            let (snapshots, one, store) = (snapshots.clone(), one.clone(), saved(&one, 10));
            async move { snapshots.put(&one, store, wanted).await }
        });
        drop(underway);
        assert_eq!(
            StateStore::open(&one.folder, &one.stages).unwrap().next_offset().unwrap(),
            10,
            "it is free at once"
        );
        assert!(putting.await.unwrap().is_err());
        assert_eq!(snapshots.list(&one).await.unwrap(), []);
        assert!(!one.folder.with_extension("outgoing").exists());
    }
}
