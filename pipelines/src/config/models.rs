//! Where models come from: a package's folder, or a name in the registry, whose versions are sealed by keys named here.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use weir_scoring::registry::TrustedKey;

use super::{ConfigError, Secret, field};

const REGISTRY: &str = "registry:";

/// `content.model`: a folder, or `registry:NAME`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum ModelSource {
    Folder(PathBuf),
    Registry(String),
}

impl ModelSource {
    pub(super) fn resolve_path(&mut self, folder: &Path) {
        if let Self::Folder(path) = self
            && path.is_relative()
        {
            *path = folder.join(&path);
        }
    }
}

impl From<String> for ModelSource {
    fn from(text: String) -> Self {
        match text.strip_prefix(REGISTRY) {
            Some(name) => Self::Registry(name.to_owned()),
            None => Self::Folder(text.into()),
        }
    }
}

impl From<ModelSource> for String {
    fn from(source: ModelSource) -> Self {
        source.to_string()
    }
}

impl fmt::Display for ModelSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => path.display().fmt(f),
            Self::Registry(name) => write!(f, "{REGISTRY}{name}"),
        }
    }
}

/// The registry.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Models {
    /// `file:///var/lib/weir/models` or `s3://bucket/prefix`
    pub url: String,
    /// Public keys, in hex, as `weir models keygen` prints them: a version that no one of them sealed is refused.
    pub trusted: Vec<String>,
    /// What the object store needs to be told, such as `aws_region` and `aws_secret_access_key`.
    #[serde(default)]
    pub options: BTreeMap<String, Secret>,
}

impl Models {
    pub(crate) fn keys(&self) -> Result<Vec<TrustedKey>, ConfigError> {
        let key = |text: &String| text.parse().map_err(|error: weir_scoring::registry::KeyError| error.to_string());
        let keys = self.trusted.iter().map(key).collect::<Result<Vec<TrustedKey>, String>>();
        match keys.map_err(|reason| field("models.trusted", reason))? {
            keys if keys.is_empty() => Err(field("models.trusted", "expected at least one public key, found none")),
            keys => Ok(keys),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Models {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn a_model_is_a_folder_or_a_name_in_the_registry() {
        for (text, source) in [
            ("models/german_credit", ModelSource::Folder("models/german_credit".into())),
            ("registry:german_credit", ModelSource::Registry("german_credit".to_owned())),
        ] {
            let read: ModelSource = serde_json::from_value(text.into()).unwrap();
            assert_eq!((read.to_string().as_str(), read), (text, source));
        }
    }

    #[test]
    fn a_registry_trusts_somebody_and_a_wrong_key_is_named() {
        for (trusted, said) in [("[]", "found none"), ("['abcabc']", "64 hex digits")] {
            let error = read(&format!("url = 'file:///m'\ntrusted = {trusted}")).keys().unwrap_err().to_string();
            assert!(error.starts_with("models.trusted: ") && error.contains(said), "{error}");
        }
        let key = "19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1";
        assert_eq!(read(&format!("url = 'file:///m'\ntrusted = ['{key}']")).keys().unwrap()[0].to_string(), key);
    }
}
