//! Moves of aliases: who made which version champion, challenger or shadow, when and why. They are only ever added to, so
//! their list is the audit trail, and what stands now is its fold.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use weir_messages::KnownTime;

use super::Version;
use crate::lineup::Share;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Alias {
    /// Decides.
    Champion,
    /// Decides for a share of the customers.
    Challenger,
    /// Is asked and has no say; there may be several.
    Shadow,
}

impl Alias {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Champion => "champion",
            Self::Challenger => "challenger",
            Self::Shadow => "shadow",
        }
    }
}

/// One move, as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move {
    pub alias: Alias,
    /// Who bears it now; nobody where it is taken away.
    pub to: Option<Version>,
    /// Of a challenger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<Share>,
    /// Who bore it before.
    pub previous: Option<Version>,
    #[serde(flatten)]
    pub author: Author,
}

/// Who, when and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Author {
    pub who: String,
    pub at: KnownTime,
    pub why: String,
}

/// What somebody wants to change. A version is of a seal that was found good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    Promote(Version),
    /// The champion is again who it was before the last move of that alias.
    Rollback,
    Challenge(Version, Share),
    EndChallenge,
    Shadow(Version),
    Unshadow(Version),
}

/// Why an order does not stand.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("version {version} is {alias} already")]
    Already { version: u32, alias: &'static str },
    #[error("there is no champion to roll back from, or none before it")]
    NothingBefore,
    #[error("there is no challenger")]
    NoChallenger,
    #[error("there is no champion for version {version} to stand beside")]
    NoChampion { version: u32 },
    #[error("version {version} is no shadow")]
    NoShadow { version: u32 },
}

/// What stands after some moves.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Aliases {
    pub champion: Option<Version>,
    pub challenger: Option<(Version, Share)>,
    pub shadows: BTreeSet<Version>,
    /// Who was champion before the last move of that alias.
    pub before: Option<Version>,
    pub moves: u32,
}

impl Aliases {
    #[must_use]
    pub fn of(moves: &[Move]) -> Self {
        let mut aliases = Self::default();
        moves.iter().for_each(|one| aliases.take(one));
        aliases
    }

    pub fn take(&mut self, one: &Move) {
        self.moves += 1;
        match one.alias {
            Alias::Champion => {
                (self.before, self.champion) = (one.previous.clone(), one.to.clone());
                // Who decides for all challenges nobody, and needs no second look.
                self.challenger.take_if(|(version, _)| one.to.as_ref() == Some(&*version));
                self.shadows.retain(|version| one.to.as_ref() != Some(version));
            }
            Alias::Challenger => self.challenger = one.to.clone().zip(one.share),
            Alias::Shadow => {
                self.shadows.retain(|version| one.previous.as_ref() != Some(version));
                self.shadows.extend(one.to.clone());
            }
        }
    }

    /// The move that an order asks for.
    pub fn next(&self, order: Order, author: Author) -> Result<Move, Refusal> {
        let champion = self.champion.as_ref();
        let (alias, to, share, previous) = match order {
            Order::Promote(version) if champion == Some(&version) => return Err(already(&version, "champion")),
            Order::Promote(version) => (Alias::Champion, Some(version), None, self.champion.clone()),
            Order::Rollback => {
                let before = self.before.clone().ok_or(Refusal::NothingBefore)?;
                (Alias::Champion, Some(before), None, self.champion.clone())
            }
            Order::Challenge(version, _) | Order::Shadow(version) if champion.is_none() => {
                return Err(Refusal::NoChampion { version: version.version });
            }
            Order::Challenge(version, _) | Order::Shadow(version) if champion == Some(&version) => {
                return Err(already(&version, "champion"));
            }
            Order::Challenge(version, share) => {
                let previous = self.challenger.clone().map(|(version, _)| version);
                (Alias::Challenger, Some(version), Some(share), previous)
            }
            Order::EndChallenge => {
                let (previous, _) = self.challenger.clone().ok_or(Refusal::NoChallenger)?;
                (Alias::Challenger, None, None, Some(previous))
            }
            Order::Shadow(version) if self.shadows.contains(&version) => return Err(already(&version, "a shadow")),
            Order::Shadow(version) => (Alias::Shadow, Some(version), None, None),
            Order::Unshadow(version) if self.shadows.contains(&version) => (Alias::Shadow, None, None, Some(version)),
            Order::Unshadow(Version { version, .. }) => return Err(Refusal::NoShadow { version }),
        };
        Ok(Move { alias, to, share, previous, author })
    }

    /// What `version` is now: champion, challenger or shadow.
    #[must_use]
    pub fn named(&self, version: &Version) -> Vec<String> {
        let champion = (self.champion.as_ref() == Some(version)).then(|| "champion".to_owned());
        let challenger = self.challenger.as_ref().filter(|(challenger, _)| challenger == version);
        let challenger = challenger.map(|(_, share)| format!("challenger of {share}"));
        let shadow = self.shadows.contains(version).then(|| "shadow".to_owned());
        champion.into_iter().chain(challenger).chain(shadow).collect()
    }
}

const fn already(version: &Version, alias: &'static str) -> Refusal {
    Refusal::Already { version: version.version, alias }
}
