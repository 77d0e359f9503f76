//! The demo's data folder: made anew for every demo, and never over anything that another program put there.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use super::DemoError;

/// Its presence says that the folder is a demo's, and its lock that the demo runs.
const MARK: &str = "demo.lock";

#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    /// Held while the demo runs, so that no other takes the folder away from under it.
    _lock: File,
}

impl Folder {
    /// Empties what an earlier demo left at `path`, or makes it. Refused while that demo still runs.
    pub(crate) fn prepare(path: &Path) -> Result<Self, DemoError> {
        let file = |error| DemoError::file(path)(error);
        if path.join(MARK).is_file() {
            drop(locked(&path.join(MARK))?);
            std::fs::remove_dir_all(path).map_err(file)?;
        } else if path.exists() && std::fs::read_dir(path).map_err(file)?.next().is_some() {
            let found = format!("--data: expected an empty folder or an earlier demo's, found {}", path.display());
            return Err(DemoError::Input(found));
        }
        std::fs::create_dir_all(path).map_err(file)?;
        let path = std::path::absolute(path).map_err(file)?;
        let lock = locked(&path.join(MARK))?;
        Ok(Self { path, _lock: lock })
    }

    /// Writes the configuration, readable by its owner alone, as it holds keys.
    pub(crate) fn write_configuration(&self, text: &str) -> Result<PathBuf, DemoError> {
        use std::io::Write;
        use std::os::unix::fs::OpenOptionsExt;
        let path = self.path.join("demo.toml");
        let written = std::fs::OpenOptions::new()
            .create_new(true)
            .write(true)
            .mode(0o600)
            .open(&path)
            .and_then(|mut file| file.write_all(text.as_bytes()));
        written.map_err(DemoError::file(&path))?;
        Ok(path)
    }

    /// Log, state, database and archive of the platform.
    pub(crate) fn platform(&self) -> PathBuf {
        self.path.join("platform")
    }

    /// What the payment channel simulator has paid.
    pub(crate) fn payouts(&self) -> PathBuf {
        self.path.join("payouts.ndjson")
    }

    /// The file on which one `fdatasync` is measured: beside the platform's own, so on the same disk.
    pub(crate) fn probe(&self) -> PathBuf {
        self.path.join("fdatasync.probe")
    }

    pub(crate) fn log(&self, process: &str) -> PathBuf {
        self.path.join(format!("{process}.log"))
    }
}

fn locked(path: &Path) -> Result<File, DemoError> {
    let file = File::create(path).map_err(DemoError::file(path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(DemoError::Input(format!("--data: expected a free folder, found one in use: {}", path.display())))
        }
        Err(TryLockError::Error(error)) => Err(DemoError::file(path)(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_earlier_demo_is_replaced_and_nothing_else_is() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("demo");
        Folder::prepare(&path).unwrap();
        std::fs::write(path.join("left"), "over").unwrap();
        Folder::prepare(&path).unwrap();
        assert!(!path.join("left").exists());

        let running = Folder::prepare(&path).unwrap();
        assert!(matches!(Folder::prepare(&path).unwrap_err(), DemoError::Input(_)), "it is in use");
        drop(running);

        std::fs::remove_file(path.join(MARK)).unwrap();
        std::fs::write(path.join("precious"), "keep").unwrap();
        let refused = Folder::prepare(&path).unwrap_err();
        assert!(matches!(refused, DemoError::Input(_)) && path.join("precious").exists());
    }
}
