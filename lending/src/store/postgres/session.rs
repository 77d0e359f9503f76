//! One process's way of writing. Every group locks the row in `heads` first: so groups of all processes follow each
//! other, each reads what the one before has written, and no two can deadlock.
//!
//! What fails before COMMIT is sent did not happen, and is tried again. When the answer to COMMIT is lost, the next try
//! takes the same lock, which waits for the lost transaction to end, and then finds its group in `writers` or does not.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection};
use uuid::Uuid;
use weir_messages::Causes;

use super::news::payloads;
use super::{ANSWER_WITHIN, connect_to_write, in_time};
use crate::store::batch::{self, Heads, Written};
use crate::store::rows::{corrupt, signed, unsigned};
use crate::store::sql::{Answer, Row, Sql, Value, failed};
use crate::store::writer::Session;
use crate::store::{Chain, Commit, StoreError};

const RETRY_FIRST: Duration = Duration::from_millis(20);
const RETRY_LAST: Duration = Duration::from_millis(500);

pub(super) struct PgSession {
    options: PgConnectOptions,
    /// `None` after it was lost.
    connection: Option<PgConnection>,
    /// This process in the table `writers`.
    writer: String,
    /// The group at hand; each has its own number.
    group: i64,
}

impl PgSession {
    pub(super) async fn new(options: PgConnectOptions, mut connection: PgConnection) -> Answer<Self> {
        connection.run("delete from writers where at < now() - interval '30 days'", &[]).await?;
        Ok(Self { options, connection: Some(connection), writer: Uuid::new_v4().to_string(), group: 0 })
    }

    async fn connected(&mut self) -> Answer<&mut PgConnection> {
        if self.connection.is_none() {
            self.connection = Some(connect_to_write(&self.options).await?);
        }
        Ok(self.connection.as_mut().expect("it was just connected"))
    }

    /// One try. `doubtful` holds what an earlier one wrote whose COMMIT was not answered.
    async fn attempt(
        &mut self,
        group: &[Commit],
        published: Option<u64>,
        doubtful: &mut Option<Written>,
    ) -> Answer<Written> {
        let (number, writer) = (self.group, self.writer.clone());
        let connection = self.connected().await?;
        let heads = lock(connection).await?;
        if let Some(written) = doubtful.take() {
            match last_group(connection, &writer).await {
                Ok(last) if last == Some(number) => {
                    connection.run("rollback", &[]).await.ok();
                    return Ok(written);
                }
                Ok(_) => {}
                Err(error) => {
                    *doubtful = Some(written);
                    return Err(error);
                }
            }
        }
        let written = batch::write(connection, group, heads).await?;
        if let Some(published) = published {
            batch::acknowledge(connection, published).await?;
        }
        if published.is_none() && written.verdicts.iter().all(Result::is_err) {
            connection.run("rollback", &[]).await?;
            return Ok(written);
        }
        move_heads(connection, &written.heads, (&writer, number), &payloads(group, &written)).await?;
        *doubtful = Some(written.clone());
        // Whatever error comes now leaves it open whether the commit took effect.
        let commit = in_time(ANSWER_WITHIN, sqlx::raw_sql("commit").execute(connection));
        commit.await.map_err(|error| StoreError::Unavailable(Arc::new(error)))?;
        *doubtful = None;
        Ok(written)
    }
}

impl Session for PgSession {
    async fn write(&mut self, group: &[Commit], published: Option<u64>, patience: Instant) -> Answer<Written> {
        self.group += 1;
        let (mut doubtful, mut wait) = (None, RETRY_FIRST);
        loop {
            let error = match self.attempt(group, published, &mut doubtful).await {
                Ok(written) => return Ok(written),
                Err(error) => error,
            };
            // With the connection goes its transaction.
            self.connection = None;
            match error {
                StoreError::Unavailable(cause) if Instant::now() >= patience => {
                    let told = if doubtful.is_some() { StoreError::OutcomeUnknown } else { StoreError::Unavailable };
                    return Err(told(cause));
                }
                StoreError::Unavailable(cause) => {
                    tracing::warn!(error = %Causes(&*cause), ?wait, "a group of commits is tried again");
                    tokio::time::sleep(jittered(wait)).await;
                    wait = (wait * 2).min(RETRY_LAST);
                }
                error @ (StoreError::Database(_)
                | StoreError::Corrupt { .. }
                | StoreError::OutcomeUnknown(_)
                | StoreError::Aborted
                | StoreError::Closed) => return Err(error),
            }
        }
    }

    async fn acknowledge(&mut self, published: u64) -> Answer<()> {
        let acknowledged = batch::acknowledge(self.connected().await?, published).await;
        if acknowledged.is_err() {
            self.connection = None;
        }
        acknowledged
    }

    async fn close(self) -> Answer<()> {
        match self.connection {
            Some(connection) => connection.close().await.map_err(failed),
            None => Ok(()),
        }
    }
}

/// Between half of it and all of it, so that processes that failed together do not come back together.
pub(super) fn jittered(wait: Duration) -> Duration {
    wait.mul_f64(0.5 + fastrand::f64() / 2.0)
}

/// Begins, and waits for this process's turn. What is read after it is what the last group left.
async fn lock(connection: &mut PgConnection) -> Answer<Heads> {
    let sql = "begin; select number, hash, outbox from heads for update";
    let rows = in_time(ANSWER_WITHIN, sqlx::raw_sql(sql).fetch_all(connection)).await.map_err(failed)?;
    let row = rows.first().ok_or_else(|| corrupt("heads", "expected one row, found none"))?;
    let chain = Chain { number: unsigned(row.number(0)?), hash: row.text(1)?.into() };
    Ok(Heads { chain, outbox: unsigned(row.number(2)?) })
}

/// The last group that this process is known to have committed.
async fn last_group(connection: &mut PgConnection, writer: &str) -> Answer<Option<i64>> {
    let sql = "select last_group from writers where writer = $1";
    connection.rows(sql, &[Value::Text(writer)]).await?.first().map(|row| row.number(0)).transpose()
}

/// The last statement of a group: where journal and outbox now stand, whose group it was, and who must hear of it.
async fn move_heads(
    connection: &mut PgConnection,
    heads: &Heads,
    (writer, group): (&str, i64),
    payloads: &[String],
) -> Answer<()> {
    const SQL: &str = "
        with moved as (update heads set number = $1, hash = $2, outbox = $3),
             mine as (insert into writers (writer, last_group) values ($4, $5)
                      on conflict (writer) do update set last_group = excluded.last_group, at = now())
        select pg_notify('weir_lending', value->>0) from json_array_elements($6::json)";
    let payloads: Vec<_> = payloads.iter().map(|payload| [payload]).collect();
    let payloads = json!(payloads).to_string();
    let values = [
        Value::Number(signed(heads.chain.number)),
        Value::Text(heads.chain.hash.as_str()),
        Value::Number(signed(heads.outbox)),
        Value::Text(writer),
        Value::Number(group),
        Value::Text(&payloads),
    ];
    connection.run(SQL, &values).await
}
