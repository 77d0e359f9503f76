//! One consumer that reads one partition from any offset, without a group: it stands where the last read ended and
//! fetches ahead from there. Blocking.

use std::sync::Weak;
use std::time::{Duration, Instant};

use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::{Offset, TopicPartitionList};

use super::client::{ANSWER, BrokerError, Logged, kept};
use super::{KafkaSettings, record};
use crate::log::{Entry, MAX_READ_BYTES};

/// So long without looking whether the caller is still there.
const SLICE: Duration = Duration::from_millis(100);

pub(super) struct Reader {
    consumer: BaseConsumer<Logged>,
    topic: String,
    partition: u16,
    /// The offset of the next record that it gives.
    next: Option<u64>,
    /// The partition went at least to here when last looked at.
    end: u64,
}

/// Of whom nothing is left when the caller no longer waits.
pub(super) type Caller = Weak<()>;

impl Reader {
    pub(super) fn new(settings: &KafkaSettings, topic: String, partition: u16) -> Result<Self, BrokerError> {
        let mut config = settings.client();
        config
            // Never joined: the client takes no assignment without a name of a group.
            .set("group.id", settings.group("weir-readers"))
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("auto.offset.reset", "error")
            .set("isolation.level", "read_uncommitted")
            .set("queued.min.messages", "10000")
            .set("queued.max.messages.kbytes", "8192")
            // A client asks a broker one thing at a time: who moves elsewhere waits for the answer to be over.
            .set("fetch.wait.max.ms", "50")
            .set("fetch.queue.backoff.ms", "10")
            .set("fetch.error.backoff.ms", "100");
        let consumer = BaseConsumer::from_config_and_context(&config, Logged);
        let consumer = consumer.map_err(BrokerError::refused("a consumer's settings"))?;
        Ok(Self { consumer, topic, partition, next: None, end: 0 })
    }

    pub(super) const fn stands_at(&self) -> Option<u64> {
        self.next
    }

    /// As `EventLog::read` has it. After an error the reader is of no more use.
    pub(super) fn read(
        &mut self,
        from: u64,
        most: usize,
        wait: Duration,
        caller: &Caller,
    ) -> Result<Vec<Entry>, BrokerError> {
        let deadline = Instant::now() + wait;
        while self.next != Some(from) {
            self.move_to(from)?;
            if self.next.is_none() {
                let left = deadline.saturating_duration_since(Instant::now());
                if left.is_zero() || caller.strong_count() == 0 {
                    return Ok(Vec::new());
                }
                std::thread::sleep(left.min(SLICE));
            }
        }
        self.gather(from, most, deadline, caller)
    }

    /// Stands at `from`, or nowhere where the partition has not come so far.
    fn move_to(&mut self, from: u64) -> Result<(), BrokerError> {
        let (first, end) = self.kept()?;
        if from < first {
            return Err(self.out_of_range((first, end), from));
        }
        self.end = end;
        if from > end {
            self.next = None;
            return Ok(());
        }
        let mut place = TopicPartitionList::new();
        let offset = Offset::Offset(i64::try_from(from).unwrap_or(i64::MAX));
        let placed = place.add_partition_offset(&self.topic, i32::from(self.partition), offset);
        placed.and_then(|()| self.consumer.assign(&place)).map_err(BrokerError::refused("to read there"))?;
        self.next = Some(from);
        Ok(())
    }

    fn kept(&self) -> Result<(u64, u64), BrokerError> {
        kept(self.consumer.client(), &self.topic, self.partition)
    }

    fn out_of_range(&self, (first, end): (u64, u64), found: u64) -> BrokerError {
        BrokerError::OutOfRange { topic: self.topic.clone(), partition: self.partition, first, end, found }
    }

    /// What is there already, without waiting for more of it than was there when it was last looked at.
    fn gather(
        &mut self,
        from: u64,
        most: usize,
        deadline: Instant,
        caller: &Caller,
    ) -> Result<Vec<Entry>, BrokerError> {
        let (mut entries, mut next, mut bytes) = (Vec::new(), from, 0);
        while entries.len() < most && bytes < MAX_READ_BYTES {
            let enough = !entries.is_empty() && next >= self.end;
            let patience = if enough { Duration::ZERO } else { self.slice(deadline, next) };
            if let Some(entry) = self.poll(patience, next)? {
                next = entry.position.offset + 1;
                bytes += entry.record.value.len();
                entries.push(entry);
                continue;
            }
            if enough || caller.strong_count() == 0 {
                break;
            }
            if Instant::now() >= deadline && self.is_over(next, deadline)? {
                break;
            }
        }
        self.next = Some(next);
        Ok(entries)
    }

    /// Past the deadline it waits only for records that are known to be there.
    fn slice(&self, deadline: Instant, next: u64) -> Duration {
        let left = deadline.saturating_duration_since(Instant::now());
        let past = if self.end > next { SLICE / 10 } else { Duration::ZERO };
        if left.is_zero() { past } else { left.min(SLICE) }
    }

    /// Whether nothing is left to wait for: the partition ends at `next`. What is there must come in a stated time.
    fn is_over(&mut self, next: u64, deadline: Instant) -> Result<bool, BrokerError> {
        if self.end <= next {
            self.end = self.kept()?.1;
        }
        if self.end <= next {
            return Ok(true);
        }
        if deadline.elapsed() > ANSWER {
            return Err(BrokerError::Silent { waited: ANSWER, source: None });
        }
        Ok(false)
    }

    fn poll(&self, patience: Duration, next: u64) -> Result<Option<Entry>, BrokerError> {
        let error = match self.consumer.poll(patience) {
            None => return Ok(None),
            Some(Ok(message)) => return Ok(Some(record::entry(&message))),
            Some(Err(error)) => error,
        };
        match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::OffsetOutOfRange | RDKafkaErrorCode::AutoOffsetReset) => {
                Err(self.out_of_range(self.kept()?, next))
            }
            Some(code) if is_final(code) || matches!(error, KafkaError::MessageConsumptionFatal(_)) => {
                Err(BrokerError::refused(format!("to read {}", self.topic))(error))
            }
            // A connection that broke is made again; the deadline tells if it is not.
            Some(_) | None => Ok(None),
        }
    }
}

pub(super) fn is_final(code: RDKafkaErrorCode) -> bool {
    [
        RDKafkaErrorCode::UnknownTopic,
        RDKafkaErrorCode::UnknownPartition,
        RDKafkaErrorCode::UnknownTopicOrPartition,
        RDKafkaErrorCode::TopicAuthorizationFailed,
        RDKafkaErrorCode::GroupAuthorizationFailed,
        RDKafkaErrorCode::Authentication,
    ]
    .contains(&code)
}
