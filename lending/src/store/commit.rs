//! What one commit holds, and why it may be refused.

use serde::{Deserialize, Serialize};
use weir_messages::{ApplicationId, CustomerId, Event, KnownTime, LoanId, TraceId};

use super::{Listing, Park, ParkedKind};
use crate::ledger::Entry;

/// A stream of events: one customer, application or loan.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StreamId(String);

impl StreamId {
    #[must_use]
    pub fn customer(id: &CustomerId) -> Self {
        Self(format!("customer:{id}"))
    }

    #[must_use]
    pub fn application(id: &ApplicationId) -> Self {
        Self(format!("application:{id}"))
    }

    #[must_use]
    pub fn loan(id: &LoanId) -> Self {
        Self(format!("loan:{id}"))
    }

    /// As a store gives it back.
    pub(super) const fn stored(name: String) -> Self {
        Self(name)
    }

    /// Of an application's stream.
    pub(super) fn as_application(&self) -> Option<ApplicationId> {
        self.0.strip_prefix("application:").map(ApplicationId::from)
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for StreamId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Events to append if the stream still has `expected` of them.
#[derive(Debug, Clone)]
pub struct Append {
    pub stream: StreamId,
    pub expected: u64,
    /// JSON, one each. None checks the number of events and appends nothing.
    pub bodies: Vec<String>,
}

impl Append {
    #[must_use]
    pub const fn unchanged(stream: StreamId, expected: u64) -> Self {
        Self { stream, expected, bodies: Vec::new() }
    }
}

/// A name that only one owner can hold, such as the open application of a customer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Claim {
    pub kind: &'static str,
    pub value: String,
    pub owner: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BlindIndex {
    pub kind: &'static str,
    pub token: String,
    pub customer: CustomerId,
}

/// A customer's sealed fields, and the key that opens them, itself wrapped by the master key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Personal {
    pub customer: CustomerId,
    pub wrapped_key: String,
    /// Field name and sealed text.
    pub fields: Vec<(String, String)>,
}

/// A request that was answered, so that the same request has the same answer and no second effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnsweredRequest {
    pub request: String,
    pub fingerprint: String,
    /// HTTP status; absent in what was answered before it was kept.
    pub status: Option<u16>,
    /// JSON, the bytes as they were given.
    pub answer: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsumerOffset {
    pub consumer: String,
    pub shard: u16,
    /// The first position not yet taken. Never goes back.
    pub next: u64,
}

/// One transaction.
#[derive(Debug, Clone)]
pub struct Commit {
    pub at: KnownTime,
    pub trace: TraceId,
    pub appends: Vec<Append>,
    pub entries: Vec<Entry>,
    pub outbox: Vec<Event>,
    pub answered: Option<AnsweredRequest>,
    pub claims: Vec<Claim>,
    /// Given up only if the owner holds them.
    pub releases: Vec<Claim>,
    pub personal: Option<Personal>,
    pub blind_index: Vec<BlindIndex>,
    pub listings: Vec<Listing>,
    /// The customer whose key, fields, index rows and id-number claim are destroyed.
    pub erase: Option<CustomerId>,
    pub offset: Option<ConsumerOffset>,
    /// Items set aside; each attempt that failed is one.
    pub park: Vec<Park>,
    /// Items that are parked no more.
    pub unpark: Vec<(ParkedKind, String)>,
    /// Some of the answers that were given before then are forgotten.
    pub forget_answers: Option<KnownTime>,
}

impl Commit {
    #[must_use]
    pub const fn empty(at: KnownTime, trace: TraceId) -> Self {
        Self {
            at,
            trace,
            appends: Vec::new(),
            entries: Vec::new(),
            outbox: Vec::new(),
            answered: None,
            claims: Vec::new(),
            releases: Vec::new(),
            personal: None,
            blind_index: Vec::new(),
            listings: Vec::new(),
            erase: None,
            offset: None,
            park: Vec::new(),
            unpark: Vec::new(),
            forget_answers: None,
        }
    }
}

/// Why a commit changed nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("stream {stream}: expected {expected} events, found {found}")]
    Version { stream: StreamId, expected: u64, found: u64 },
    #[error("the request was answered before")]
    Answered(AnsweredRequest),
    #[error("{kind} is held by {owner}")]
    Claimed { kind: &'static str, owner: String },
    #[error("entry {0} is in the journal already")]
    Posted(String),
    #[error("account {account}: its balance would be beyond the largest that can be held")]
    Balance { account: String },
}
