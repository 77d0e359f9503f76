//! The hash chain over the journal: each entry's hash covers the one before, so none can be changed, dropped or slipped
//! in without every later hash changing. Who can rewrite the whole database can rewrite the chain: publish its head.

use std::collections::BTreeMap;

use serde::Serialize;
use sha2::{Digest, Sha256};
use weir_money::Money;

use super::{Balance, Posted};
use crate::ledger::TrialBalance;

/// Lower-case hex.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct ChainHash(String);

impl ChainHash {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for ChainHash {
    fn from(hex: String) -> Self {
        Self(hex)
    }
}

/// Something in the books that does not add up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    #[error("journal: expected entry {expected}, found {found}")]
    Gap { expected: u64, found: u64 },
    #[error("journal entry {number}: its hash does not follow from its content and the entry before")]
    Hash { number: u64 },
    #[error("journal entry {number} does not read back: {reason}")]
    Unreadable { number: u64, reason: String },
    #[error("journal entry {number}: its lines are not those of the entry")]
    Lines { number: u64 },
    #[error("account {account}: the journal says {journal}, its balance says {balance}")]
    Balance { account: String, journal: Money, balance: Money },
    #[error("the trial balance of {currency} is {total}, not zero")]
    Trial { currency: String, total: Money },
    #[error("a sum of the journal cannot be held")]
    Sum,
}

/// The head of the chain: the last entry's number and hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    pub number: u64,
    pub hash: ChainHash,
}

impl Chain {
    /// Before the first entry.
    #[must_use]
    pub fn start() -> Self {
        Self { number: 0, hash: ChainHash("0".repeat(64)) }
    }

    /// The head after one more entry, given by its stored JSON and its trace id.
    #[must_use]
    pub fn extended(&self, entry: &str, trace: &str) -> Self {
        let number = self.number + 1;
        let mut digest = Sha256::new();
        for part in ["weir journal 1", self.hash.as_str(), &number.to_string(), trace, entry] {
            digest.update(part);
            digest.update("\n");
        }
        Self { number, hash: ChainHash(hex::encode(digest.finalize())) }
    }
}

/// Sums the entries that passed the chain, and compares them with the balances kept beside the journal.
#[derive(Debug, Default)]
pub(super) struct Recount(TrialBalance);

impl Recount {
    pub(super) fn take(&mut self, posted: &Posted) -> Result<(), Broken> {
        self.0.post(posted.entry.lines()).map_err(|_| Broken::Sum)
    }

    pub(super) fn check(&self, house: &[Balance], lines: &[Balance]) -> Result<(), Broken> {
        let totals = self.0.totals().map_err(|_| Broken::Sum)?;
        if let Some((currency, total)) = totals.into_iter().find(|(_, total)| !total.is_zero()) {
            return Err(Broken::Trial { currency: currency.to_string(), total });
        }
        let kept = |balances: &[Balance]| -> BTreeMap<_, _> {
            balances.iter().map(|b| ((b.account.clone(), b.amount.currency()), b.amount)).collect()
        };
        let (house, lines) = (kept(house), kept(lines));
        for (account, journal) in self.0.balances() {
            let zero = Money::zero(journal.currency());
            let of = |kept: &BTreeMap<_, _>| kept.get(&(account.clone(), journal.currency())).copied().unwrap_or(zero);
            let house = if account.loan().is_none() { of(&house) } else { journal };
            if let Some(balance) = [house, of(&lines)].into_iter().find(|balance| *balance != journal) {
                return Err(Broken::Balance { account: account.to_string(), journal, balance });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_entry_changes_every_later_hash() {
        let grown = |first: &str| Chain::start().extended(first, "t").extended("b", "t");
        assert_eq!(grown("a"), grown("a"));
        assert_ne!(grown("a").hash, grown("A").hash);
        assert_eq!(grown("a").number, 2);
    }

    #[test]
    fn the_trace_is_under_the_hash() {
        assert_ne!(Chain::start().extended("a", "t1").hash, Chain::start().extended("a", "t2").hash);
    }
}
