//! Whose turn it is to relay the outbox and to look after payouts that nobody else does: one process at a time, by a
//! lock that its session holds. The lock goes with the session: at once when the process dies, and within seconds when
//! it or its host stands still.

use std::convert::Infallible;
use std::time::Duration;

use sqlx::PgConnection;
use sqlx::postgres::PgConnectOptions;
use tokio::sync::watch;
use weir_messages::Causes;

use super::session::jittered;
use super::{connect, in_time, outbox_head};
use crate::store::StoreError;
use crate::store::feed::Teller;
use crate::store::sql::{Answer, Row, Sql, failed};

const TRY_EVERY: Duration = Duration::from_millis(250);
/// The holder shows that it lives.
const SHOW_EVERY: Duration = Duration::from_secs(1);
const SHOWN_WITHIN: Duration = Duration::from_secs(2);

pub(super) struct Turn {
    pub(super) options: PgConnectOptions,
    pub(super) turn: watch::Sender<bool>,
    pub(super) teller: Teller,
}

impl Turn {
    /// Until it is aborted.
    pub(super) async fn take(self) {
        loop {
            let Err(error) = self.hold().await;
            if self.turn.send_replace(false) {
                tracing::warn!(error = %Causes(&error), "the turn to relay is lost, and asked for again");
            }
            tokio::time::sleep(jittered(TRY_EVERY)).await;
        }
    }

    /// Waits for the turn and has it until the connection fails.
    async fn hold(&self) -> Result<Infallible, StoreError> {
        let mut connection = connect(&self.options).await?;
        // A process that stands still shows no life: its session ends, and another gets the turn.
        connection.run("set idle_session_timeout = '5s'", &[]).await?;
        while !granted(&mut connection).await? {
            tokio::time::sleep(TRY_EVERY).await;
        }
        self.teller.reached(outbox_head(&mut connection).await?);
        self.turn.send_replace(true);
        tracing::info!("it is this process's turn to relay the outbox");
        loop {
            tokio::time::sleep(SHOW_EVERY).await;
            let shown = in_time(SHOWN_WITHIN, sqlx::raw_sql("select 1").execute(&mut connection)).await;
            shown.map_err(failed)?;
        }
    }
}

/// The number is ours among the locks of this database: `weir` in ASCII.
async fn granted(connection: &mut PgConnection) -> Answer<bool> {
    let sql = "select cast(pg_try_advisory_lock(2003134834) as integer)::bigint";
    Ok(connection.rows(sql, &[]).await?.first().map(|row| row.number(0)).transpose()? == Some(1))
}
