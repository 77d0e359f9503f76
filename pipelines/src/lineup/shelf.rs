//! The registry's shelf in the object store: a local folder or a bucket.

use std::collections::BTreeMap;

use weir_ingest::secret::Secret;
use weir_ingest::state::{SnapshotError, WrittenOnce};
use weir_scoring::registry::{Shelf, ShelfError};

#[derive(Debug)]
pub(super) struct Objects(WrittenOnce);

impl Objects {
    pub(super) fn open(url: &str, options: &BTreeMap<String, Secret>) -> Result<Self, SnapshotError> {
        WrittenOnce::open("models", url, options).map(Self)
    }
}

fn failed(file: &str) -> impl FnOnce(SnapshotError) -> ShelfError + '_ {
    move |error| ShelfError { file: file.to_owned(), source: Box::new(error) }
}

#[async_trait::async_trait]
impl Shelf for Objects {
    async fn create(&self, name: &str, bytes: Vec<u8>) -> Result<bool, ShelfError> {
        self.0.create(name, bytes).await.map_err(failed(name))
    }

    async fn get(&self, name: &str) -> Result<Option<Vec<u8>>, ShelfError> {
        self.0.get(name).await.map_err(failed(name))
    }

    async fn list(&self, folder: &str) -> Result<Vec<String>, ShelfError> {
        self.0.list(folder).await.map_err(failed(folder))
    }
}
