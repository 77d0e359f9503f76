//! A command with an idempotency key: its effect happens once, and every repeat gets the first answer.

use std::pin::Pin;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use weir_messages::TraceId;
use weir_messages::privacy::Identifier;

use super::{Lending, LendingError};
use crate::store::{AnsweredRequest, Commit, CommitError, Refused};

/// How often a command is decided anew after somebody else changed the same stream.
const ATTEMPTS: u32 = 8;

/// One try at deciding a command.
pub(super) type Attempt<'a, T> = Pin<Box<dyn Future<Output = Result<T, LendingError>> + Send + 'a>>;

/// A request as its caller names it. The fingerprint is over what is asked: the same key with another fingerprint is
/// refused.
#[derive(Debug, Clone)]
pub struct RequestKey {
    pub(crate) key: String,
    /// SHA-256; kept only under the token key, as a body may be guessable.
    digest: [u8; 32],
    pub(crate) trace: TraceId,
}

impl RequestKey {
    /// `operation` is method and path, `body` the bytes as they came.
    #[must_use]
    pub fn new(key: impl Into<String>, operation: &str, body: &[u8], trace: TraceId) -> Self {
        let digest = Sha256::new().chain_update(operation).chain_update([0]).chain_update(body).finalize();
        Self { key: key.into(), digest: digest.into(), trace }
    }
}

/// An answer, and whether it is that of an earlier request with the same key.
#[derive(Debug, Clone, PartialEq)]
pub struct Once<T> {
    pub value: T,
    pub replayed: bool,
}

/// Longest idempotency key taken.
const LONGEST_KEY: usize = 255;

impl Lending {
    /// Decides with `attempt`, commits what it wants with its answer, and decides anew where a stream has moved.
    pub(super) async fn once<'a, T: Serialize + DeserializeOwned>(
        &self,
        request: &RequestKey,
        attempt: impl Fn(Commit) -> Attempt<'a, (Commit, T)>,
    ) -> Result<Once<T>, LendingError> {
        if !(1..=LONGEST_KEY).contains(&request.key.len()) {
            return Err(LendingError::invalid("idempotency-key", "expected 1 to 255 characters"));
        }
        // Callers make keys out of anything, phone numbers too: only a token of it is kept.
        let key = self.ports.tokens.token(Identifier::Contact, &request.key);
        let fingerprint = self.ports.tokens.token(Identifier::Contact, &hex::encode(request.digest));
        let mut looked = false;
        for _ in 0..ATTEMPTS {
            let attempted = attempt(Commit::empty(self.now(), request.trace));
            let attempted = if looked {
                attempted.await
            } else {
                // Side by side: most requests are new, and the attempt of a repeat is thrown away, whatever it says.
                let (before, attempted) = tokio::join!(self.store.answered(&key), attempted);
                if let Some(before) = before? {
                    return replay(&before, &fingerprint);
                }
                looked = true;
                attempted
            };
            let (mut commit, value) = attempted?;
            let answer = serde_json::to_string(&value).map_err(|error| corrupt_answer(&error))?;
            let (key, fingerprint) = (key.clone(), fingerprint.clone());
            commit.answered = Some(AnsweredRequest { request: key, fingerprint: fingerprint.clone(), answer });
            match self.committed(commit).await {
                Ok(()) => return Ok(Once { value, replayed: false }),
                Err(CommitError::Refused(Refused::Answered(before))) => return replay(&before, &fingerprint),
                // A claim may have gone to somebody else since it was looked at: the next attempt says so.
                Err(CommitError::Refused(Refused::Version { .. } | Refused::Claimed { .. } | Refused::Posted(_))) => {}
                Err(CommitError::Store(error)) => return Err(error.into()),
            }
        }
        Err(LendingError::Contended)
    }

    /// The same for what needs no key, because deciding it again changes nothing.
    pub(super) async fn settle<'a, T>(
        &self,
        trace: TraceId,
        attempt: impl Fn(Commit) -> Attempt<'a, (Option<Commit>, T)>,
    ) -> Result<T, LendingError> {
        for _ in 0..ATTEMPTS {
            let (commit, value) = attempt(Commit::empty(self.now(), trace)).await?;
            let Some(commit) = commit else { return Ok(value) };
            match self.committed(commit).await {
                Ok(()) => return Ok(value),
                Err(CommitError::Refused(_)) => {}
                Err(CommitError::Store(error)) => return Err(error.into()),
            }
        }
        Err(LendingError::Contended)
    }

    /// Commits, and says under which trace each entry went into the journal.
    async fn committed(&self, commit: Commit) -> Result<(), CommitError> {
        let (trace, entries) = (commit.trace, commit.entries.iter().map(|entry| entry.id().to_string()));
        let entries: Vec<String> = entries.collect();
        self.store.commit(commit).await?;
        entries.iter().for_each(|entry| tracing::info!(%trace, entry, "posted"));
        Ok(())
    }
}

fn replay<T: DeserializeOwned>(before: &AnsweredRequest, fingerprint: &str) -> Result<Once<T>, LendingError> {
    if before.fingerprint != fingerprint {
        return Err(LendingError::KeyReused);
    }
    let value = serde_json::from_str(&before.answer).map_err(|error| corrupt_answer(&error))?;
    Ok(Once { value, replayed: true })
}

fn corrupt_answer(error: &serde_json::Error) -> LendingError {
    LendingError::Corrupt { what: "answer", reason: error.to_string() }
}
