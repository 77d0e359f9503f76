//! Every decision on the log, once and in order of time.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use indicatif::ProgressBar;
use weir_ingest::log::{EventLog, LogError};
use weir_messages::{ApplicationId, Position, Topic};

use crate::decisions::Recorded;
use crate::progress;

const BATCH: usize = 500;
/// What is on the log already comes at once, unless it lies on the other side of a network.
const WAIT: Duration = Duration::from_secs(10);

/// The partitions, each up to where it ended when it was opened.
pub(super) struct Records {
    log: Arc<dyn EventLog>,
    readers: Vec<Reader>,
    seen: HashSet<ApplicationId>,
    /// Records that nobody can read.
    pub(super) unreadable: u64,
    bar: ProgressBar,
}

struct Reader {
    next: Position,
    end: u64,
    ahead: VecDeque<Recorded>,
}

impl Records {
    pub(super) async fn open(log: Arc<dyn EventLog>) -> Result<Self, LogError> {
        let mut readers = Vec::new();
        for partition in 0..log.partitions(Topic::Decisions) {
            let end = log.end(Topic::Decisions, partition).await?;
            let next = Position { partition, offset: log.start(Topic::Decisions, partition).await? };
            readers.push(Reader { next, end, ahead: VecDeque::new() });
        }
        let all: u64 = readers.iter().map(|reader| reader.end - reader.next.offset).sum();
        let bar = progress::bar("reading decisions", usize::try_from(all).unwrap_or(usize::MAX));
        Ok(Self { log, readers, seen: HashSet::new(), unreadable: 0, bar })
    }

    /// The oldest that was not given yet. Of an application it is the first decision, which stands.
    pub(super) async fn next(&mut self) -> Result<Option<Recorded>, LogError> {
        loop {
            for reader in &mut self.readers {
                self.unreadable += reader.fill(&*self.log).await?;
            }
            let ahead = self.readers.iter_mut().filter(|reader| !reader.ahead.is_empty());
            let oldest = ahead.min_by_key(|reader| reader.ahead[0].decision.at);
            let Some(recorded) = oldest.and_then(|reader| reader.ahead.pop_front()) else {
                self.bar.finish_and_clear();
                return Ok(None);
            };
            self.bar.inc(1);
            if self.seen.insert(recorded.decision.application.clone()) {
                return Ok(Some(recorded));
            }
        }
    }
}

impl Reader {
    /// Reads on where nothing is ahead; how many records did not read.
    async fn fill(&mut self, log: &dyn EventLog) -> Result<u64, LogError> {
        let mut unreadable = 0;
        while self.ahead.is_empty() && self.next.offset < self.end {
            let entries = log.read(Topic::Decisions, self.next, BATCH, WAIT).await?;
            // A log that holds no more of what it once had ends here.
            self.next.offset = entries.last().map_or(self.end, |entry| entry.position.offset + 1);
            for entry in entries {
                match Recorded::read(entry) {
                    Ok(recorded) => self.ahead.push_back(recorded),
                    Err(_) => unreadable += 1,
                }
            }
        }
        Ok(unreadable)
    }
}
