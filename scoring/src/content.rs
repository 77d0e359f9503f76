//! The files of a package, read whole: named, hashed, and written elsewhere unchanged. What they mean is not known here.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use sha2::{Digest, Sha256};

/// What a model package is made of; what else lies in the folder (card, training script) is no part of it.
pub(crate) const MODEL_FILES: [&str; 3] = ["model.toml", "model.onnx", "golden.jsonl"];
/// Part of the package where they are there: what the model was made on, and what ONNX Runtime answers at its edges.
pub(crate) const OPTIONAL_FILES: [&str; 2] = [REFERENCE, EDGES];
pub(crate) const REFERENCE: &str = "reference.json";
pub(crate) const EDGES: &str = "edges.jsonl";
const POLICY_FILE: &str = "policy.toml";
const LISTS: &str = "lists";

#[derive(Debug, thiserror::Error)]
pub enum ContentError {
    #[error("{file} cannot be read")]
    Read { file: String, source: io::Error },
    #[error("{file} cannot be written")]
    Write { file: String, source: io::Error },
    #[error("{file}: expected UTF-8 text")]
    NotText { file: String },
    #[error("expected a file `{file}`, found none")]
    Absent { file: String },
}

/// File name (with `/` between folders) to bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content(BTreeMap<String, Vec<u8>>);

impl Content {
    pub fn read_model(folder: &Path) -> Result<Self, ContentError> {
        let optional = OPTIONAL_FILES.into_iter().filter(|name| folder.join(name).exists());
        let files: Vec<_> = MODEL_FILES.into_iter().chain(optional).map(|name| (name, name)).collect();
        Self::read(folder, &files)
    }

    /// Files by the name they have here, each from where it lies in the folder.
    pub(crate) fn read(folder: &Path, files: &[(&str, &str)]) -> Result<Self, ContentError> {
        files
            .iter()
            .map(|(name, place)| Ok(((*name).to_owned(), read(folder, place)?)))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// These files and those.
    #[must_use]
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Names and bytes.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice()))
    }

    pub(crate) fn of_model(files: impl IntoIterator<Item = (&'static str, Vec<u8>)>) -> Self {
        Self(files.into_iter().map(|(name, bytes)| (name.to_owned(), bytes)).collect())
    }

    /// `policy.toml` and every `lists/*.csv`.
    pub fn read_policy(folder: &Path) -> Result<Self, ContentError> {
        let mut files = BTreeMap::from([(POLICY_FILE.to_owned(), read(folder, POLICY_FILE)?)]);
        let unread = |source| ContentError::Read { file: LISTS.to_owned(), source };
        let lists = folder.join(LISTS);
        if lists.is_dir() {
            for entry in std::fs::read_dir(&lists).map_err(unread)? {
                let name = entry.map_err(unread)?.file_name().to_string_lossy().into_owned();
                if name.ends_with(".csv") {
                    let name = format!("{LISTS}/{name}");
                    files.insert(name.clone(), read(folder, &name)?);
                }
            }
        }
        Ok(Self(files))
    }

    /// The same with one file put in place of another, or added.
    #[must_use]
    pub fn with(mut self, name: &str, bytes: Vec<u8>) -> Self {
        self.0.insert(name.to_owned(), bytes);
        self
    }

    #[cfg(test)]
    #[must_use]
    pub(crate) fn without(mut self, start: &str) -> Self {
        self.0.retain(|name, _| !name.starts_with(start));
        self
    }

    pub fn bytes(&self, name: &str) -> Result<&[u8], ContentError> {
        self.0.get(name).map(Vec::as_slice).ok_or_else(|| ContentError::Absent { file: name.to_owned() })
    }

    pub fn text(&self, name: &str) -> Result<&str, ContentError> {
        std::str::from_utf8(self.bytes(name)?).map_err(|_| ContentError::NotText { file: name.to_owned() })
    }

    /// Names of the lists, without folder and ending.
    pub fn lists(&self) -> impl Iterator<Item = &str> {
        self.0.keys().filter_map(|name| name.strip_prefix("lists/")?.strip_suffix(".csv"))
    }

    /// SHA-256, in hex, over one line `<SHA-256 of the file> <name>` for each file in order of name: what
    /// `sha256sum` prints, less one of its two spaces.
    #[must_use]
    pub fn hash(&self) -> String {
        let lines: String = self.0.iter().map(|(name, bytes)| format!("{} {name}\n", sha256(bytes))).collect();
        sha256(lines.as_bytes())
    }

    /// Writes every file under `folder`, which must not exist yet, durably.
    pub fn write(&self, folder: &Path) -> Result<(), ContentError> {
        for (name, bytes) in &self.0 {
            let unwritten = |source| ContentError::Write { file: name.clone(), source };
            let path = folder.join(name);
            std::fs::create_dir_all(path.parent().unwrap_or(folder)).map_err(unwritten)?;
            let file = std::fs::File::create_new(&path).map_err(unwritten)?;
            io::Write::write_all(&mut &file, bytes).and_then(|()| file.sync_all()).map_err(unwritten)?;
        }
        Ok(())
    }
}

fn read(folder: &Path, name: &str) -> Result<Vec<u8>, ContentError> {
    let path = folder.join(name);
    // What is no file may never end.
    let is_file = std::fs::metadata(&path).and_then(|found| match found.is_file() {
        true => Ok(()),
        false => Err(io::Error::other("expected a file, found something else")),
    });
    is_file.and_then(|()| std::fs::read(path)).map_err(|source| ContentError::Read { file: name.to_owned(), source })
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
