//! Where objects are, a local folder or an S3 bucket, and the store that is opened there.

use std::collections::BTreeMap;
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::local::LocalFileSystem;
use object_store::path::Path as Key;
use object_store::{ObjectStore, ObjectStoreScheme, RetryConfig};
use serde::{Deserialize, Serialize};
use url::Url;

use super::SnapshotError;
use super::snapshots::at;
use crate::secret::Secret;

/// Whoever was given a partition waits for its snapshot, so a store that is away is told of before the group gives the
/// partition to somebody else.
const RETRIES: usize = 5;
const RETRY_FOR: Duration = Duration::from_secs(20);

/// Where objects are.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectsSettings {
    /// `file:///var/lib/weir/objects` or `s3://bucket/prefix`
    pub url: String,
    /// How often the state of each partition is put there, in seconds.
    #[serde(default = "ObjectsSettings::a_minute")]
    pub every_seconds: u64,
    /// What the object store needs to be told, such as `aws_region` and `aws_secret_access_key`.
    #[serde(default)]
    pub options: BTreeMap<String, Secret>,
}

impl ObjectsSettings {
    const fn a_minute() -> u64 {
        60
    }

    pub(super) fn open(&self) -> Result<(Box<dyn ObjectStore>, Key), SnapshotError> {
        open("objects", &self.url, &self.options)
    }
}

/// The store, and where in it our objects lie; `section` of the configuration says so. A folder is made; nothing is asked
/// of a bucket yet.
pub(super) fn open(
    section: &'static str,
    url: &str,
    options: &BTreeMap<String, Secret>,
) -> Result<(Box<dyn ObjectStore>, Key), SnapshotError> {
    let wrong = |source| SnapshotError::Url { section, source };
    let refused = |error: object_store::Error| wrong(error.into());
    let parsed: Url = url.parse().map_err(|error: url::ParseError| wrong(error.into()))?;
    if let Ok(folder) = parsed.to_file_path() {
        std::fs::create_dir_all(&folder).map_err(at(&folder))?;
    }
    let (scheme, root) = ObjectStoreScheme::parse(&parsed).map_err(|error| refused(error.into()))?;
    if scheme == ObjectStoreScheme::Local {
        return Ok((Box::new(LocalFileSystem::new().with_fsync(true)), root));
    }
    if scheme == ObjectStoreScheme::AmazonS3 {
        return Ok((Box::new(bucket(section, url, options)?.build().map_err(refused)?), root));
    }
    let options = options.iter().map(|(name, value)| (name, value.expose()));
    object_store::parse_url_opts(&parsed, options).map_err(refused)
}

/// An option that is none would otherwise be passed over, and show as a refusal of the bucket's.
fn bucket(
    section: &'static str,
    url: &str,
    options: &BTreeMap<String, Secret>,
) -> Result<AmazonS3Builder, SnapshotError> {
    let retry = RetryConfig { max_retries: RETRIES, retry_timeout: RETRY_FOR, ..RetryConfig::default() };
    let mut bucket = AmazonS3Builder::new().with_url(url).with_retry(retry);
    for (name, value) in options {
        let unknown = |_| SnapshotError::Option { section, name: name.clone() };
        let key: AmazonS3ConfigKey = name.to_ascii_lowercase().parse().map_err(unknown)?;
        bucket = bucket.with_config(key, value.expose());
    }
    Ok(bucket)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        let settings: ObjectsSettings = serde_json::from_str(text).unwrap();
        let shown = format!("{settings:?}{}", serde_json::to_string(&settings).unwrap());
        assert!(!shown.contains("abcabc"), "{shown}");
        weir_messages::Causes(&settings.open().unwrap_err()).to_string()
    }

    #[test]
    fn a_wrong_setting_is_named_and_no_secret_shown() {
        let misspelt = refused(r#"{"url":"s3://b/p","options":{"aws_secret_acess_key":"abcabc"}}"#);
        assert_eq!(
            misspelt,
            "objects.options.aws_secret_acess_key: expected an option of an S3 store, as `aws_region`"
        );
        for url in ["nowhere", "ftp://b/p"] {
            let said = refused(&format!(r#"{{"url":"{url}","options":{{"aws_secret_access_key":"abcabc"}}}}"#));
            assert!(said.starts_with("objects.url: ") && !said.contains("abcabc"), "{said}");
        }
    }
}
