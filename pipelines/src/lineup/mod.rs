//! Who decides in this process: the model of a folder from start to end, or what the registry's moves say, followed while
//! decisions are made.

mod shelf;
mod source;
mod watch;

use std::sync::Arc;

use tokio::task::JoinHandle;
use weir_ingest::state::SnapshotError;
use weir_scoring::registry::{Registry, RegistryError};
use weir_scoring::{Content as Files, ContentError as FilesError, CurrentLineup, EngineError, Lineup};

use crate::config::{Config, ConfigError, ModelSource, Models};
use crate::content::Content;
use crate::engines::{Engines, EnginesError};
use crate::fold::Surroundings;
use source::Source;
use watch::Watch;

#[derive(Debug, thiserror::Error)]
pub(crate) enum LineupError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("content.model")]
    Files(#[from] FilesError),
    #[error("content")]
    Engine(#[from] EngineError),
    #[error("the engines kept for old decisions")]
    Engines(#[from] EnginesError),
    #[error("the registry cannot be opened")]
    Objects(#[from] SnapshotError),
    #[error("content.model")]
    Registry(#[from] RegistryError),
    #[error("content.model: {name} has no champion in the registry: `weir models promote {name} VERSION` makes one")]
    NoChampion { name: String },
    #[error("proving it panicked")]
    Panicked(#[source] tokio::task::JoinError),
    #[error("{name} version {version}: a move names package {expected}, and the seal {found}")]
    Differs { name: String, version: u32, expected: String, found: String },
}

/// The lineup, and what follows the registry's moves.
#[derive(Debug)]
pub(crate) struct Deciding {
    pub lineup: Arc<CurrentLineup>,
    watching: Option<JoinHandle<()>>,
}

impl Deciding {
    /// Every engine of it is proven, and kept in `engines`.
    pub(crate) async fn open(
        config: &Config,
        content: &Content,
        engines: &Arc<Engines>,
        around: &Surroundings,
    ) -> Result<Self, LineupError> {
        let name = match &config.content.model {
            ModelSource::Registry(name) => name.clone(),
            ModelSource::Folder(folder) => {
                let model = Files::read_model(folder)?;
                let engine = Arc::new(content.engine(&model)?);
                engines.keep(engine.name(), &model, content)?;
                engines.remember(&engine);
                let lineup = Arc::new(CurrentLineup::new(Lineup::of(Arc::new(engine.timed()))));
                return Ok(Self { lineup, watching: None });
            }
        };
        let registry = registry(models(config)?, None)?;
        let source = Source { registry, name, content: content.clone(), engines: Arc::clone(engines) };
        let (lineup, watch) = Watch::open(source, Arc::clone(&around.vitals)).await?;
        Ok(Self { lineup, watching: Some(tokio::spawn(around.tasks.watch("lineup", watch.run()))) })
    }

    pub(crate) fn close(&self) {
        self.watching.iter().for_each(JoinHandle::abort);
    }
}

/// The section that the registry's commands and `registry:NAME` need.
pub(crate) fn models(config: &Config) -> Result<&Models, ConfigError> {
    let reason = || "expected where the registry is, found no section `[models]`".to_owned();
    config.models.as_ref().ok_or_else(|| ConfigError::Field { field: "models.url", reason: reason() })
}

/// `url` takes the place of the configuration's.
pub(crate) fn registry(models: &Models, url: Option<&str>) -> Result<Registry, LineupError> {
    let shelf = shelf::Objects::open(url.unwrap_or(&models.url), &models.options)?;
    Ok(Registry::new(Arc::new(shelf), &models.keys()?))
}
