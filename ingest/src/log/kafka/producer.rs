//! Appends through one idempotent producer, acknowledged by every replica in sync.
//!
//! **No gaps.** Readers of derived records drop repeats by the highest source offset they saw, so a record must never be
//! on the log while an earlier one of its partition and append is not. The producer is idempotent and keeps order over
//! retries, which leaves two ways to lose one record and keep its successor, and both are closed:
//! - *A record runs out of time.* None does: `message.timeout.ms` is 0, it is the caller who stops waiting. What was
//!   queued may still be written later, in its place, and sending it again is a repeat that readers drop.
//! - *A record is refused for good.* `enable.gapless.guarantee` makes that fatal for the producer, with everything
//!   behind it; a new one takes its place.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::config::{ClientConfig, FromClientConfigAndContext, RDKafkaLogLevel};
use rdkafka::error::KafkaError;
use rdkafka::producer::{BaseRecord, DeliveryResult, Producer as _, ProducerContext, ThreadedProducer};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use weir_messages::{Position, Record, Shard};

use super::KafkaSettings;
use super::client::{BrokerError, Logged, kept};
use super::record;
use super::topics::MOST_BYTES;

/// Bytes in units of `UNIT` that may wait for their acknowledgement.
const QUEUE_UNITS: usize = 65_536;
const UNIT: usize = 1_024;
/// What was queued by callers who stopped waiting is given so long when the log is closed.
const FLUSH: Duration = Duration::from_secs(5);

type Native = ThreadedProducer<Deliveries>;
type Positions = Result<Vec<Position>, BrokerError>;

pub(super) struct Producer {
    config: ClientConfig,
    current: Mutex<Arc<Native>>,
    queue: Arc<Semaphore>,
    patience: Duration,
    /// Since when it does not answer.
    silent: Mutex<Option<Instant>>,
}

impl Producer {
    pub(super) fn new(settings: &KafkaSettings) -> Result<Self, BrokerError> {
        let config = config(settings);
        let current = Mutex::new(Arc::new(native(&config)?));
        let queue = Arc::new(Semaphore::new(QUEUE_UNITS));
        Ok(Self { config, current, queue, patience: settings.append_timeout(), silent: Mutex::new(None) })
    }

    /// Each record goes to its key's own partition, an empty key too, as Java's and librdkafka's `murmur2_random` have
    /// it. All is queued at once, without a point where a caller who goes away could leave half of it.
    pub(super) async fn append(&self, topic: &str, partitions: u16, records: Vec<Record>) -> Positions {
        if let Some(found) = records.iter().map(record::size).find(|size| *size > MOST_BYTES) {
            return Err(BrokerError::TooLarge { most: MOST_BYTES, found });
        }
        let asked = Arc::clone(&self.current());
        let appended = async {
            let room = Arc::clone(&self.queue).acquire_many_owned(units(&records)).await;
            let (producer, answered) = self.queue(topic, partitions, &records, room.expect("it is never closed"));
            drop(records);
            let answer = answered.await.expect("every record that is queued is delivered or fails");
            if answer.is_err() {
                self.replace_if_fatal(&producer);
            }
            answer
        };
        let late = || Err(BrokerError::Silent { waited: self.patience, source: None });
        let answer = tokio::time::timeout(self.patience, appended).await.unwrap_or_else(|_elapsed| late());
        self.replace_if_silent(&asked, &answer);
        answer
    }

    fn queue(
        &self,
        topic: &str,
        partitions: u16,
        records: &[Record],
        room: OwnedSemaphorePermit,
    ) -> (Arc<Native>, oneshot::Receiver<Positions>) {
        let producer = Arc::clone(&self.current());
        let (batch, answered) = Batch::of(records.len(), room);
        for (index, record) in records.iter().enumerate() {
            let pending = Box::new(Pending { batch: Arc::clone(&batch), index });
            let queued = BaseRecord::with_opaque_to(topic, pending)
                .partition(i32::from(Shard::of(&record.key).partition(partitions)))
                .key(&record.key)
                .payload(&record.value)
                .headers(record::headers(record));
            if let Err((error, _)) = producer.send(queued) {
                batch.fail(BrokerError::refused(format!("a record for {topic}"))(error));
                break;
            }
        }
        (producer, answered)
    }

    /// The first offset that this partition keeps and the one its next record will have. Any client of the brokers can ask.
    pub(super) async fn kept(&self, topic: String, partition: u16) -> Result<(u64, u64), BrokerError> {
        let producer = Arc::clone(&self.current());
        let client = Arc::clone(&producer);
        let asked = tokio::task::spawn_blocking(move || kept(client.client(), &topic, partition));
        let answer = asked.await.expect("it does not panic");
        self.replace_if_silent(&producer, &answer);
        answer
    }

    /// Whose errors never end is replaced; the last append that waits for it drops it.
    fn replace_if_fatal(&self, failed: &Arc<Native>) {
        if let Some((_, reason)) = failed.client().fatal_error() {
            self.replace(failed, &reason);
        }
    }

    /// A client that hears of no broker from one that has just started forgets them all, for good (librdkafka's issue 5301).
    /// One that does not answer for longer than two callers wait is replaced. Brokers that are away look the same, and a new
    /// client does no harm.
    fn replace_if_silent<T>(&self, asked: &Arc<Native>, answer: &Result<T, BrokerError>) {
        let mut silent = self.silent.lock().unwrap_or_else(PoisonError::into_inner);
        if !matches!(answer, Err(BrokerError::Silent { .. })) {
            *silent = None;
        } else if silent.get_or_insert_with(Instant::now).elapsed() >= self.patience * 2 {
            *silent = None;
            self.replace(asked, "it does not answer");
        }
    }

    fn replace(&self, failed: &Arc<Native>, reason: &str) {
        let mut current = self.current();
        if Arc::ptr_eq(&current, failed) {
            tracing::error!(reason, "the producer is replaced");
            match native(&self.config) {
                Ok(fresh) => *current = Arc::new(fresh),
                Err(error) => tracing::error!(error = %weir_messages::Causes(&error), "no producer to replace it"),
            }
        }
    }

    fn current(&self) -> MutexGuard<'_, Arc<Native>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Producer {
    /// Without this, what is queued would be thrown away.
    fn drop(&mut self) {
        if let Err(error) = self.current().flush(FLUSH) {
            tracing::warn!(%error, "unacknowledged records were given up");
        }
    }
}

fn config(settings: &KafkaSettings) -> ClientConfig {
    let mut config = settings.client();
    config
        .set("enable.idempotence", "true")
        .set("enable.gapless.guarantee", "true")
        .set("acks", "all")
        .set("message.timeout.ms", "0")
        .set("message.max.bytes", MOST_BYTES.to_string())
        .set("compression.type", "lz4")
        // For whoever reads the configuration: the partition is chosen by us, and is the same one.
        .set("partitioner", "murmur2_random")
        // One request at a time, sent at once: what comes while it is under way goes together in the next. A single
        // record waits for nothing, and thousands a second make large batches.
        .set("linger.ms", "0")
        .set("max.in.flight.requests.per.connection", "1")
        // The queue is bounded by us, in bytes.
        .set("queue.buffering.max.messages", "0")
        .set("queue.buffering.max.kbytes", "2097151");
    config
}

fn native(config: &ClientConfig) -> Result<Native, BrokerError> {
    Native::from_config_and_context(config, Deliveries).map_err(BrokerError::refused("the producer's settings"))
}

/// What an append of these records takes of the queue. One larger than the queue waits until it has the whole of it.
fn units(records: &[Record]) -> u32 {
    let bytes: usize = records.iter().map(record::size).sum();
    u32::try_from((bytes / UNIT + 1).min(QUEUE_UNITS)).expect("the queue's size fits")
}

/// One append under way.
struct Batch(Mutex<Outstanding>);

struct Outstanding {
    positions: Vec<Position>,
    left: usize,
    answer: Option<oneshot::Sender<Positions>>,
    _room: OwnedSemaphorePermit,
}

struct Pending {
    batch: Arc<Batch>,
    index: usize,
}

impl Batch {
    fn of(records: usize, room: OwnedSemaphorePermit) -> (Arc<Self>, oneshot::Receiver<Positions>) {
        let (answer, answered) = oneshot::channel();
        let nowhere = Position { partition: 0, offset: 0 };
        let outstanding =
            Outstanding { positions: vec![nowhere; records], left: records, answer: Some(answer), _room: room };
        (Arc::new(Self(Mutex::new(outstanding))), answered)
    }

    fn outstanding(&self) -> MutexGuard<'_, Outstanding> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stands_at(&self, index: usize, position: Position) {
        let mut outstanding = self.outstanding();
        outstanding.positions[index] = position;
        outstanding.left -= 1;
        if outstanding.left == 0
            && let Some(answer) = outstanding.answer.take()
        {
            // A caller who went away needs no answer.
            answer.send(Ok(std::mem::take(&mut outstanding.positions))).ok();
        }
    }

    fn fail(&self, error: BrokerError) {
        if let Some(answer) = self.outstanding().answer.take() {
            answer.send(Err(error)).ok();
        }
    }
}

/// What the producer's own thread is told.
struct Deliveries;

impl ClientContext for Deliveries {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        Logged.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        Logged.error(error, reason);
    }
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = Box<Pending>;

    fn delivery(&self, delivered: &DeliveryResult<'_>, pending: Box<Pending>) {
        let Pending { batch, index } = *pending;
        match delivered {
            Ok(message) if record::offset(message).is_some() => batch.stands_at(index, record::position(message)),
            // A repeat that the broker recognised after it had forgotten where the first one is.
            Ok(_) => batch.fail(BrokerError::PlaceUnknown),
            Err((error, _)) => batch.fail(BrokerError::refused("a record")(error.clone())),
        }
    }
}

#[cfg(test)]
mod tests {
    use rdkafka::mocking::MockCluster;
    use weir_messages::Topic;

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_producer_that_is_silent_for_longer_than_two_callers_wait_is_replaced() {
        let cluster = MockCluster::new(1).unwrap();
        let settings = KafkaSettings { append_timeout_ms: 300, ..KafkaSettings::plain(cluster.bootstrap_servers()) };
        let topic = settings.topic(Topic::Events);
        cluster.create_topic(&topic, 1, 1).unwrap();
        let producer = Producer::new(&settings).unwrap();
        let append = async || {
            let record = Record { key: "k".to_owned(), headers: Vec::new(), value: b"v".to_vec() };
            producer.append(&topic, 1, vec![record]).await
        };
        let appended = async || {
            let began = Instant::now();
            while append().await.is_err() {
                assert!(began.elapsed() < Duration::from_secs(30), "nothing is appended");
            }
        };
        appended().await;
        let first = Arc::clone(&producer.current());
        append().await.unwrap();
        assert!(Arc::ptr_eq(&first, &producer.current()));
        cluster.broker_down(1).unwrap();
        let mut failed = 0;
        while Arc::ptr_eq(&first, &producer.current()) {
            assert!(matches!(append().await, Err(BrokerError::Silent { .. })));
            failed += 1;
            assert!(failed < 20, "it is never replaced");
        }
        assert!(failed > 2, "brokers may be away for a moment");
        cluster.broker_up(1).unwrap();
        appended().await;
    }
}
