//! What the group decides reaches the member here, on its own thread, inside a poll or when the consumer closes.

use std::sync::{Mutex, MutexGuard};

use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, RebalanceProtocol};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{ClientContext, TopicPartitionList};

use super::holds::Holds;
use crate::log::kafka::client::Logged;

pub(super) struct Rebalancing(Mutex<Holds>);

impl Rebalancing {
    pub(super) const fn new(holds: Holds) -> Self {
        Self(Mutex::new(holds))
    }

    /// None after the member panicked: what it holds is in no state to be saved.
    pub(super) fn holds(&self) -> Option<MutexGuard<'_, Holds>> {
        self.0.lock().ok()
    }
}

impl ClientContext for Rebalancing {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        Logged.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        Logged.error(error, reason);
    }
}

impl ConsumerContext for Rebalancing {
    fn rebalance(&self, consumer: &BaseConsumer<Self>, kind: RDKafkaRespErr, partitions: &mut TopicPartitionList) {
        let done = if kind == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            self.assign(consumer, partitions)
        } else {
            self.revoke(consumer, partitions)
        };
        if let Err(error) = done {
            tracing::error!(%error, "a rebalance was not carried out");
        }
    }

    fn commit_callback(&self, result: KafkaResult<()>, _: &TopicPartitionList) {
        if let Err(error) = result {
            tracing::debug!(%error, "offsets were not committed; the lag that is shown is too large for a while");
        }
    }
}

impl Rebalancing {
    fn assign(&self, consumer: &BaseConsumer<Self>, partitions: &mut TopicPartitionList) -> KafkaResult<()> {
        // Closing waits for an answer, whoever gives it.
        let Some(mut holds) = self.holds() else { return consumer.incremental_assign(partitions) };
        let owed = holds.assign(consumer, partitions)?;
        consumer.incremental_assign(partitions)?;
        // The client remembers which were paused when it had them before.
        consumer.resume(partitions)?;
        consumer.pause(&owed)
    }

    fn revoke(&self, consumer: &BaseConsumer<Self>, partitions: &TopicPartitionList) -> KafkaResult<()> {
        if let Some(mut holds) = self.holds() {
            holds.revoke(consumer, partitions);
        }
        match consumer.rebalance_protocol() {
            RebalanceProtocol::Cooperative => consumer.incremental_unassign(partitions),
            RebalanceProtocol::Eager | RebalanceProtocol::None => consumer.unassign(),
        }
    }
}
