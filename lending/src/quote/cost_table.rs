//! Everything a loan costs, in one table: shown before signing, named by its hash in the contract, billed after.
//! No fee exists yet; when one does, it becomes a field here and a flow of the all-in rate.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::Digest;
use weir_money::{Money, Rate};

use crate::product::{EarlyRepayment, ProductRef};
use crate::schedule::{DayCount, Method, Schedule};

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("expected a SHA-256 hash as 64 hex digits, found `{0}`")]
pub struct NotAHash(String);

/// 64 lower-case hex digits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sha256(String);

impl Sha256 {
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(hex::encode(sha2::Sha256::digest(bytes)))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Sha256 {
    type Err = NotAHash;

    fn from_str(text: &str) -> Result<Self, NotAHash> {
        let is_hash = text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if is_hash { Ok(Self(text.to_owned())) } else { Err(NotAHash(text.chars().take(70).collect())) }
    }
}

impl TryFrom<String> for Sha256 {
    type Error = NotAHash;

    fn try_from(text: String) -> Result<Self, NotAHash> {
        text.parse()
    }
}

impl From<Sha256> for String {
    fn from(hash: Sha256) -> Self {
        hash.0
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CostTable {
    pub product: ProductRef,
    pub lender_type: String,
    pub principal: Money,
    /// Nominal: what the schedule's interest is reckoned with.
    pub annual_rate: Rate,
    pub day_count: DayCount,
    pub method: Method,
    pub early_repayment: EarlyRepayment,
    /// The last day of payout, counted from the schedule's start.
    pub payout_within_days: u16,
    pub schedule: Schedule,
    pub total_interest: Money,
    pub total_repayable: Money,
    /// Internal rate of all flows, effective, ACT/365.
    pub all_in_rate: Rate,
    /// The same as twelve times a monthly rate.
    pub all_in_rate_nominal: Rate,
}

impl CostTable {
    /// Decimals to which the table shows an all-in rate. The cap is checked before rounding.
    pub const RATE_DECIMALS: u32 = 8;

    /// The bytes that are hashed: a line that names the form, then JSON with the fields in the order above, money and
    /// rates as text. Equal tables have equal bytes.
    #[must_use]
    pub fn canonical(&self) -> String {
        let json = serde_json::to_string(self).expect("a table of text and numbers serialises");
        format!("weir cost table 1\n{json}\n")
    }

    #[must_use]
    pub fn hash(&self) -> Sha256 {
        Sha256::of(self.canonical().as_bytes())
    }
}
