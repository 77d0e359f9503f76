//! The demo's data folder: made anew for every demo, and never over anything that another program put there.

use std::path::{Path, PathBuf};

use super::DemoError;

/// The configuration file; its presence says that the folder is a demo's.
const MARK: &str = "demo.toml";

#[derive(Debug, Clone)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// Empties what an earlier demo left at `path`, or makes it.
    pub(crate) fn prepare(path: &Path) -> Result<Self, DemoError> {
        let file = |error| DemoError::file(path)(error);
        if path.join(MARK).is_file() {
            std::fs::remove_dir_all(path).map_err(file)?;
        } else if path.exists() && std::fs::read_dir(path).map_err(file)?.next().is_some() {
            let found = format!("--data: expected an empty folder or an earlier demo's, found {}", path.display());
            return Err(DemoError::Input(found));
        }
        std::fs::create_dir_all(path).map_err(file)?;
        Ok(Self(std::path::absolute(path).map_err(file)?))
    }

    /// Writes the configuration, readable by its owner alone, as it holds keys.
    pub(crate) fn write_configuration(&self, text: &str) -> Result<PathBuf, DemoError> {
        use std::io::Write;
        use std::os::unix::fs::OpenOptionsExt;
        let path = self.0.join(MARK);
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
        self.0.join("platform")
    }

    /// What the payment channel simulator has paid.
    pub(crate) fn payouts(&self) -> PathBuf {
        self.0.join("payouts.ndjson")
    }

    /// The file on which one `fdatasync` is measured: beside the platform's own, so on the same disk.
    pub(crate) fn probe(&self) -> PathBuf {
        self.0.join("fdatasync.probe")
    }

    pub(crate) fn log(&self, process: &str) -> PathBuf {
        self.0.join(format!("{process}.log"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_earlier_demo_is_replaced_and_nothing_else_is() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("demo");
        Folder::prepare(&path).unwrap().write_configuration("data = 1").unwrap();
        std::fs::write(path.join("left"), "over").unwrap();
        Folder::prepare(&path).unwrap();
        assert!(!path.join("left").exists());

        std::fs::write(path.join("precious"), "keep").unwrap();
        let refused = Folder::prepare(&path).unwrap_err();
        assert!(matches!(refused, DemoError::Input(_)) && path.join("precious").exists());
    }
}
