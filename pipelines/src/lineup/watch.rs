//! Follows the registry's moves. What a move asks for is loaded and proven beside the decisions, and takes its place at once
//! when all of it may decide; until then, and where it may not, what was in force stays.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::MissedTickBehavior;
use weir_messages::Causes;
use weir_scoring::CurrentLineup;
use weir_scoring::registry::Aliases;

use super::LineupError;
use super::source::Source;

/// A promotion is in force within a second. One read that finds nothing costs little.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// A lineup that could not be loaded is tried again so often: what was wrong may have been the network.
const RETRY_EVERY: Duration = Duration::from_secs(10);

pub(super) struct Watch {
    source: Source,
    lineup: Arc<CurrentLineup>,
    /// By all moves that were read.
    aliases: Aliases,
    /// When what they ask for was tried last and could not be loaded.
    refused: Option<Instant>,
    /// What was told last of what is wrong, so that it is told once.
    told: Option<String>,
}

impl Watch {
    /// With what the moves there are ask for.
    pub(super) async fn open(source: Source) -> Result<(Arc<CurrentLineup>, Self), LineupError> {
        let moves = source.registry.moves(&source.name, 1).await?;
        let aliases = Aliases::of(&moves);
        let lineup = Arc::new(CurrentLineup::new(source.lineup(&aliases).await?));
        source.keep(&moves).await;
        let watch = Self { source, lineup: Arc::clone(&lineup), aliases, refused: None, told: None };
        watch.tell();
        Ok((lineup, watch))
    }

    /// Until the task is aborted.
    pub(super) async fn run(mut self) {
        let mut look = tokio::time::interval(LOOK_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            look.tick().await;
            match self.look().await {
                Ok(()) => self.told = None,
                Err(error) => self.complain(&error),
            }
        }
    }

    async fn look(&mut self) -> Result<(), LineupError> {
        let moves = self.source.registry.moves(&self.source.name, self.aliases.moves + 1).await?;
        let again = self.refused.is_some_and(|tried| tried.elapsed() >= RETRY_EVERY);
        if moves.is_empty() && !again {
            return Ok(());
        }
        moves.iter().for_each(|one| self.aliases.take(one));
        self.refused = Some(Instant::now());
        self.source.keep(&moves).await;
        self.lineup.put(self.source.lineup(&self.aliases).await?);
        self.refused = None;
        self.tell();
        Ok(())
    }

    fn tell(&self) {
        let Aliases { champion, challenger, shadows, moves, .. } = &self.aliases;
        let (champion, challenger) = (champion.as_ref(), challenger.as_ref());
        let champion = champion.map(|version| version.version);
        let challenger = challenger.map(|(version, share)| format!("{} for {share}", version.version));
        let shadows: Vec<u32> = shadows.iter().map(|version| version.version).collect();
        metrics::gauge!("weir_lineup_moves").set(f64::from(*moves));
        tracing::info!(model = self.source.name, moves, champion, challenger, ?shadows, "lineup in force");
    }

    fn complain(&mut self, error: &LineupError) {
        metrics::counter!("weir_lineup_failures_total").increment(1);
        let error = Causes(error).to_string();
        if self.told.as_ref() != Some(&error) {
            tracing::error!(model = self.source.name, error, "the lineup in force stays");
            self.told = Some(error);
        }
    }
}
