//! The packages of the models that decided, by hash: kept with the engines of this process, or sealed in the registry.

use std::path::PathBuf;

use weir_scoring::model::Package;
use weir_scoring::registry::Registry;
use weir_scoring::{Content as Files, model_of};

use crate::engines::UNFINISHED;

/// Where packages are looked for.
pub(super) struct Packages {
    engines: PathBuf,
    registry: Option<Registry>,
}

impl Packages {
    pub(super) const fn new(engines: PathBuf, registry: Option<Registry>) -> Self {
        Self { engines, registry }
    }

    /// `None` where it is in neither: its decisions are counted, and have nothing to be held against.
    pub(super) async fn find(&self, named: Option<(&str, u32)>, hash: &str) -> Option<Package> {
        let found = match self.kept(hash) {
            Some(files) => Some(files),
            None => self.sealed(named?).await,
        };
        Package::of(&found.filter(|files| files.hash() == hash)?).ok()
    }

    fn kept(&self, hash: &str) -> Option<Files> {
        let mut engines = std::fs::read_dir(&self.engines).ok()?.flatten();
        let of_it = |name: &str| model_of(name) == hash && !name.ends_with(UNFINISHED);
        let engine = engines.find(|engine| of_it(&engine.file_name().to_string_lossy()))?;
        Files::read_model(&engine.path().join("model")).ok()
    }

    async fn sealed(&self, (name, version): (&str, u32)) -> Option<Files> {
        let registry = self.registry.as_ref()?;
        registry.package(&registry.seal(name, version).await.ok()?).await.ok()
    }
}
