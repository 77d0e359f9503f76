//! A member of a consumer group, on a thread of its own: takes partitions over, hands their records on in order, gives
//! them back. Where a partition is read from is the member's to say, as offsets live with the state that they produced;
//! what is committed to the brokers is for displays of lag alone.
//!
//! A partition whose member failed stays with this process and is tried again after a pause: the group is not disturbed,
//! and the other partitions go on.

#[cfg(test)]
mod counting;
mod holds;
mod rebalance;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rdkafka::config::{ClientConfig, FromClientConfigAndContext};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use weir_messages::{Position, Topic};

use super::client::BrokerError;
use super::{KafkaSettings, record};
use crate::log::Entry;
use holds::Holds;
use rebalance::Rebalancing;

/// The longest time without a call of `Member::pause`, where the member itself takes no longer.
const SLICE: Duration = Duration::from_millis(100);
/// Records handed over at most before the member may pause.
const MOST_ENTRIES: usize = 4_096;
const MOST_BYTES: usize = 16 << 20;
const COMMIT_EVERY: Duration = Duration::from_secs(1);

pub type MemberError = Box<dyn std::error::Error + Send + Sync>;

/// What a member does with the partitions it is given. All calls come from the member's own thread.
pub trait Member: Send {
    /// Takes the partition over (restores its state) and answers the first offset to read. After an error it is called
    /// again, after a pause, as long as the partition is this member's.
    fn assigned(&mut self, partition: u16) -> Result<u64, MemberError>;

    /// The next records of a partition, in order. After an error the partition's state is dropped, as in `lost`, and
    /// taken up again from `assigned`, after a pause.
    fn take(&mut self, partition: u16, entries: Vec<Entry>) -> Result<(), MemberError>;

    /// Every partition's records of one poll were taken: time to finish what is cheaper for all of them at once.
    /// Answers those that failed, with which it goes on as after an error of `take`.
    fn settle(&mut self) -> Vec<(u16, MemberError)> {
        Vec::new()
    }

    /// Between polls, at least every 100 ms: time to save what is due. Answers the offsets that are saved now; the
    /// group commits those that moved. After an error every partition is dropped and taken up again.
    fn pause(&mut self) -> Result<Vec<Position>, MemberError>;

    /// The partition goes to another member: save everything now.
    fn revoked(&mut self, partition: u16);

    /// The partition already belongs to another, or its last records were not taken: drop its state, save nothing.
    fn lost(&mut self, partition: u16);
}

#[derive(Debug, thiserror::Error)]
pub enum GroupError {
    #[error("the group refuses this member for good")]
    Refused(#[source] KafkaError),
    #[error("the member ended by a panic")]
    Panicked,
}

pub struct Group {
    consumer: BaseConsumer<Rebalancing>,
    stop: Arc<AtomicBool>,
    poll_interval: Duration,
    polled: Instant,
    committed: Instant,
}

/// A member at work. Dropping it stops it and waits.
#[derive(Debug)]
pub struct Running {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Result<(), GroupError>>>,
}

impl Group {
    /// Joins `group` for `topic`. The topic must be there.
    pub fn start(
        settings: &KafkaSettings,
        topic: Topic,
        group: &str,
        member: Box<dyn Member>,
    ) -> Result<Running, BrokerError> {
        let topic = settings.topic(topic);
        let context = Rebalancing::new(Holds::new(topic.clone(), member));
        let consumer = BaseConsumer::from_config_and_context(&config(settings, group), context);
        let consumer = consumer.map_err(BrokerError::refused("the group's settings"))?;
        consumer.subscribe(&[&topic]).map_err(BrokerError::refused("to subscribe"))?;
        let stop = Arc::new(AtomicBool::new(false));
        let (now, poll_interval) = (Instant::now(), Duration::from_millis(settings.max_poll_interval_ms.into()));
        let joined = Self { consumer, stop: Arc::clone(&stop), poll_interval, polled: now, committed: now };
        let thread = std::thread::Builder::new().name(group.to_owned()).spawn(|| joined.run());
        Ok(Running { stop, thread: Some(thread.expect("the system gives a thread")) })
    }

    /// At its end the consumer is dropped, which revokes what is held and leaves the group.
    fn run(mut self) -> Result<(), GroupError> {
        while !self.stop.load(Ordering::Acquire) {
            self.gather()?;
            self.hand_over();
            // Nothing is saved of what is another's; the next poll tells the member.
            if !self.was_given_up() {
                self.holds().retry(&self.consumer);
                self.pause();
            }
        }
        Ok(())
    }

    fn holds(&self) -> std::sync::MutexGuard<'_, Holds> {
        self.consumer.context().holds().expect("a panic of the member ends its thread")
    }

    /// Waits for the first record and takes what came with it. Rebalances happen in here, so what was gathered of a
    /// partition is kept with the hold on it and goes with it.
    fn gather(&mut self) -> Result<(), GroupError> {
        if self.was_given_up() {
            self.holds().drop_all(&self.consumer, &"the group has given this member up".into());
        }
        let (mut patience, mut entries, mut bytes) = (SLICE, 0, 0);
        while entries < MOST_ENTRIES && bytes < MOST_BYTES {
            match self.consumer.poll(patience) {
                None => break,
                Some(Ok(message)) => {
                    let entry = record::entry(&message);
                    (entries, bytes) = (entries + 1, bytes + record::size(&entry.record));
                    self.holds().gathered(entry);
                }
                Some(Err(error)) => self.check(error)?,
            }
            patience = Duration::ZERO;
        }
        self.polled = Instant::now();
        Ok(())
    }

    /// Whether the partitions are another's by now. The client alone does not know: when the poll interval passes while
    /// a rebalance waits for this thread, it still calls that one an orderly one.
    fn was_given_up(&self) -> bool {
        self.consumer.assignment_lost() || self.polled.elapsed() >= self.poll_interval
    }

    fn check(&self, error: KafkaError) -> Result<(), GroupError> {
        if matches!(error, KafkaError::MessageConsumptionFatal(_)) {
            return Err(GroupError::Refused(error));
        }
        match error.rdkafka_error_code() {
            // Of which partition is not said.
            Some(RDKafkaErrorCode::OffsetOutOfRange | RDKafkaErrorCode::AutoOffsetReset) => {
                self.holds().drop_out_of_range(&self.consumer);
            }
            Some(_) | None => tracing::warn!(%error, "the group's consumer goes on after an error"),
        }
        Ok(())
    }

    /// Stops as soon as it is known that the partitions are another's.
    fn hand_over(&self) {
        while !self.was_given_up() && self.holds().hand_over_one(&self.consumer) {}
        if !self.was_given_up() {
            self.holds().settle(&self.consumer);
        }
    }

    fn pause(&mut self) {
        self.holds().pause(&self.consumer);
        if self.committed.elapsed() >= COMMIT_EVERY {
            self.committed = Instant::now();
            self.holds().commit(&self.consumer);
        }
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

impl Running {
    /// Asks it to save, to leave its group and to end.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Release);
    }

    #[must_use]
    pub fn alive(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }

    /// Waits for its end. Blocking.
    pub fn join(mut self) -> Result<(), GroupError> {
        let thread = self.thread.take().expect("it is joined once");
        thread.join().unwrap_or(Err(GroupError::Panicked))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("a member of a group had ended by a panic");
        }
    }
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Group")
    }
}
