//! A snapshot that is being put can be given up, by whoever needs its store closed.

use std::io::Write;
use std::sync::mpsc;

use tokio::sync::watch;

use super::SnapshotError;

/// A snapshot that is being put, as whoever holds the partition has it. Dropped, the snapshot is given up, and the store
/// is free: what reads it has ended. What was uploaded of it is taken back in the background.
#[derive(Debug)]
pub struct Underway {
    pub(super) wanted: Option<watch::Sender<()>>,
    exporting: mpsc::Receiver<()>,
}

/// The other half of an [`Underway`], for [`super::Snapshots::put`].
#[derive(Debug)]
pub struct Wanted {
    pub(super) wanted: watch::Receiver<()>,
    /// Dropped when the store is no longer read.
    pub(super) exporting: mpsc::Sender<()>,
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
pub(super) struct WhileWanted<W> {
    pub(super) out: W,
    pub(super) wanted: watch::Receiver<()>,
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
