//! The one writer. It owns the write connection, so a caller who stops waiting cannot leave a transaction behind: what
//! was sent is committed. It takes all that is queued, admits in order, writes with one sync, and answers all.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use sqlx::{Connection, SqliteConnection};
use tokio::sync::{mpsc, oneshot};
use weir_messages::Causes;

use super::rows::{corrupt, unsigned};
use super::write::{self, Batch, Heads};
use super::{AnsweredRequest, Commit, CommitError, FailPoint, OutboxRow, StoreError, StreamId, failed};
use crate::store::Chain;
use crate::store::admission::Known;

/// Commits in one transaction, so that a flood does not make the first wait for the last.
const MOST_IN_GROUP: usize = 256;
/// Published rows are acknowledged along with a commit, but not with every one, as each would pay for it; and by
/// themselves when no commit comes for this long.
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
    acknowledged_at: Option<Instant>,
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
        Ok(Self {
            connection,
            requests,
            feed,
            committed,
            published,
            acknowledged: 0,
            acknowledged_at: None,
            heads,
            fail_point,
        })
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
                tracing::error!(error = %Causes(&error), commits = group.len(), "a group of commits failed");
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
        let waited = self.acknowledged_at.is_none_or(|at| at.elapsed() >= ACKNOWLEDGE_AFTER);
        let acknowledges = published > self.acknowledged && waited;
        if acknowledges {
            write::acknowledge(&mut self.connection, published).await?;
        }
        sqlx::query("commit").execute(&mut self.connection).await.map_err(failed)?;
        if acknowledges {
            (self.acknowledged, self.acknowledged_at) = (published, Some(Instant::now()));
        }
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
                Err(error) => tracing::warn!(error = %Causes(&error), "published rows are not deleted yet"),
            }
        }
    }
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

/// Everything that admitting this group may ask about, by one statement: each costs a round trip to the database's thread.
async fn known(connection: &mut SqliteConnection, group: &[Waiting]) -> Result<Known, StoreError> {
    const SQL: &str = "
        select 'version', value, cast((select max(version) from stream_events where stream = value) as text), null
            from (select distinct value from json_each(?1))
        union all
        select 'answered', request, fingerprint, answer from answered_requests
            where request in (select value from json_each(?2))
        union all
        select 'claim', kind, value, owner from claims
            where (kind, value) in (select e.value->>0, e.value->>1 from json_each(?3) e)
        union all
        select 'entry', entry_id, null, null from journal where entry_id in (select value from json_each(?4))";
    let commits = || group.iter().map(|(commit, _)| commit);
    let streams: Vec<_> = commits().flat_map(|commit| &commit.appends).map(|append| &append.stream).collect();
    let requests: Vec<_> = commits().filter_map(|commit| commit.answered.as_ref()).map(|one| &one.request).collect();
    let claims = commits().flat_map(|commit| commit.claims.iter().chain(&commit.releases));
    let claims: Vec<_> = claims.map(|one| json!([one.kind, one.value])).collect();
    let entries: Vec<_> = commits().flat_map(|commit| &commit.entries).map(crate::ledger::Entry::id).collect();
    let rows: Vec<(String, String, Option<String>, Option<String>)> = sqlx::query_as(SQL)
        .bind(json!(streams).to_string())
        .bind(json!(requests).to_string())
        .bind(json!(claims).to_string())
        .bind(json!(entries).to_string())
        .fetch_all(connection)
        .await
        .map_err(failed)?;
    let mut known = Known::default();
    for row in rows {
        match (row.0.as_str(), row.1, row.2, row.3) {
            ("version", stream, Some(version), None) => {
                let version = version.parse().map_err(|error| corrupt(format!("version of {stream}"), error))?;
                known.versions.insert(StreamId::stored(stream), version);
            }
            ("answered", request, Some(fingerprint), Some(answer)) => {
                known.answered.insert(request.clone(), AnsweredRequest { request, fingerprint, answer });
            }
            ("claim", kind, Some(value), Some(owner)) => {
                known.claims.insert((kind, value), owner);
            }
            ("entry", entry, None, None) => {
                known.entries.insert(entry);
            }
            // A stream without events has no version.
            _ => {}
        }
    }
    Ok(known)
}
