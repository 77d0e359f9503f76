//! The task that writes what waits, in batches. An error ends the connection, what was under way waits again, and a
//! moment later there is a new one: so a server that went away, froze or was filled up needs nobody to come back.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Cmd, Pipeline, RedisError};
use tokio::time::{sleep, timeout};
use weir_messages::{Causes, CustomerId, FeatureVector};

use super::{RedisSettings, Shared, latest};

/// Customers written at once.
const MAX_BATCH: usize = 256;
/// What comes within so long is written together.
const GATHER: Duration = Duration::from_millis(20);
/// Where nothing comes, the parameters are written again so often: a server that was flushed has them back, and one that
/// went away is noticed.
const IDLE: Duration = Duration::from_secs(1);
/// After an error.
const PAUSE: Duration = Duration::from_millis(500);
/// For a connection, and for the answer to a batch.
const PATIENCE: Duration = Duration::from_secs(2);

const NEWEST_WINS: &str = include_str!("newest_wins.lua");
const PARAMETERS: &str = "weir:parameters";

/// What decisions are made with now, by name.
pub(super) type Parameters = Box<dyn Fn() -> Vec<(String, String)> + Send + Sync>;

pub(super) struct Writer {
    pub(super) settings: RedisSettings,
    pub(super) shared: Arc<Shared>,
    /// Hash of the views, to stand beside each vector.
    pub(super) views: String,
    pub(super) parameters: Parameters,
    pub(super) connection: Option<MultiplexedConnection>,
}

impl Writer {
    pub(super) async fn run(mut self) {
        loop {
            let erased = self.shared.erasures.take(MAX_BATCH);
            let batch = self.shared.waiting().take(MAX_BATCH - erased.len());
            match self.write(&erased, &batch).await {
                Ok(newer) => {
                    self.shared.waiting().written();
                    if let Err(error) = self.shared.erasures.written() {
                        tracing::warn!(error = %Causes(&error), "written erasures are sent again after a restart");
                    }
                    self.shared.written.fetch_add(newer, Ordering::Relaxed);
                    self.answered(None);
                    self.gather().await;
                }
                Err(error) => {
                    self.connection = None;
                    self.shared.erasures.put_back(erased);
                    self.shared.waiting().put_back(batch);
                    self.shared.failed.fetch_add(1, Ordering::Relaxed);
                    self.answered(Some(&error));
                    sleep(PAUSE).await;
                }
            }
        }
    }

    /// Until something waits and others had the time to join it, or for as long as is idle.
    async fn gather(&self) {
        if self.shared.len() == 0 {
            timeout(IDLE, self.shared.offered.notified()).await.ok();
        }
        if self.shared.len() < MAX_BATCH {
            sleep(GATHER).await;
        }
    }

    /// How many were newer than what stood there.
    async fn write(&mut self, erased: &[CustomerId], batch: &[(CustomerId, FeatureVector)]) -> Result<u64, RedisError> {
        let mut commands = Pipeline::with_capacity(erased.len() + batch.len() + 1);
        commands.add_command(self.put_parameters()).ignore();
        for customer in erased {
            commands.add_command(self.put(customer, latest::ERASED, latest::erased_fields()));
        }
        for (customer, vector) in batch {
            let fields = latest::fields(vector, &self.views);
            commands.add_command(self.put(customer, &latest::order(vector), fields));
        }
        let newer: Vec<u64> = commands.query_async(self.connected().await?).await?;
        Ok(newer.iter().sum())
    }

    async fn connected(&mut self) -> Result<&mut MultiplexedConnection, RedisError> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => {
                let patient = AsyncConnectionConfig::new()
                    .set_connection_timeout(Some(PATIENCE))
                    .set_response_timeout(Some(PATIENCE));
                self.settings.client.get_multiplexed_async_connection_with_config(&patient).await?
            }
        };
        Ok(self.connection.insert(connection))
    }

    fn put_parameters(&self) -> Cmd {
        let mut command = redis::cmd("HSET");
        command.arg(PARAMETERS);
        for (name, value) in (self.parameters)() {
            command.arg(name).arg(value);
        }
        command.arg("views").arg(&self.views);
        command
    }

    /// The script goes along each time: Redis keeps it compiled, and none that it forgot has to be loaded again.
    fn put(&self, customer: &CustomerId, order: &str, fields: Vec<(String, String)>) -> Cmd {
        let mut command = redis::cmd("EVAL");
        command.arg(NEWEST_WINS).arg(1).arg(latest::key(customer));
        command.arg(order).arg(self.settings.expiry.as_secs());
        for (name, value) in fields {
            command.arg(name).arg(value);
        }
        command
    }

    /// Said once when it changes.
    fn answered(&self, error: Option<&RedisError>) {
        let before = self.shared.answers.swap(error.is_none(), Ordering::Relaxed);
        match error {
            Some(error) if before => {
                tracing::warn!(error = %Causes(error), "redis does not answer: the latest values wait");
            }
            None if !before => tracing::info!("redis answers"),
            Some(_) | None => {}
        }
    }
}
