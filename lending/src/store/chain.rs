//! The hash chain over the journal: each entry's hash covers the one before, so none can be changed, dropped or slipped
//! in without every later hash changing. Who can rewrite the whole database can rewrite the chain: publish its head.

use serde::Serialize;
use sha2::{Digest, Sha256};
use weir_money::Total;

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
    Balance { account: String, journal: Total, balance: String },
    #[error("journal lines: {count} belong to no entry")]
    Stray { count: u64 },
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
