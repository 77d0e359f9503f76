//! The one writer. It owns the write connection, so a caller who stops waiting cannot leave a transaction behind: what
//! was sent is committed. It takes all that is queued, admits in order, writes with one sync, and answers all.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::json;
use sqlx::{Connection, SqliteConnection};
use tokio::sync::{mpsc, oneshot};

use super::rows::unsigned;
use super::write::{self, Batch, Heads};
use super::{AnsweredRequest, Commit, CommitError, FailPoint, OutboxRow, StoreError, StreamId, failed};
use crate::store::Chain;
use crate::store::admission::Known;

/// Commits in one transaction, so that a flood does not make the first wait for the last.
const MOST_IN_GROUP: usize = 256;
/// An acknowledgement of published rows that no commit took along is written by itself after this long.
const ACKNOWLEDGE_AFTER: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub(super) enum Request {
    Commit { commit: Box<Commit>, answer: oneshot::Sender<Result<(), CommitError>> },
    Close(oneshot::Sender<()>),
}

type Waiting = (Box<Commit>, oneshot::Sender<Result<(), CommitError>>);

pub(super) struct Writer {
    connection: SqliteConnection,
    requests: mpsc::Receiver<Request>,
    feed: mpsc::Sender<Vec<OutboxRow>>,
    committed: Arc<AtomicU64>,
    published: Arc<AtomicU64>,
    /// Up to here published rows are deleted.
    acknowledged: u64,
    heads: Heads,
    fail_point: FailPoint,
}

impl Writer {
    pub(super) async fn new(
        mut connection: SqliteConnection,
        requests: mpsc::Receiver<Request>,
        feed: mpsc::Sender<Vec<OutboxRow>>,
        committed: Arc<AtomicU64>,
        published: Arc<AtomicU64>,
        fail_point: FailPoint,
    ) -> Result<Self, StoreError> {
        let heads = heads(&mut connection).await?;
        committed.store(heads.outbox, Ordering::Relaxed);
        Ok(Self { connection, requests, feed, committed, published, acknowledged: 0, heads, fail_point })
    }

    pub(super) async fn run(mut self) {
        let mut closing = Vec::new();
        while closing.is_empty() {
            let Ok(first) = tokio::time::timeout(ACKNOWLEDGE_AFTER, self.requests.recv()).await else {
                self.acknowledge_alone().await;
                continue;
            };
            let Some(first) = first else { break };
            let mut group = Vec::new();
            let mut next = Some(first);
            while let Some(request) = next.take() {
                match request {
                    Request::Commit { commit, answer } => group.push((commit, answer)),
                    Request::Close(done) => closing.push(done),
                }
                if group.len() < MOST_IN_GROUP && closing.is_empty() {
                    next = self.requests.try_recv().ok();
                }
            }
            self.commit(group).await;
        }
        self.acknowledge_alone().await;
        self.requests.close();
        if let Err(error) = self.connection.close().await {
            tracing::warn!(%error, "the store did not close cleanly");
        }
        for done in closing {
            done.send(()).ok();
        }
    }

    /// Writes a group in one transaction and answers each of its commits.
    async fn commit(&mut self, group: Vec<Waiting>) {
        if group.is_empty() {
            return;
        }
        let mut verdicts = Vec::with_capacity(group.len());
        let mut handed = Vec::new();
        match self.write(&group, &mut verdicts, &mut handed).await {
            Ok(()) => {
                (self.fail_point)("commit_done");
                self.hand_over(handed);
                for ((_, answer), verdict) in group.into_iter().zip(verdicts) {
                    answer.send(verdict.map_err(CommitError::from)).ok();
                }
            }
            Err(error) => {
                tracing::error!(error = %chain_of(&error), commits = group.len(), "a group of commits failed");
                sqlx::query("rollback").execute(&mut self.connection).await.ok();
                self.commit_one_by_one(group).await;
            }
        }
    }

    /// One commit that cannot be written must not fail the others of its group.
    async fn commit_one_by_one(&mut self, mut group: Vec<Waiting>) {
        if group.len() > 1 {
            for one in group {
                Box::pin(self.commit(vec![one])).await;
            }
        } else if let Some((_, answer)) = group.pop() {
            answer.send(Err(StoreError::Aborted.into())).ok();
        }
    }

    async fn write(
        &mut self,
        group: &[Waiting],
        verdicts: &mut Vec<Result<(), crate::store::Refused>>,
        handed: &mut Vec<OutboxRow>,
    ) -> Result<(), StoreError> {
        sqlx::query("begin immediate").execute(&mut self.connection).await.map_err(failed)?;
        let mut known = known(&mut self.connection, group).await?;
        let (mut batch, mut heads) = (Batch::default(), self.heads.clone());
        for (commit, _) in group {
            let verdict = known.admit(commit);
            if verdict.is_ok() {
                batch.take(commit, &mut heads, handed);
            }
            verdicts.push(verdict);
        }
        batch.write(&known, &mut self.connection).await?;
        let published = self.published.load(Ordering::Relaxed);
        if published > self.acknowledged {
            write::acknowledge(&mut self.connection, published).await?;
        }
        sqlx::query("commit").execute(&mut self.connection).await.map_err(failed)?;
        self.acknowledged = published;
        self.heads = heads;
        Ok(())
    }

    /// In memory, at once. Rows that do not fit are found in the table by the relay, which sees `committed` move.
    fn hand_over(&self, handed: Vec<OutboxRow>) {
        if let Some(last) = handed.last() {
            let number = last.number;
            self.committed.store(number, Ordering::Release);
            self.feed.try_send(handed).ok();
        }
    }

    async fn acknowledge_alone(&mut self) {
        let published = self.published.load(Ordering::Relaxed);
        if published > self.acknowledged {
            match write::acknowledge(&mut self.connection, published).await {
                Ok(()) => self.acknowledged = published,
                Err(error) => tracing::warn!(error = %chain_of(&error), "published rows are not deleted yet"),
            }
        }
    }
}

fn chain_of(error: &StoreError) -> String {
    let cause = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    format!("{error}: {cause}")
}

/// Where journal and outbox stand.
async fn heads(connection: &mut SqliteConnection) -> Result<Heads, StoreError> {
    let sql = "select number, hash from journal order by number desc limit 1";
    let last: Option<(i64, String)> = sqlx::query_as(sql).fetch_optional(&mut *connection).await.map_err(failed)?;
    let chain = last.map_or_else(Chain::start, |(number, hash)| Chain { number: unsigned(number), hash: hash.into() });
    let sql = "select seq from sqlite_sequence where name = 'outbox'";
    let outbox: Option<i64> = sqlx::query_scalar(sql).fetch_optional(connection).await.map_err(failed)?;
    Ok(Heads { chain, outbox: outbox.map(unsigned).unwrap_or_default() })
}

/// Everything that admitting this group may ask about.
async fn known(connection: &mut SqliteConnection, group: &[Waiting]) -> Result<Known, StoreError> {
    let commits = || group.iter().map(|(commit, _)| commit);
    let mut known = Known::default();

    let streams: Vec<_> = commits().flat_map(|commit| &commit.appends).map(|append| &append.stream).collect();
    if !streams.is_empty() {
        let sql = "select value, (select max(version) from stream_events where stream = value)
                   from (select distinct value from json_each(?))";
        let rows: Vec<(String, Option<i64>)> =
            sqlx::query_as(sql).bind(json!(streams).to_string()).fetch_all(&mut *connection).await.map_err(failed)?;
        let mut versions: HashMap<_, _> = rows.into_iter().collect();
        for stream in streams {
            let version = versions.remove(stream.as_str()).flatten().map(unsigned);
            if let Some(version) = version {
                known.versions.insert(StreamId::clone(stream), version);
            }
        }
    }

    let requests: Vec<_> = commits().filter_map(|commit| commit.answered.as_ref()).map(|one| &one.request).collect();
    if !requests.is_empty() {
        let sql = "select request, fingerprint, answer from answered_requests
                   where request in (select value from json_each(?))";
        let rows: Vec<(String, String, String)> =
            sqlx::query_as(sql).bind(json!(requests).to_string()).fetch_all(&mut *connection).await.map_err(failed)?;
        let known_request = |(request, fingerprint, answer): (String, String, String)| {
            (request.clone(), AnsweredRequest { request, fingerprint, answer })
        };
        known.answered = rows.into_iter().map(known_request).collect();
    }

    let claims: Vec<_> =
        commits().flat_map(|c| c.claims.iter().chain(&c.releases)).map(|one| json!([one.kind, one.value])).collect();
    if !claims.is_empty() {
        let sql = "select kind, value, owner from claims where (kind, value) in
                   (select e.value->>0, e.value->>1 from json_each(?) e)";
        let rows: Vec<(String, String, String)> =
            sqlx::query_as(sql).bind(json!(claims).to_string()).fetch_all(&mut *connection).await.map_err(failed)?;
        known.claims = rows.into_iter().map(|(kind, value, owner)| ((kind, value), owner)).collect();
    }

    let entries: Vec<_> = commits().flat_map(|commit| &commit.entries).map(crate::ledger::Entry::id).collect();
    if !entries.is_empty() {
        let sql = "select entry_id from journal where entry_id in (select value from json_each(?))";
        let rows: Vec<String> = sqlx::query_scalar(sql)
            .bind(json!(entries).to_string())
            .fetch_all(&mut *connection)
            .await
            .map_err(failed)?;
        known.entries = rows.into_iter().collect();
    }
    Ok(known)
}
