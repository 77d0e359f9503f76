//! A shelf in memory, for tests.

use std::collections::BTreeMap;
use std::sync::Mutex;

use super::{Shelf, ShelfError};

#[derive(Debug, Default)]
pub(super) struct MemoryShelf(Mutex<BTreeMap<String, Vec<u8>>>);

impl MemoryShelf {
    /// What no shelf lets anybody do: for tampering.
    pub(super) fn overwrite(&self, name: &str, change: impl FnOnce(Vec<u8>) -> Option<Vec<u8>>) {
        let mut files = self.0.lock().unwrap();
        let before = files.remove(name).expect("there is such a file");
        if let Some(after) = change(before) {
            files.insert(name.to_owned(), after);
        }
    }
}

#[async_trait::async_trait]
impl Shelf for MemoryShelf {
    async fn create(&self, name: &str, bytes: Vec<u8>) -> Result<bool, ShelfError> {
        let mut files = self.0.lock().unwrap();
        let is_new = !files.contains_key(name);
        files.entry(name.to_owned()).or_insert(bytes);
        Ok(is_new)
    }

    async fn get(&self, name: &str) -> Result<Option<Vec<u8>>, ShelfError> {
        Ok(self.0.lock().unwrap().get(name).cloned())
    }

    async fn list(&self, folder: &str) -> Result<Vec<String>, ShelfError> {
        Ok(self.0.lock().unwrap().keys().filter(|name| name.starts_with(folder)).cloned().collect())
    }
}
