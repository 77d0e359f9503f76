//! Files that are written once, in a local folder or a bucket: of many who write one name at the same moment one does. What
//! they mean is their owner's business.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::TryStreamExt;
use object_store::path::Path as Key;
use object_store::{Error, ObjectStore, ObjectStoreExt, PutMode};

use super::{SnapshotError, objects};
use crate::secret::Secret;

#[derive(Debug, Clone)]
pub struct WrittenOnce {
    objects: Arc<dyn ObjectStore>,
    root: Key,
}

impl WrittenOnce {
    /// `section` is where in the configuration `url` and `options` stand.
    pub fn open(section: &'static str, url: &str, options: &BTreeMap<String, Secret>) -> Result<Self, SnapshotError> {
        let (objects, root) = objects::open(section, url, options)?;
        Ok(Self { objects: objects.into(), root })
    }

    /// Whole or not at all; false where the name is taken.
    pub async fn create(&self, name: &str, bytes: Vec<u8>) -> Result<bool, SnapshotError> {
        match self.objects.put_opts(&self.key(name), bytes.into(), PutMode::Create.into()).await {
            Ok(_) => Ok(true),
            Err(Error::AlreadyExists { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    pub async fn get(&self, name: &str) -> Result<Option<Vec<u8>>, SnapshotError> {
        match self.objects.get(&self.key(name)).await {
            Ok(found) => Ok(Some(found.bytes().await?.into())),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// All names under a folder, in order.
    pub async fn list(&self, folder: &str) -> Result<Vec<String>, SnapshotError> {
        let found: Vec<_> = self.objects.list(Some(&self.key(folder))).try_collect().await?;
        let name = |key: &Key| {
            let parts = key.prefix_match(&self.root)?;
            Some(parts.map(|part| part.as_ref().to_owned()).collect::<Vec<_>>().join("/"))
        };
        let mut names: Vec<String> = found.iter().filter_map(|object| name(&object.location)).collect();
        names.sort_unstable();
        Ok(names)
    }

    fn key(&self, name: &str) -> Key {
        name.split('/').filter(|part| !part.is_empty()).fold(self.root.clone(), |key, part| key.join(part))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// What holds in a folder and in a bucket.
    pub(in crate::state) async fn holds(once: WrittenOnce) {
        let write = |number: u8| {
            let once = once.clone();
            tokio::spawn(async move { once.create("a/b/1.json", vec![number; 1_000]).await.unwrap() })
        };
        let writing: Vec<_> = (0..16).map(write).collect();
        let mut won = Vec::new();
        for (number, written) in (0_u8..).zip(writing) {
            won.extend(written.await.unwrap().then_some(number));
        }
        assert_eq!(won.len(), 1, "of many who write one name one does");
        assert_eq!(once.get("a/b/1.json").await.unwrap(), Some(vec![won[0]; 1_000]));
        assert!(!once.create("a/b/1.json", Vec::new()).await.unwrap());
        assert_eq!(once.get("a/b/1.json").await.unwrap(), Some(vec![won[0]; 1_000]), "and it stays as it is");
        assert_eq!(once.get("a/b/2.json").await.unwrap(), None);
        assert!(once.create("a/c.json", Vec::new()).await.unwrap());
        assert_eq!(once.list("").await.unwrap(), ["a/b/1.json", "a/c.json"]);
        assert_eq!(once.list("a/b/").await.unwrap(), ["a/b/1.json"]);
        assert!(once.list("nobody/").await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_file_in_a_folder_is_written_once() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("file://{}/models", folder.path().display());
        holds(WrittenOnce::open("models", &url, &BTreeMap::new()).unwrap()).await;
    }

    #[test]
    fn a_wrong_address_is_named_by_its_section() {
        let error = WrittenOnce::open("models", "nowhere", &BTreeMap::new()).unwrap_err();
        assert!(weir_messages::Causes(&error).to_string().starts_with("models.url: "));
    }
}
