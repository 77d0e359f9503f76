//! The store over a SQL database: commits go to the writer, reads to a pool.

use std::fmt::Debug;

use async_trait::async_trait;
use sqlx::pool::PoolConnection;
use weir_messages::{CustomerId, KnownTime, LoanId, TraceId};

use super::audit::Audit;
use super::sql::{Answer, Sql};
use super::writer::Desk;
use super::{
    AnsweredRequest, Balance, Broken, Commit, CommitError, Find, Freshness, Listing, LoanBooks, OutboxPage, Parked,
    ParkedCount, ParkedKind, Parking, Personal, Posted, Store, StoreError, StreamId, balances, loan_books, parked,
    read,
};
use crate::ledger::Account;

/// Where the reads of a database go.
pub(super) trait Readers: Send + Sync + Debug + 'static {
    type Driver: sqlx::Database<Connection: Sql>;
    /// Begins a transaction that sees one moment.
    const SNAPSHOT: &'static str;

    /// A connection without a transaction.
    fn reader(&self, freshness: Freshness) -> impl Future<Output = Answer<PoolConnection<Self::Driver>>> + Send;

    fn close(&self) -> impl Future<Output = ()> + Send;
}

/// Entries between two lines of the log about a verification.
const PROGRESS_EVERY: u64 = 100_000;

#[derive(Debug)]
pub(super) struct SqlStore<R> {
    pub(super) readers: R,
    pub(super) writer: Desk,
}

#[async_trait]
impl<R: Readers> Store for SqlStore<R> {
    async fn commit(&self, commit: Commit) -> Result<(), CommitError> {
        self.writer.commit(commit).await
    }

    async fn load(&self, stream: &StreamId) -> Result<Vec<String>, StoreError> {
        read::load(&mut *self.readers.reader(Freshness::Now).await?, stream).await
    }

    async fn events(&self, version: u64, streams: &[StreamId]) -> Result<Vec<(StreamId, String)>, StoreError> {
        read::events(&mut *self.readers.reader(Freshness::Now).await?, version, streams).await
    }

    async fn trace(&self, stream: &StreamId) -> Result<Option<TraceId>, StoreError> {
        read::trace(&mut *self.readers.reader(Freshness::Now).await?, stream).await
    }

    async fn find(&self, find: &Find) -> Result<Vec<Listing>, StoreError> {
        read::find(&mut *self.readers.reader(find.freshness).await?, find).await
    }

    async fn answered(&self, request: &str) -> Result<Option<AnsweredRequest>, StoreError> {
        read::answered(&mut *self.readers.reader(Freshness::Now).await?, request).await
    }

    async fn has_answers_before(&self, before: KnownTime) -> Result<bool, StoreError> {
        read::has_answers_before(&mut *self.readers.reader(Freshness::Now).await?, before).await
    }

    async fn owner(&self, kind: &str, value: &str) -> Result<Option<String>, StoreError> {
        read::owner(&mut *self.readers.reader(Freshness::Now).await?, kind, value).await
    }

    async fn with_token(&self, kind: &str, token: &str) -> Result<Vec<CustomerId>, StoreError> {
        read::with_token(&mut *self.readers.reader(Freshness::Now).await?, kind, token).await
    }

    async fn first_of_each_sealing_key(&self) -> Result<Vec<CustomerId>, StoreError> {
        read::first_of_each_sealing_key(&mut *self.readers.reader(Freshness::Now).await?).await
    }

    async fn personal(&self, customer: &CustomerId) -> Result<Option<Personal>, StoreError> {
        read::personal(&mut *self.readers.reader(Freshness::Now).await?, customer).await
    }

    async fn journal(&self, account: Option<&Account>, after: u64, limit: u32) -> Result<Vec<Posted>, StoreError> {
        read::journal(&mut *self.readers.reader(Freshness::MayLag).await?, account, after, limit).await
    }

    async fn balances(&self) -> Result<Vec<Balance>, StoreError> {
        let mut reader = self.readers.reader(Freshness::MayLag).await?;
        reader.run(R::SNAPSHOT, &[]).await?;
        let balances = balances::balances(&mut *reader).await;
        reader.run("rollback", &[]).await?;
        balances
    }

    async fn verify(&self) -> Result<Result<u64, Broken>, StoreError> {
        let mut audit = Audit::start();
        loop {
            if audit.entries() > 0 && audit.entries().is_multiple_of(PROGRESS_EVERY) {
                tracing::info!(entries = audit.entries(), "the journal is verified so far");
            }
            let mut reader = self.readers.reader(Freshness::MayLag).await?;
            reader.run(R::SNAPSHOT, &[]).await?;
            let verdict = audit.page(&mut *reader).await;
            reader.run("rollback", &[]).await?;
            if let Some(verdict) = verdict? {
                return Ok(verdict);
            }
        }
    }

    async fn loan_books(&self, after: Option<&LoanId>, limit: u32) -> Result<Vec<LoanBooks>, StoreError> {
        let mut reader = self.readers.reader(Freshness::MayLag).await?;
        reader.run(R::SNAPSHOT, &[]).await?;
        let page = loan_books::page(&mut *reader, after, limit).await;
        reader.run("rollback", &[]).await?;
        page
    }

    async fn loan_accounts(&self, after: Option<&str>, limit: u32) -> Result<Vec<(String, bool)>, StoreError> {
        let mut reader = self.readers.reader(Freshness::MayLag).await?;
        reader.run(R::SNAPSHOT, &[]).await?;
        let page = loan_books::accounts(&mut *reader, after, limit).await;
        reader.run("rollback", &[]).await?;
        page
    }

    async fn outbox(&self, after: u64, limit: u32) -> Result<OutboxPage, StoreError> {
        read::outbox(&mut *self.readers.reader(Freshness::Now).await?, after, limit).await
    }

    fn published(&self, number: u64) {
        self.writer.published(number);
    }

    async fn offset(&self, consumer: &str, shard: u16) -> Result<Option<u64>, StoreError> {
        read::offset(&mut *self.readers.reader(Freshness::Now).await?, consumer, shard).await
    }

    async fn close(&self) {
        self.writer.close().await;
        self.readers.close().await;
    }
}

#[async_trait]
impl<R: Readers> Parking for SqlStore<R> {
    async fn parked(
        &self,
        kind: Option<ParkedKind>,
        after: Option<(ParkedKind, &str)>,
        limit: u32,
    ) -> Result<Vec<Parked>, StoreError> {
        parked::parked(&mut *self.readers.reader(Freshness::Now).await?, kind, after, limit).await
    }

    async fn parked_item(&self, kind: ParkedKind, id: &str) -> Result<Option<Parked>, StoreError> {
        parked::item(&mut *self.readers.reader(Freshness::Now).await?, kind, id).await
    }

    async fn parked_before(&self, before: KnownTime, limit: u32) -> Result<Vec<Parked>, StoreError> {
        parked::before(&mut *self.readers.reader(Freshness::Now).await?, before, limit).await
    }

    async fn parked_counts(&self) -> Result<Vec<ParkedCount>, StoreError> {
        parked::counts(&mut *self.readers.reader(Freshness::Now).await?).await
    }
}
