//! The log in one folder, for one process: a keyspace a topic, a row a record, its offset the key. One partition.

mod retention;
mod rows;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use async_trait::async_trait;
use fjall::Database;
use tokio::sync::{Semaphore, oneshot, watch};
use weir_messages::{Position, Record, Tasks, Topic};

use super::writer::{Append, Disk, DiskError, PerTopic, QUEUE_UNITS, Row, TASK, Writer, units};
use super::{Entry, EventLog, LogError, codec};
use crate::database;
pub use retention::{Retention, TopicRetention};
use rows::Rows;

/// Keyspace of the first offset that is kept of each topic; no topic has this name.
const STARTS: &str = "starts";
/// So close to the end rows are read where they are asked for.
const AT_THE_TAIL: u64 = 64;

/// Dropping it ends the writer after everything that was sent before.
pub struct EmbeddedLog {
    requests: Option<mpsc::Sender<Append>>,
    queue: Arc<Semaphore>,
    ends: PerTopic<watch::Receiver<u64>>,
    rows: PerTopic<Rows>,
    database: Database,
    writer: Option<JoinHandle<()>>,
    tasks: Tasks,
}

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
        let starts = database.keyspace(STARTS, database::options).map_err(failed)?;
        let rows = PerTopic::try_new(|topic| Rows::open(&database, &starts, topic))?;
        let ends = PerTopic::try_new(|topic| rows.get(topic).end().map(|end| watch::channel(end).0))?;
        let (requests, receiver) = mpsc::channel();
        let queue = Arc::new(Semaphore::new(QUEUE_UNITS));
        let watched = ends.map(watch::Sender::subscribe);
        let disk = Fjall { database: database.clone(), rows: rows.map(Rows::clone) };
        let writer = Writer::new(disk, receiver, Arc::clone(&queue), ends, tasks.clone());
        let tasks = tasks.part();
        let part = tasks.clone();
        let run = move || {
            part.run(TASK, || writer.run());
        };
        let thread = std::thread::Builder::new().name(TASK.to_owned()).spawn(run).map_err(failed)?;
        Ok(Self { requests: Some(requests), queue, ends: watched, rows, database, writer: Some(thread), tasks })
    }
}

impl std::fmt::Debug for EmbeddedLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EmbeddedLog").field("rows", &self.rows).finish_non_exhaustive()
    }
}

impl Drop for EmbeddedLog {
    fn drop(&mut self) {
        self.tasks.stop();
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
            return rows.read(from.offset, most, end);
        }
        tokio::task::spawn_blocking(move || rows.read(from.offset, most, end)).await.map_err(failed)?
    }

    async fn start(&self, topic: Topic, partition: u16) -> Result<u64, LogError> {
        the_only_partition(partition)?;
        Ok(self.rows.get(topic).start())
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

struct Fjall {
    database: Database,
    rows: PerTopic<Rows>,
}

impl Disk for Fjall {
    fn write(&mut self, rows: Vec<Row>) -> Result<(), DiskError> {
        let mut batch = database::durable_batch(&self.database);
        for Row { topic, offset, value } in rows {
            batch.insert(self.rows.get(topic).keyspace(), offset.to_be_bytes(), value);
        }
        Ok(batch.commit()?)
    }
}
