//! The client that is a member of the group on a member's behalf.

use std::fmt;
use std::ops::Deref;
use std::sync::mpsc;
use std::time::Duration;

use rdkafka::config::{ClientConfig, FromClientConfigAndContext};
use rdkafka::consumer::{BaseConsumer, Consumer};

use super::rebalance::Rebalancing;
use super::standing::TOLD_EVERY_MS;
use crate::log::kafka::KafkaSettings;
use crate::log::kafka::client::BrokerError;

/// So long a client may take to leave its group. With its broker away it may never get there, and is left behind.
const MAX_LEAVE: Duration = Duration::from_secs(5);

/// Dropped, it leaves the group.
pub(super) struct GroupConsumer(Option<BaseConsumer<Rebalancing>>);

impl GroupConsumer {
    pub(super) fn join(
        settings: &KafkaSettings,
        topic: &str,
        group: &str,
        context: Rebalancing,
    ) -> Result<Self, BrokerError> {
        let consumer = BaseConsumer::from_config_and_context(&config(settings, group), context);
        let consumer = consumer.map_err(BrokerError::refused("the group's settings"))?;
        consumer.subscribe(&[topic]).map_err(BrokerError::refused("to subscribe"))?;
        Ok(Self(Some(consumer)))
    }

    /// Leaves the group, within `MAX_LEAVE`. What it does from here on is no longer the member's.
    pub(super) fn leave(&mut self) {
        let Some(consumer) = self.0.take() else { return };
        consumer.context().retire();
        let (left, leaving) = mpsc::channel::<()>();
        // The client's own drop has no limit.
        let thread = std::thread::Builder::new().name("weir-leaving".to_owned()).spawn(move || {
            drop(consumer);
            drop(left);
        });
        if thread.is_ok() && leaving.recv_timeout(MAX_LEAVE) == Err(mpsc::RecvTimeoutError::Timeout) {
            tracing::warn!("a member did not get through to its group to leave it; the group will miss it");
        }
    }
}

impl Deref for GroupConsumer {
    type Target = BaseConsumer<Rebalancing>;

    fn deref(&self) -> &Self::Target {
        self.0.as_ref().expect("who leaves joins anew or ends")
    }
}

impl Drop for GroupConsumer {
    fn drop(&mut self) {
        self.leave();
    }
}

impl fmt::Debug for GroupConsumer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GroupConsumer")
    }
}

fn config(settings: &KafkaSettings, group: &str) -> ClientConfig {
    let mut config = settings.client();
    let heartbeat = settings.session_timeout_ms / 20;
    config
        .set("group.id", settings.group(group))
        .set("partition.assignment.strategy", "cooperative-sticky")
        .set("session.timeout.ms", settings.session_timeout_ms.to_string())
        // A rebalance is noticed by a heartbeat.
        .set("heartbeat.interval.ms", heartbeat.to_string())
        .set("max.poll.interval.ms", settings.max_poll_interval_ms.to_string())
        .set("statistics.interval.ms", TOLD_EVERY_MS.to_string())
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("auto.offset.reset", "error")
        .set("queued.max.messages.kbytes", "32768")
        // Else a full queue would rest for a second.
        .set("fetch.queue.backoff.ms", "5")
        .set("fetch.error.backoff.ms", "100")
        .set("fetch.wait.max.ms", "100")
        .set("max.partition.fetch.bytes", "4194304");
    config
}
