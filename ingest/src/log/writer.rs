//! Group commit: one thread takes every append that waits, writes them as one durable batch, then answers them all and
//! wakes the readers. What is written where is the disk's part.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};
use weir_messages::{Causes, Tasks, Topic};

use super::LogError;

/// How long a group is held open for an append that is already on its way.
const COLLECT: Duration = Duration::from_millis(1);
/// Bytes in units of `UNIT`: what may wait or be under way, and where a group is closed.
pub(super) const QUEUE_UNITS: usize = 65_536;
const GROUP_UNITS: usize = 8_192;
const UNIT: usize = 1_024;

pub(super) type DiskError = Box<dyn std::error::Error + Send + Sync>;

/// A row of a topic, under its offset.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) topic: Topic,
    pub(super) offset: u64,
    pub(super) value: Vec<u8>,
}

pub(super) trait Disk: Send + 'static {
    /// All rows or none, durable before it returns.
    fn write(&mut self, rows: Vec<Row>) -> Result<(), DiskError>;
}

/// One caller's records, and where its answer goes: the offset of the first.
#[derive(Debug)]
pub(super) struct Append {
    pub(super) topic: Topic,
    pub(super) values: Vec<Vec<u8>>,
    pub(super) room: OwnedSemaphorePermit,
    pub(super) answer: oneshot::Sender<Result<u64, LogError>>,
}

/// What an append of these records takes of the queue. One larger than the queue waits until it has the whole of it.
pub(super) fn units(values: &[Vec<u8>]) -> u32 {
    let bytes: usize = values.iter().map(|value| value.len() + 32).sum();
    u32::try_from((bytes / UNIT + 1).min(QUEUE_UNITS)).expect("the queue's size fits")
}

/// One for each topic.
#[derive(Debug)]
pub(super) struct PerTopic<T>([T; Topic::ALL.len()]);

impl<T> PerTopic<T> {
    pub(super) fn try_new<E>(of: impl FnMut(Topic) -> Result<T, E>) -> Result<Self, E> {
        let each = Topic::ALL.into_iter().map(of).collect::<Result<Vec<T>, E>>()?;
        Ok(Self(each.try_into().unwrap_or_else(|_| unreachable!("one for each topic"))))
    }

    pub(super) fn map<U>(&self, of: impl FnMut(&T) -> U) -> PerTopic<U> {
        PerTopic(self.0.each_ref().map(of))
    }

    pub(super) fn get(&self, topic: Topic) -> &T {
        &self.0[topic as usize]
    }

    fn get_mut(&mut self, topic: Topic) -> &mut T {
        &mut self.0[topic as usize]
    }
}

pub(super) struct Writer<D> {
    disk: D,
    requests: Receiver<Append>,
    queue: Arc<Semaphore>,
    /// The offset that the next record has; readers wait on it.
    ends: PerTopic<watch::Sender<u64>>,
    /// After one write failed nobody knows what the disk holds: only opening the log again tells.
    failed: Option<Arc<DiskFailed>>,
    tasks: Tasks,
}

/// The writer's name among the tasks of the process, and its thread's.
pub(super) const TASK: &str = "log-writer";

#[derive(Debug, thiserror::Error)]
#[error("a write failed; the log takes no more until it is opened again")]
struct DiskFailed(#[source] DiskError);

impl<D: Disk> Writer<D> {
    pub(super) const fn new(
        disk: D,
        requests: Receiver<Append>,
        queue: Arc<Semaphore>,
        ends: PerTopic<watch::Sender<u64>>,
        tasks: Tasks,
    ) -> Self {
        Self { disk, requests, queue, ends, failed: None, tasks }
    }

    /// Until every sender is gone and all they sent is answered.
    pub(super) fn run(mut self) {
        while let Ok(first) = self.requests.recv() {
            let mut group = self.collect(first);
            let written = self.write(&mut group);
            for (append, first) in group {
                let answer = match &written {
                    Ok(()) => Ok(first),
                    Err(failed) => Err(LogError::Storage(Box::new(Arc::clone(failed)))),
                };
                // A caller that went away has its records written all the same.
                append.answer.send(answer).ok();
            }
        }
    }

    /// Everything that waits.
    fn collect(&self, first: Append) -> Vec<(Append, u64)> {
        let until = Instant::now() + COLLECT;
        let mut units = first.room.num_permits();
        let mut group = vec![(first, 0)];
        while units < GROUP_UNITS
            && let Some(next) = self.next(units, until)
        {
            units += next.room.num_permits();
            group.push((next, 0));
        }
        group
    }

    /// Where more room is taken than was collected, another append is a moment away.
    fn next(&self, collected: usize, until: Instant) -> Option<Append> {
        match self.requests.try_recv() {
            Ok(next) => Some(next),
            Err(TryRecvError::Empty) if QUEUE_UNITS - self.queue.available_permits() > collected => {
                self.requests.recv_timeout(until.saturating_duration_since(Instant::now())).ok()
            }
            Err(TryRecvError::Empty | TryRecvError::Disconnected) => None,
        }
    }

    /// Gives every record its offset, writes all, and only then shows them to readers.
    fn write(&mut self, group: &mut [(Append, u64)]) -> Result<(), Arc<DiskFailed>> {
        if let Some(failed) = &self.failed {
            return Err(Arc::clone(failed));
        }
        let mut ends = self.ends.map(|end| *end.borrow());
        let rows = numbered(group, &mut ends);
        self.disk.write(rows).map_err(|error| {
            tracing::error!(error = %error, "a write to the log failed");
            let failed = Arc::new(DiskFailed(error));
            self.tasks.report(TASK, Causes(&*failed).to_string());
            self.failed = Some(Arc::clone(&failed));
            failed
        })?;
        for topic in Topic::ALL {
            self.ends.get(topic).send_if_modified(|end| std::mem::replace(end, *ends.get(topic)) != *ends.get(topic));
        }
        Ok(())
    }
}

fn numbered(group: &mut [(Append, u64)], ends: &mut PerTopic<u64>) -> Vec<Row> {
    let mut rows = Vec::with_capacity(group.iter().map(|(append, _)| append.values.len()).sum());
    for (append, first) in group {
        let topic = append.topic;
        let end = ends.get_mut(topic);
        *first = *end;
        for value in append.values.drain(..) {
            rows.push(Row { topic, offset: *end, value });
            *end += 1;
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use weir_messages::TaskEnded;

    use super::*;

    /// Remembers how many rows each write had, and fails where it is told to.
    struct Told {
        writes: mpsc::Sender<usize>,
        fail_at: usize,
        written: usize,
    }

    impl Disk for Told {
        fn write(&mut self, rows: Vec<Row>) -> Result<(), DiskError> {
            self.written += 1;
            self.writes.send(rows.len()).unwrap();
            if self.written == self.fail_at { Err("no space left".into()) } else { Ok(()) }
        }
    }

    struct Bench {
        requests: Option<mpsc::Sender<Append>>,
        queue: Arc<Semaphore>,
        receiver: Option<mpsc::Receiver<Append>>,
        writes: mpsc::Receiver<usize>,
        disk: Option<Told>,
        end: Option<watch::Receiver<u64>>,
        tasks: Tasks,
        reported: mpsc::Receiver<TaskEnded>,
    }

    impl Bench {
        fn failing_at(fail_at: usize) -> Self {
            let (requests, receiver) = mpsc::channel();
            let (wrote, writes) = mpsc::channel();
            let disk = Some(Told { writes: wrote, fail_at, written: 0 });
            let queue = Arc::new(Semaphore::new(QUEUE_UNITS));
            let (report, reported) = mpsc::channel();
            let tasks = Tasks::new(move |ended| report.send(ended).unwrap(), |_| None);
            Self { requests: Some(requests), queue, receiver: Some(receiver), writes, disk, end: None, tasks, reported }
        }

        fn send(&self, records: usize) -> oneshot::Receiver<Result<u64, LogError>> {
            let values = vec![vec![1]; records];
            let room = Arc::clone(&self.queue).try_acquire_many_owned(units(&values)).unwrap();
            let (answer, answered) = oneshot::channel();
            let append = Append { topic: Topic::Events, values, room, answer };
            self.requests.as_ref().unwrap().send(append).unwrap();
            answered
        }

        /// Works off everything that was sent.
        fn run(&mut self) {
            self.requests = None;
            let ends = PerTopic::try_new(|_| Ok::<_, LogError>(watch::channel(0).0)).unwrap();
            self.end = Some(ends.get(Topic::Events).subscribe());
            let queue = Arc::clone(&self.queue);
            let tasks = self.tasks.clone();
            Writer::new(self.disk.take().unwrap(), self.receiver.take().unwrap(), queue, ends, tasks).run();
        }

        fn end(&self) -> u64 {
            *self.end.as_ref().unwrap().borrow()
        }
    }

    #[test]
    fn what_waits_is_written_as_one_group_and_each_caller_is_told_its_place() {
        let mut bench = Bench::failing_at(0);
        let answers = [bench.send(2), bench.send(1), bench.send(3)];
        bench.run();
        let told: Vec<u64> = answers.map(|answer| answer.blocking_recv().unwrap().unwrap()).into();
        assert_eq!((told, bench.writes.iter().collect::<Vec<_>>()), (vec![0, 2, 3], vec![6]));
        assert_eq!(bench.end(), 6);
    }

    #[test]
    fn a_caller_that_went_away_leaves_the_group_whole() {
        let mut bench = Bench::failing_at(0);
        drop(bench.send(2));
        let after = bench.send(1);
        bench.run();
        assert_eq!((after.blocking_recv().unwrap().unwrap(), bench.end()), (2, 3));
    }

    #[test]
    fn a_group_is_closed_before_it_grows_without_bound() {
        let mut bench = Bench::failing_at(0);
        let large = GROUP_UNITS * UNIT / 33;
        let answers = [bench.send(large), bench.send(1)];
        bench.run();
        assert_eq!(bench.writes.iter().collect::<Vec<_>>(), [large, 1]);
        assert!(answers.map(|answer| answer.blocking_recv().unwrap().is_ok()).iter().all(|answered| *answered));
    }

    #[test]
    fn after_a_failed_write_nothing_is_shown_and_nothing_more_is_taken() {
        let mut bench = Bench::failing_at(1);
        let large = GROUP_UNITS * UNIT / 33;
        let answers = [bench.send(large), bench.send(1)];
        bench.run();
        for answer in answers {
            assert!(matches!(answer.blocking_recv().unwrap(), Err(LogError::Storage(_))));
        }
        assert_eq!((bench.writes.iter().count(), bench.end()), (1, 0));
        let ended = bench.reported.try_recv().unwrap();
        assert!(ended.name == TASK && ended.cause.ends_with("opened again: no space left"), "{ended}");
    }
}
