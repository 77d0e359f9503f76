//! Follows the registry's moves. What a move asks for is loaded and proven beside the decisions, and takes its place at once
//! when its champion may decide; until then, and where it may not, what was in force stays. A challenger or shadow that
//! cannot be loaded is left out and tried again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::MissedTickBehavior;
use weir_messages::Causes;
use weir_scoring::CurrentLineup;
use weir_scoring::registry::{Aliases, Move};

use super::LineupError;
use super::source::{LeftOut, Loaded, Source};
use crate::health::Health;
use crate::vitals::Vitals;

/// A promotion is in force within a second. One read that finds nothing costs little.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// What could not be loaded is tried again so often: what was wrong may have been the network.
const RETRY_EVERY: Duration = Duration::from_secs(10);

pub(super) struct Watch {
    source: Source,
    lineup: Arc<CurrentLineup>,
    /// By all moves that were read.
    aliases: Aliases,
    /// Moves whose files are not kept yet: of the start, so that it does not wait for them.
    unkept: Vec<Move>,
    /// When what the moves ask for was tried last and could not be loaded, or not all of it.
    refused: Option<Instant>,
    /// Why the registry does not answer.
    unread: Option<String>,
    /// What of the moves is not in force, and why.
    missing: Option<String>,
    left_out: u32,
    vitals: Arc<Vitals>,
}

impl Watch {
    /// With what the moves there are ask for.
    pub(super) async fn open(source: Source, vitals: Arc<Vitals>) -> Result<(Arc<CurrentLineup>, Self), LineupError> {
        let unkept = source.registry.moves(&source.name, 1).await?;
        let aliases = Aliases::of(&unkept);
        let Loaded { lineup, left_out } = source.lineup(&aliases).await?;
        let lineup = Arc::new(CurrentLineup::new(lineup));
        let mut watch = Self {
            source,
            lineup: Arc::clone(&lineup),
            aliases,
            unkept,
            refused: None,
            unread: None,
            missing: None,
            left_out: 0,
            vitals,
        };
        watch.in_force(&left_out);
        Ok((lineup, watch))
    }

    /// Until the task is aborted.
    pub(super) async fn run(mut self) {
        self.source.keep(&std::mem::take(&mut self.unkept)).await;
        let mut look = tokio::time::interval(LOOK_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            look.tick().await;
            // A gauge that nobody sets leaves the page.
            metrics::gauge!("weir_lineup_moves").set(f64::from(self.aliases.moves));
            metrics::gauge!("weir_lineup_left_out").set(f64::from(self.left_out));
            self.look().await;
        }
    }

    async fn look(&mut self) {
        let moves = match self.source.registry.moves(&self.source.name, self.aliases.moves + 1).await {
            Ok(moves) => moves,
            Err(error) => return self.registry_is_away(&error.into()),
        };
        if self.unread.take().is_some() {
            self.report();
        }
        let again = self.refused.is_some_and(|tried| tried.elapsed() >= RETRY_EVERY);
        if moves.is_empty() && !again {
            return;
        }
        moves.iter().for_each(|one| self.aliases.take(one));
        match self.source.lineup(&self.aliases).await {
            Ok(Loaded { lineup, left_out }) => {
                self.lineup.put(lineup);
                self.in_force(&left_out);
            }
            Err(error) => self.stays(&error),
        }
        self.source.keep(&moves).await;
    }

    /// A new lineup decides, but for who was left out of it.
    fn in_force(&mut self, left_out: &[LeftOut]) {
        let Aliases { champion, challenger, shadows, moves, .. } = &self.aliases;
        let champion = champion.as_ref().map(|version| version.version);
        let challenger = challenger.as_ref().map(|(version, share)| format!("{} for {share}", version.version));
        let shadows: Vec<u32> = shadows.iter().map(|version| version.version).collect();
        tracing::info!(model = self.source.name, moves, champion, challenger, ?shadows, "lineup in force");
        let told: Vec<String> = left_out.iter().map(|one| Causes(one).to_string()).collect();
        self.refused = (!told.is_empty()).then(Instant::now);
        self.missing(left_out.len(), (!told.is_empty()).then(|| told.join("; ")));
    }

    /// The champion may not decide.
    fn stays(&mut self, error: &LineupError) {
        self.refused = Some(Instant::now());
        self.missing(1, Some(format!("the lineup in force stays: {}", Causes(error))));
    }

    fn missing(&mut self, count: usize, missing: Option<String>) {
        self.left_out = u32::try_from(count).unwrap_or(u32::MAX);
        if missing.is_some() {
            metrics::counter!("weir_lineup_failures_total").increment(1);
        }
        // Once a change, and not each time it is tried again.
        if missing.is_some() && missing != self.missing {
            tracing::error!(model = self.source.name, error = missing, "not all that was asked for is in force");
        }
        self.missing = missing;
        self.report();
    }

    fn registry_is_away(&mut self, error: &LineupError) {
        metrics::counter!("weir_lineup_failures_total").increment(1);
        let unread = Some(format!("the lineup in force stays: {}", Causes(error)));
        if self.unread != unread {
            tracing::error!(model = self.source.name, error = unread, "the registry does not answer");
            self.unread = unread;
            self.report();
        }
    }

    fn report(&self) {
        let wrong = self.unread.clone().or_else(|| self.missing.clone());
        self.vitals.report("lineup", wrong.map_or(Health::Ok, Health::Degraded));
    }
}
