//! Engines from the registry: sealed by a key that is trusted, proven on their golden rows, held against the views, and kept
//! before they decide.

use std::sync::Arc;

use weir_messages::Causes;
use weir_scoring::lineup::Challenger;
use weir_scoring::registry::{Alias, Aliases, Move, Registry, Version};
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

impl Source {
    /// All of it, or the reason of the first that may not decide.
    pub(super) async fn lineup(&self, aliases: &Aliases) -> Result<Lineup, LineupError> {
        let champion = aliases.champion.as_ref();
        let champion = champion.ok_or_else(|| LineupError::NoChampion { name: self.name.clone() })?;
        let mut lineup = Lineup::of(self.timed(champion).await?);
        if let Some((version, share)) = &aliases.challenger {
            lineup.challenger = Some(Challenger { engine: self.timed(version).await?, share: *share });
        }
        for version in &aliases.shadows {
            lineup.shadows.push(self.timed(version).await?);
        }
        Ok(lineup)
    }

    /// Keeps whoever decides or decided by these moves, in whichever process: decisions are run again here too.
    pub(super) async fn keep(&self, moves: &[Move]) {
        let decides = moves.iter().filter(|one| one.alias != Alias::Shadow);
        for version in decides.filter_map(|one| one.to.as_ref()) {
            if self.engines.is_kept(&self.engine_name(version)) {
                continue;
            }
            if let Err(error) = self.engine(version).await {
                let (name, version) = (&self.name, version.version);
                tracing::warn!(name, version, error = %Causes(&error), "its decisions cannot be run again here");
            }
        }
    }

    async fn timed(&self, version: &Version) -> Result<Arc<Engine>, LineupError> {
        Ok(Arc::new(self.engine(version).await?.timed()))
    }

    /// The seal is asked for each time: a key that is trusted no more has sealed nothing.
    async fn engine(&self, version: &Version) -> Result<Arc<Engine>, LineupError> {
        let seal = self.registry.seal(&self.name, version.version).await?;
        if seal.id() != *version {
            let (name, expected, found) = (self.name.clone(), version.hash.clone(), seal.hash);
            return Err(LineupError::Differs { name, version: version.version, expected, found });
        }
        if let Some(engine) = self.engines.loaded(&self.engine_name(version)) {
            engine.fits(self.content.views.columns())?;
            return Ok(engine);
        }
        let model = self.registry.package(&seal).await?;
        let (content, engines) = (self.content.clone(), Arc::clone(&self.engines));
        let prove = move || {
            let engine = Arc::new(content.engine(&model)?);
            engines.keep(&engine, &model, &content)?;
            Ok::<_, LineupError>(engine)
        };
        tokio::task::spawn_blocking(prove).await.expect("proving does not panic")
    }

    fn engine_name(&self, version: &Version) -> String {
        weir_scoring::engine_name(&version.hash, self.content.policy.hash())
    }
}
