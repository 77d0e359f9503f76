//! A command with an idempotency key: its effect happens once, and every repeat gets the first answer.

use std::pin::Pin;

use serde::Serialize;
use sha2::{Digest, Sha256};
use weir_messages::TraceId;
use weir_messages::privacy::Identifier;

use super::canonical::canonical;
use super::queues::Turn;
use super::{Lending, LendingError};
use crate::store::{AnsweredRequest, Commit, CommitError, Refused};

/// Longest idempotency key taken.
const LONGEST_KEY: usize = 255;
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
    /// The same over the bytes as they came, which answers from before are kept under.
    digest_of_bytes: [u8; 32],
    /// HTTP status of the answer, should the command be carried out.
    status: u16,
    pub(crate) trace: TraceId,
}

impl RequestKey {
    /// `operation` is method and path, `body` the bytes as they came: another text of the same JSON asks the same. The answer
    /// goes out with the status 201.
    #[must_use]
    pub fn new(key: impl Into<String>, operation: &str, body: &[u8], trace: TraceId) -> Self {
        let digest =
            |body: &[u8]| Sha256::new().chain_update(operation).chain_update([0]).chain_update(body).finalize().into();
        let digest_of_bytes = digest(body);
        let canonical = canonical(body).map_or(digest_of_bytes, |json| digest(json.as_bytes()));
        Self { key: key.into(), digest: canonical, digest_of_bytes, status: 201, trace }
    }

    /// With another HTTP status for the answer.
    #[must_use]
    pub const fn answered_with(mut self, status: u16) -> Self {
        self.status = status;
        self
    }
}

/// An answer as it goes to the caller: the bytes that were committed with the command, whichever release wrote them.
#[derive(Debug, Clone, PartialEq)]
pub struct Once<T> {
    /// HTTP status; absent in what was answered before it was kept.
    pub status: Option<u16>,
    /// JSON.
    pub body: String,
    /// What the body says; absent where it is the answer of an earlier request with the same key.
    pub(super) made: Option<T>,
}

impl<T> Once<T> {
    /// Whether the answer is that of an earlier request with the same key.
    #[must_use]
    pub const fn replayed(&self) -> bool {
        self.made.is_none()
    }

    /// The same with another body, for a caller who asked for what comes later too.
    #[must_use]
    pub fn with_body(self, body: String) -> Self {
        Self { body, ..self }
    }
}

#[cfg(test)]
impl<T: serde::de::DeserializeOwned> Once<T> {
    pub(crate) fn value(&self) -> T {
        serde_json::from_str(&self.body).unwrap()
    }
}

impl Lending {
    /// Decides with `attempt`, commits what it wants with its answer, and decides anew where a stream has moved.
    pub(super) async fn once<'a, T: Serialize>(
        &self,
        request: &RequestKey,
        attempt: impl Fn(Commit) -> Attempt<'a, (Commit, T)>,
    ) -> Result<Once<T>, LendingError> {
        if !(1..=LONGEST_KEY).contains(&request.key.len()) {
            return Err(LendingError::invalid("idempotency-key", "expected 1 to 255 characters"));
        }
        // Callers make keys out of anything, phone numbers too: only a token of it is kept.
        let key = self.ports.tokens.token(Identifier::Contact, &request.key);
        let token = |digest: [u8; 32]| self.ports.tokens.token(Identifier::Contact, &hex::encode(digest));
        let fingerprint = token(request.digest);
        let of_bytes = || token(request.digest_of_bytes);
        let (mut looked, mut turn) = (false, None);
        for _ in 0..ATTEMPTS {
            let attempted = attempt(Commit::empty(self.now(), request.trace));
            let attempted = if looked {
                attempted.await
            } else {
                // Side by side: most requests are new, and the attempt of a repeat is thrown away, whatever it says.
                let (before, attempted) = tokio::join!(self.store.answered(&key), attempted);
                if let Some(before) = before? {
                    return replay(before, &fingerprint, of_bytes);
                }
                looked = true;
                attempted
            };
            let (mut commit, value) = attempted?;
            if self.queued_up(&commit, &mut turn).await {
                continue;
            }
            let answer = super::encoded("answer", &value)?;
            let status = Some(request.status);
            let (key, fingerprint_kept) = (key.clone(), fingerprint.clone());
            commit.answered =
                Some(AnsweredRequest { request: key, fingerprint: fingerprint_kept, status, answer: answer.clone() });
            match self.committed(commit).await {
                Ok(()) => return Ok(Once { status, body: answer, made: Some(value) }),
                Err(CommitError::Refused(Refused::Answered(before))) => return replay(before, &fingerprint, of_bytes),
                Err(error) => self.prepare_next_attempt(error, &mut turn).await?,
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
        let mut turn = None;
        for _ in 0..ATTEMPTS {
            let (commit, value) = attempt(Commit::empty(self.now(), trace)).await?;
            let Some(commit) = commit else { return Ok(value) };
            if self.queued_up(&commit, &mut turn).await {
                continue;
            }
            match self.committed(commit).await {
                Ok(()) => return Ok(value),
                Err(error) => self.prepare_next_attempt(error, &mut turn).await?,
            }
        }
        Err(LendingError::Contended)
    }

    /// Whoever comes while others queue stands behind them, and decides on what they leave: whether this was one.
    async fn queued_up<'q>(&'q self, commit: &Commit, turn: &mut Option<Turn<'q>>) -> bool {
        let stream = if turn.is_none() { self.queues.queued(commit) } else { None };
        let Some(stream) = stream else { return false };
        *turn = Some(self.queues.turn(stream).await);
        true
    }

    /// After a commit that was not made; the error where another attempt would meet it again.
    async fn prepare_next_attempt<'q>(
        &'q self,
        error: CommitError,
        turn: &mut Option<Turn<'q>>,
    ) -> Result<(), LendingError> {
        match error {
            CommitError::Refused(Refused::Version { stream, .. }) => {
                if turn.is_none() {
                    *turn = Some(self.queues.turn(&stream).await);
                }
                Ok(())
            }
            // A claim may have gone to somebody else since it was looked at: the next attempt says so.
            CommitError::Refused(Refused::Answered(_) | Refused::Claimed { .. } | Refused::Posted(_)) => Ok(()),
            error @ (CommitError::Refused(Refused::Balance { .. }) | CommitError::Store(_)) => Err(error.into()),
        }
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

fn replay<T>(
    before: AnsweredRequest,
    fingerprint: &str,
    of_bytes: impl FnOnce() -> String,
) -> Result<Once<T>, LendingError> {
    if before.fingerprint != fingerprint && before.fingerprint != of_bytes() {
        return Err(LendingError::KeyReused);
    }
    Ok(Once { status: before.status, body: before.answer, made: None })
}
