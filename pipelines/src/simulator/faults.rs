//! What goes wrong, and how often: `late=20,never=10,seed=7` makes 20 of 1,000 orders late and 10 unanswered.

use std::str::FromStr;
use std::sync::Mutex;

/// What goes wrong with one order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// Pays at once and answers after the client has given up.
    Late,
    /// Pays and never answers.
    PaidUnanswered,
    /// Neither pays nor answers.
    Unpaid,
    /// The network delivers the order twice.
    Twice,
    /// Answers 500 without having paid.
    ErrorBefore,
    /// Pays, then answers 500.
    ErrorAfter,
    /// Declines the card: this order is never paid.
    Declined,
}

impl Fault {
    pub const ALL: [Self; 7] = [
        Self::Late,
        Self::PaidUnanswered,
        Self::Unpaid,
        Self::Twice,
        Self::ErrorBefore,
        Self::ErrorAfter,
        Self::Declined,
    ];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Late => "late",
            Self::PaidUnanswered => "paid-unanswered",
            Self::Unpaid => "unpaid",
            Self::Twice => "twice",
            Self::ErrorBefore => "error-before",
            Self::ErrorAfter => "error-after",
            Self::Declined => "declined",
        }
    }
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("--faults: expected `<fault>=<per mille>` or `seed=<number>`, separated by commas, found `{0}`")]
pub struct UnknownFault(String);

/// Draws the fault of each order from a seeded sequence.
#[derive(Debug)]
pub struct Faults {
    per_mille: Vec<(Fault, u32)>,
    random: Mutex<fastrand::Rng>,
}

impl Faults {
    #[must_use]
    pub fn none() -> Self {
        Self::seeded(Vec::new(), 0)
    }

    #[must_use]
    pub fn seeded(per_mille: Vec<(Fault, u32)>, seed: u64) -> Self {
        Self { per_mille, random: Mutex::new(fastrand::Rng::with_seed(seed)) }
    }

    pub(super) fn draw(&self) -> Option<Fault> {
        let mut drawn = self.random.lock().expect("no holder panics").u32(0..1_000);
        for (fault, per_mille) in &self.per_mille {
            if drawn < *per_mille {
                return Some(*fault);
            }
            drawn -= per_mille;
        }
        None
    }
}

impl FromStr for Faults {
    type Err = UnknownFault;

    fn from_str(text: &str) -> Result<Self, UnknownFault> {
        let (mut per_mille, mut seed) = (Vec::new(), 0);
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let wrong = || UnknownFault(part.to_owned());
            let (name, number) = part.split_once('=').ok_or_else(wrong)?;
            if name == "seed" {
                seed = number.parse().map_err(|_| wrong())?;
            } else {
                let fault = Fault::ALL.into_iter().find(|fault| fault.name() == name).ok_or_else(wrong)?;
                per_mille.push((fault, number.parse().map_err(|_| wrong())?));
            }
        }
        match per_mille.iter().try_fold(0_u32, |sum, (_, rate)| sum.checked_add(*rate)) {
            Some(0..=1_000) => Ok(Self::seeded(per_mille, seed)),
            Some(_) | None => Err(UnknownFault(text.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_come_as_often_as_was_asked_and_the_same_way_for_one_seed() {
        let drawn = || {
            let faults: Faults = "late=300, unpaid=200,seed=7".parse().unwrap();
            (0..10_000).map(|_| faults.draw()).collect::<Vec<_>>()
        };
        let late = drawn().iter().filter(|fault| **fault == Some(Fault::Late)).count();
        assert!((2_700..3_300).contains(&late), "{late}");
        assert_eq!(drawn(), drawn());
        assert!(!drawn().contains(&Some(Fault::Twice)));
    }

    #[test]
    fn what_is_no_fault_is_refused() {
        for text in ["slow=1", "late", "late=x", "late=600,twice=600"] {
            assert!(text.parse::<Faults>().is_err(), "{text}");
        }
        assert_eq!("".parse::<Faults>().unwrap().draw(), None);
    }
}
