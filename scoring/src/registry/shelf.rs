//! Where the registry lies: files that are written once. A folder or a bucket; what the files mean is not known there.

use std::fmt::Debug;

#[derive(Debug, thiserror::Error)]
#[error("the registry cannot be reached: {file}")]
pub struct ShelfError {
    pub file: String,
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

/// A file is there whole or not at all, and stays as it is. Names have `/` between folders.
#[async_trait::async_trait]
pub trait Shelf: Send + Sync + Debug {
    /// Whether it was written: of many who write one name at the same moment one did, and nothing that is there is written
    /// over. Once written it outlives a power cut.
    async fn create(&self, name: &str, bytes: Vec<u8>) -> Result<bool, ShelfError>;

    async fn get(&self, name: &str) -> Result<Option<Vec<u8>>, ShelfError>;

    /// Names that begin with `folder`, which is empty or ends with `/`, in order.
    async fn list(&self, folder: &str) -> Result<Vec<String>, ShelfError>;
}
