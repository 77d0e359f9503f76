//! The log in one folder, for one process: a keyspace a topic, a row a record, its offset the key. One partition.

use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use async_trait::async_trait;
use fjall::config::{BlockSizePolicy, CompressionPolicy, FilterPolicy};
use fjall::{CompressionType, Database, Keyspace};
use tokio::sync::{Semaphore, oneshot, watch};
use weir_messages::{Position, Record, Tasks, Topic};

use super::writer::{Append, Disk, DiskError, PerTopic, QUEUE_UNITS, Row, TASK, Writer, units};
use super::{Entry, EventLog, LogError, MAX_READ_BYTES, codec};
use crate::database;

/// So close to the end rows are read where they are asked for.
const AT_THE_TAIL: u64 = 64;

/// Dropping it ends the writer after everything that was sent before.
#[derive(Debug)]
pub struct EmbeddedLog {
    requests: Option<mpsc::Sender<Append>>,
    queue: Arc<Semaphore>,
    ends: PerTopic<watch::Receiver<u64>>,
    rows: PerTopic<Rows>,
    writer: Option<JoinHandle<()>>,
}

/// The rows of one topic.
#[derive(Clone)]
struct Rows(Keyspace);

fn failed(error: impl std::error::Error + Send + Sync + 'static) -> LogError {
    LogError::Storage(Box::new(error))
}

impl EmbeddedLog {
    /// Opens or creates the log in `folder`, which is this process's alone.
    pub fn open(folder: &Path) -> Result<Self, LogError> {
        Self::open_watched(folder, &Tasks::default())
    }

    /// The same; that a write has failed, after which no other is taken, is told to `tasks`.
    pub fn open_watched(folder: &Path, tasks: &Tasks) -> Result<Self, LogError> {
        let database = database::open(folder).map_err(failed)?;
        let rows = PerTopic::try_new(|topic| Rows::open(&database, topic))?;
        let ends = PerTopic::try_new(|topic| rows.get(topic).end(topic).map(|end| watch::channel(end).0))?;
        let (requests, receiver) = mpsc::channel();
        let queue = Arc::new(Semaphore::new(QUEUE_UNITS));
        let watched = ends.map(watch::Sender::subscribe);
        let disk = Fjall { database, rows: rows.map(Rows::clone) };
        let writer = Writer::new(disk, receiver, Arc::clone(&queue), ends, tasks.clone());
        let tasks = tasks.clone();
        let run = move || {
            tasks.run(TASK, || writer.run());
        };
        let thread = std::thread::Builder::new().name(TASK.to_owned()).spawn(run).map_err(failed)?;
        Ok(Self { requests: Some(requests), queue, ends: watched, rows, writer: Some(thread) })
    }
}

impl Drop for EmbeddedLog {
    fn drop(&mut self) {
        self.requests = None;
        if let Some(writer) = self.writer.take()
            && writer.join().is_err()
        {
            tracing::error!("the log's writer had ended by a panic");
        }
    }
}

#[async_trait]
impl EventLog for EmbeddedLog {
    async fn append(&self, topic: Topic, records: Vec<Record>) -> Result<Vec<Position>, LogError> {
        if records.is_empty() {
            return Ok(Vec::new());
        }
        let values: Vec<_> = records.iter().map(codec::encode).collect();
        drop(records);
        let count = values.len() as u64;
        let room = Arc::clone(&self.queue).acquire_many_owned(units(&values)).await.map_err(failed)?;
        let (answer, answered) = oneshot::channel();
        // Nothing is awaited between taking room and sending: the writer counts on it.
        let requests = self.requests.as_ref().ok_or(LogError::Closed)?;
        requests.send(Append { topic, values, room, answer }).map_err(|_| LogError::Closed)?;
        let first = answered.await.map_err(|_| LogError::Closed)??;
        Ok((first..first + count).map(|offset| Position { partition: 0, offset }).collect())
    }

    async fn read(&self, topic: Topic, from: Position, most: usize, wait: Duration) -> Result<Vec<Entry>, LogError> {
        the_only_partition(from.partition)?;
        let mut end = self.ends.get(topic).clone();
        if *end.borrow() <= from.offset {
            match tokio::time::timeout(wait, end.wait_for(|end| *end > from.offset)).await {
                Ok(there) => drop(there.map_err(|_| LogError::Closed)?),
                Err(_elapsed) => return Ok(Vec::new()),
            }
        }
        let (rows, end) = (self.rows.get(topic).clone(), *end.borrow());
        // The newest rows are in memory: handing them to another thread would take longer than reading them.
        if end - from.offset <= AT_THE_TAIL {
            return rows.read(topic, from.offset, most, end);
        }
        tokio::task::spawn_blocking(move || rows.read(topic, from.offset, most, end)).await.map_err(failed)?
    }

    async fn start(&self, topic: Topic, partition: u16) -> Result<u64, LogError> {
        the_only_partition(partition)?;
        // Looked at first: a record that comes between the two is not before the start.
        let end = *self.ends.get(topic).borrow();
        Ok(self.rows.get(topic).start(topic)?.unwrap_or(end))
    }

    async fn end(&self, topic: Topic, partition: u16) -> Result<u64, LogError> {
        the_only_partition(partition)?;
        Ok(*self.ends.get(topic).borrow())
    }

    fn partitions(&self, _: Topic) -> u16 {
        1
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the embedded log has partition 0 alone, and was asked for {0}")]
struct NoPartition(u16);

fn the_only_partition(partition: u16) -> Result<(), LogError> {
    if partition == 0 { Ok(()) } else { Err(failed(NoPartition(partition))) }
}

impl Rows {
    fn open(database: &Database, topic: Topic) -> Result<Self, LogError> {
        // Read in ranges and never asked for what is not there: large compressed blocks, no filters.
        let options = || {
            database::options()
                .data_block_compression_policy(CompressionPolicy::all(CompressionType::Lz4))
                .data_block_size_policy(BlockSizePolicy::all(16 << 10))
                .filter_policy(FilterPolicy::disabled())
        };
        database.keyspace(topic.name(), options).map(Self).map_err(failed)
    }

    /// `None` when there is no row.
    fn start(&self, topic: Topic) -> Result<Option<u64>, LogError> {
        self.0.first_key_value().map(|first| offset(topic, first)).transpose()
    }

    fn end(&self, topic: Topic) -> Result<u64, LogError> {
        self.0.last_key_value().map_or(Ok(0), |last| offset(topic, last).map(|offset| offset + 1))
    }

    fn read(&self, topic: Topic, from: u64, most: usize, end: u64) -> Result<Vec<Entry>, LogError> {
        let (mut entries, mut bytes) = (Vec::new(), 0);
        for (row, offset) in self.0.range(from.to_be_bytes()..).take(most).zip(from..) {
            let (key, value) = row.into_inner().map_err(failed)?;
            if key.as_ref() != offset.to_be_bytes() {
                return Err(self.missing(topic, (from, offset), end)?);
            }
            let record = codec::decode(&value).map_err(|reason| corrupt(topic, offset, reason))?;
            entries.push(Entry { position: Position { partition: 0, offset }, record });
            bytes += value.len();
            if bytes >= MAX_READ_BYTES {
                break;
            }
        }
        Ok(entries)
    }

    /// Why there is no row at `offset` for a read from `from`: it is kept no more, or the log is damaged.
    fn missing(&self, topic: Topic, (from, offset): (u64, u64), end: u64) -> Result<LogError, LogError> {
        let first = self.start(topic)?.unwrap_or(end);
        if offset < first {
            return Ok(LogError::OutOfRange { topic, partition: 0, first, end, found: from });
        }
        Ok(corrupt(topic, offset, "it is missing"))
    }
}

fn offset(topic: Topic, row: fjall::Guard) -> Result<u64, LogError> {
    let key = row.key().map_err(failed)?;
    key.as_ref().try_into().map(u64::from_be_bytes).map_err(|_| corrupt(topic, 0, "its key is no offset"))
}

fn corrupt(topic: Topic, offset: u64, reason: &str) -> LogError {
    LogError::Corrupt { topic, partition: 0, offset, reason: reason.to_owned() }
}

impl std::fmt::Debug for Rows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Rows({})", self.0.path().display())
    }
}

struct Fjall {
    database: Database,
    rows: PerTopic<Rows>,
}

impl Disk for Fjall {
    fn write(&mut self, rows: Vec<Row>) -> Result<(), DiskError> {
        let mut batch = database::durable_batch(&self.database);
        for Row { topic, offset, value } in rows {
            batch.insert(&self.rows.get(topic).0, offset.to_be_bytes(), value);
        }
        Ok(batch.commit()?)
    }
}

#[cfg(test)]
mod tests {
    use super::super::contract;
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn the_embedded_log_keeps_the_contract() {
        contract::all(
            async |folder: &Path| EmbeddedLog::open(folder).map(|log| Arc::new(log) as Arc<dyn EventLog>),
            async |folder: &Path, before: Position| {
                let log = EmbeddedLog::open(folder).unwrap();
                (0..before.offset).for_each(|offset| remove(&log, Topic::Events, offset));
            },
        )
        .await;
    }

    fn remove(log: &EmbeddedLog, topic: Topic, offset: u64) {
        log.rows.get(topic).0.remove(offset.to_be_bytes()).unwrap();
    }

    #[tokio::test]
    async fn a_folder_has_one_owner_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let log = EmbeddedLog::open(folder.path()).unwrap();
        assert!(EmbeddedLog::open(folder.path()).is_err());
        drop(log);
        EmbeddedLog::open(folder.path()).unwrap();
    }

    #[tokio::test]
    async fn another_partition_is_refused_by_number() {
        let folder = tempfile::tempdir().unwrap();
        let log = EmbeddedLog::open(folder.path()).unwrap();
        assert!(log.end(Topic::Events, 1).await.is_err());
        let there = Position { partition: 1, offset: 0 };
        assert!(log.read(Topic::Events, there, 1, Duration::ZERO).await.is_err());
    }

    #[tokio::test]
    async fn a_row_that_is_gone_or_damaged_is_said_and_not_skipped() {
        let folder = tempfile::tempdir().unwrap();
        let log = EmbeddedLog::open(folder.path()).unwrap();
        let record = Record { key: "c1".to_owned(), headers: Vec::new(), value: b"{}".to_vec() };
        log.append(Topic::Events, vec![record; 3]).await.unwrap();
        let start = Position { partition: 0, offset: 0 };
        for (damage, offset) in [(Some(b"\x09".as_slice()), 2), (None, 1)] {
            let (rows, key) = (&log.rows.get(Topic::Events).0, u64::to_be_bytes(offset));
            match damage {
                Some(bytes) => rows.insert(key, bytes).unwrap(),
                None => rows.remove(key).unwrap(),
            }
            let read = log.read(Topic::Events, start, 9, Duration::ZERO).await.unwrap_err();
            assert!(matches!(read, LogError::Corrupt { offset: at, .. } if at == offset), "{read}");
        }
    }

    #[tokio::test]
    async fn a_read_ends_at_its_most_bytes_and_the_next_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let log = EmbeddedLog::open(folder.path()).unwrap();
        let record = Record { key: "c1".to_owned(), headers: Vec::new(), value: vec![b'x'; 1 << 20] };
        log.append(Topic::Events, vec![record; 20]).await.unwrap();
        let (mut from, mut read) = (Position { partition: 0, offset: 0 }, Vec::new());
        while from.offset < 20 {
            let entries = log.read(Topic::Events, from, 1_000, Duration::ZERO).await.unwrap();
            from.offset += entries.len() as u64;
            read.push(entries.len());
        }
        assert_eq!(read, [16, 4]);
    }
}
