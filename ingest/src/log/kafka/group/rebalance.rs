//! What the group decides reaches the member here, on its own thread, inside a poll. The group waits meanwhile, and
//! gives up a member that takes longer than its poll interval, so nothing is opened here: what is assigned is noted, and
//! what is revoked is saved and closed in a stated time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{ClientContext, TopicPartitionList};

use super::fetching;
use super::holds::Holds;
use super::standing::Standing;
use crate::log::kafka::client::Logged;

pub(super) struct Rebalancing {
    holds: Arc<Mutex<Holds>>,
    /// For saving what is revoked.
    budget: Duration,
    standing: Arc<Standing>,
    /// Another client speaks for the member by now, or the member has ended.
    retired: AtomicBool,
}

impl Rebalancing {
    pub(super) const fn new(holds: Arc<Mutex<Holds>>, standing: Arc<Standing>, budget: Duration) -> Self {
        Self { holds, budget, standing, retired: AtomicBool::new(false) }
    }

    /// From here on the client's doings are no longer the member's.
    pub(super) fn retire(&self) {
        self.retired.store(true, Ordering::Relaxed);
    }

    /// None after the member panicked, too: what it holds is in no state to be saved.
    fn holds(&self) -> Option<MutexGuard<'_, Holds>> {
        if self.retired.load(Ordering::Relaxed) { None } else { self.holds.lock().ok() }
    }

    /// Nothing is fetched before it is taken over.
    fn assign(&self, consumer: &BaseConsumer<Self>, partitions: &TopicPartitionList) -> KafkaResult<()> {
        if let Some(mut holds) = self.holds() {
            holds.assign(&numbers(partitions));
        }
        consumer.incremental_assign(&TopicPartitionList::new())
    }

    fn revoke(&self, consumer: &BaseConsumer<Self>, partitions: &TopicPartitionList) -> KafkaResult<()> {
        if let Some(mut holds) = self.holds() {
            if consumer.assignment_lost() {
                holds.lose(&numbers(partitions));
            } else {
                holds.revoke(&numbers(partitions), self.budget);
                holds.commit(consumer);
            }
        }
        fetching::stop(consumer, partitions)
    }
}

impl ClientContext for Rebalancing {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        Logged.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        Logged.error(error, reason);
    }

    fn stats_raw(&self, statistics: &[u8]) {
        if !self.retired.load(Ordering::Relaxed) {
            self.standing.learn(statistics, Instant::now());
        }
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

fn numbers(partitions: &TopicPartitionList) -> Vec<u16> {
    partitions.elements().iter().filter_map(|one| u16::try_from(one.partition()).ok()).collect()
}
