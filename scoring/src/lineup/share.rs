//! A challenger's share of the customers, in whole percent, and who is in it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use weir_messages::CustomerId;

/// 1 to 99 percent: no customer and every customer are no experiment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Share(u8);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a whole number of percent from 1 to 99, found {0}")]
pub struct InvalidShare(String);

impl Share {
    /// By a hash of customer and experiment and nothing else, so the answer is the same on retry, restart and replay, and
    /// a greater share keeps everybody that a smaller one took.
    #[must_use]
    pub fn takes(self, customer: &CustomerId, experiment: &str) -> bool {
        let hash = Sha256::new_with_prefix(experiment).chain_update([0]).chain_update(customer.as_str()).finalize();
        let (first, _) = hash.split_first_chunk::<8>().expect("a SHA-256 has 32 bytes");
        u64::from_be_bytes(*first) % 100 < u64::from(self.0)
    }
}

impl TryFrom<u8> for Share {
    type Error = InvalidShare;

    fn try_from(percent: u8) -> Result<Self, InvalidShare> {
        if (1..=99).contains(&percent) { Ok(Self(percent)) } else { Err(InvalidShare(percent.to_string())) }
    }
}

impl From<Share> for u8 {
    fn from(share: Share) -> Self {
        share.0
    }
}

impl FromStr for Share {
    type Err = InvalidShare;

    fn from_str(text: &str) -> Result<Self, InvalidShare> {
        let percent: u8 = text.trim_end_matches('%').parse().map_err(|_| InvalidShare(text.to_owned()))?;
        percent.try_into()
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", self.0)
    }
}
