//! Engines from the registry: sealed by a key that is trusted, proven on their golden rows, held against the views, and kept
//! before they decide.

use std::sync::Arc;

use tokio::task::spawn_blocking;
use weir_messages::Causes;
use weir_scoring::lineup::Challenger;
use weir_scoring::registry::{Alias, Aliases, Move, Registry, Seal, Version};
use weir_scoring::{Engine, Lineup};

use super::LineupError;
use crate::content::Content;
use crate::engines::Engines;

#[derive(Debug, Clone)]
pub(super) struct Source {
    pub registry: Registry,
    pub name: String,
    pub content: Content,
    pub engines: Arc<Engines>,
}

/// A lineup as far as it could be loaded. Whoever is not in it is left out: the champion decides for a challenger's
/// customers too, and a shadow is not asked.
#[derive(Debug)]
pub(super) struct Loaded {
    pub lineup: Lineup,
    pub left_out: Vec<LeftOut>,
}

/// A challenger or a shadow that cannot be loaded.
#[derive(Debug, thiserror::Error)]
#[error("{} {version} is left out", alias.name())]
pub(super) struct LeftOut {
    alias: Alias,
    version: u32,
    source: LineupError,
}

impl Source {
    /// An error where the champion may not decide.
    pub(super) async fn lineup(&self, aliases: &Aliases) -> Result<Loaded, LineupError> {
        let champion = aliases.champion.as_ref();
        let champion = champion.ok_or_else(|| LineupError::NoChampion { name: self.name.clone() })?;
        let (mut lineup, mut left_out) = (Lineup::of(self.timed(champion).await?), Vec::new());
        let leave_out = |alias, version: &Version, source| LeftOut { alias, version: version.version, source };
        if let Some((version, share)) = &aliases.challenger {
            match self.timed(version).await {
                Ok(engine) => lineup.challenger = Some(Challenger { engine, share: *share }),
                Err(error) => left_out.push(leave_out(Alias::Challenger, version, error)),
            }
        }
        for version in &aliases.shadows {
            match self.timed(version).await {
                Ok(engine) => lineup.shadows.push(engine),
                Err(error) => left_out.push(leave_out(Alias::Shadow, version, error)),
            }
        }
        Ok(Loaded { lineup, left_out })
    }

    /// Keeps the files of whoever decides or decided by these moves, in whichever process: decisions are run again here
    /// too. They are proven when that is asked for.
    pub(super) async fn keep(&self, moves: &[Move]) {
        let decides = moves.iter().filter(|one| one.alias != Alias::Shadow);
        for version in decides.filter_map(|one| one.to.as_ref()) {
            if let Err(error) = self.keep_files(version).await {
                let (name, version) = (&self.name, version.version);
                tracing::warn!(name, version, error = %Causes(&error), "its decisions cannot be run again here");
            }
        }
    }

    async fn keep_files(&self, version: &Version) -> Result<(), LineupError> {
        let name = self.engine_name(version);
        if self.engines.is_kept(&name) {
            return Ok(());
        }
        let model = self.registry.package(&self.seal(version).await?).await?;
        let (engines, content) = (Arc::clone(&self.engines), self.content.clone());
        Ok(spawn_blocking(move || engines.keep(&name, &model, &content)).await.map_err(LineupError::Panicked)??)
    }

    async fn timed(&self, version: &Version) -> Result<Arc<Engine>, LineupError> {
        Ok(Arc::new(self.engine(version).await?.timed()))
    }

    /// The seal is asked for each time: a key that is trusted no more has sealed nothing.
    async fn engine(&self, version: &Version) -> Result<Arc<Engine>, LineupError> {
        let seal = self.seal(version).await?;
        if let Some(engine) = self.engines.loaded(&self.engine_name(version)) {
            engine.fits(&self.content.columns)?;
            return Ok(engine);
        }
        let model = self.registry.package(&seal).await?;
        let (content, engines) = (self.content.clone(), Arc::clone(&self.engines));
        let prove = move || {
            let engine = Arc::new(content.engine(&model)?);
            engines.keep(engine.name(), &model, &content)?;
            engines.remember(&engine);
            Ok(engine)
        };
        // A package whose proof panics may not decide.
        spawn_blocking(prove).await.map_err(LineupError::Panicked)?
    }

    async fn seal(&self, version: &Version) -> Result<Seal, LineupError> {
        let seal = self.registry.seal(&self.name, version.version).await?;
        if seal.id() == *version {
            return Ok(seal);
        }
        let (name, expected, found) = (self.name.clone(), version.hash.clone(), seal.hash);
        Err(LineupError::Differs { name, version: version.version, expected, found })
    }

    fn engine_name(&self, version: &Version) -> String {
        weir_scoring::engine_name(&version.hash, self.content.policy.hash())
    }
}
