//! Keeps the embedded log within its retention, and says how large it is. Nothing goes that is still needed: events that
//! the fold has not saved, decisions that lending does not have.

use std::sync::Arc;
use std::time::Duration;

use weir_ingest::log::{EmbeddedLog, LogError, Retention};
use weir_lending::api::{Lending, LendingError};
use weir_messages::{Causes, Clock, Topic};

use crate::decisions::CONSUMER;
use crate::http::App;
use crate::vitals::Vitals;

/// How often the oldest records are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// Topics that the embedded log has records of.
const TOPICS: [Topic; 3] = [Topic::Events, Topic::Decisions, Topic::DeadLetters];

#[derive(Debug, thiserror::Error)]
enum RetentionError {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Lending(#[from] LendingError),
}

pub(super) struct Trimming {
    log: Arc<EmbeddedLog>,
    retention: Retention,
    clock: Arc<dyn Clock>,
    vitals: Arc<Vitals>,
    lending: Lending,
}

impl Trimming {
    pub(super) fn of(log: Arc<EmbeddedLog>, retention: Retention, app: &App) -> Self {
        let desk = app.desk.as_ref().expect("the only process runs every role");
        let (clock, vitals, lending) = (Arc::clone(&app.clock), Arc::clone(&app.vitals), desk.lending.clone());
        Self { log, retention, clock, vitals, lending }
    }

    pub(super) async fn run(self) {
        let mut look = tokio::time::interval(LOOK_EVERY);
        // State is on the disk some seconds after it was saved: a look goes by what was saved at the one before.
        let mut saved = 0;
        loop {
            look.tick().await;
            if let Err(error) = self.look(saved).await {
                tracing::warn!(error = %Causes(&error), "old records of the log wait to be removed");
            }
            saved = self.vitals.saved();
        }
    }

    async fn look(&self, saved: u64) -> Result<(), RetentionError> {
        let delivered = self.lending.offset(CONSUMER, 0).await?.unwrap_or(0);
        for topic in TOPICS {
            let needed = match topic {
                Topic::Events => saved,
                Topic::Decisions => delivered,
                Topic::DeadLetters | Topic::Intake | Topic::EntityEvents | Topic::Features => u64::MAX,
            };
            self.retain(topic, needed).await?;
        }
        Ok(())
    }

    async fn retain(&self, topic: Topic, needed: u64) -> Result<(), LogError> {
        let (log, now) = (Arc::clone(&self.log), self.clock.now());
        let retention = self.retention.of(topic);
        let work = move || log.retain(topic, retention, now, needed).map(|start| (start, log.disk_space(topic)));
        let (start, bytes) = tokio::task::spawn_blocking(work).await.expect("trimming does not panic")?;
        let name = topic.name();
        #[allow(clippy::cast_precision_loss, reason = "figures on a chart")]
        let (start, bytes) = (start as f64, bytes as f64);
        metrics::gauge!("weir_log_start_offset", "topic" => name).set(start);
        metrics::gauge!("weir_log_bytes", "topic" => name).set(bytes);
        Ok(())
    }
}
