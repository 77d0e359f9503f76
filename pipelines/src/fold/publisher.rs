//! Puts what a chain gave onto the topics that it declares. After a crash a chain gives some of it again: where the
//! publisher is to find repeats it looks for them on the topic by their source, among what was written since the state
//! was saved; where readers drop them it sends them again.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::try_join_all;
use weir_ingest::dead_letters::Seals;
use weir_ingest::log::{EventLog, LogError};
use weir_messages::{Change, Place, Position, Record, StateReader, Topic};

use super::FoldError;
use super::chain::{Folded, FromSource, Output, Repeats};

/// Namespace of the publisher's own state: how far each topic reached when the stages were last saved.
pub(crate) const STATE: &str = "publisher.v1";

/// Records looked at for repeats, at most: twice what a chain may have published since it last saved. Behind as many
/// of others, on a topic that many write, repeats are not found and are written again.
pub(super) const MAX_LOOKED_AT: u64 = 16_384;
/// And their bytes.
const MAX_LOOKED_AT_BYTES: usize = 64 << 20;
const PAGE: usize = 256;
/// How often a topic's end is looked at, so that what others write there is not looked through after a crash.
const LOOK_AT_ENDS_EVERY: Duration = Duration::from_secs(5);

/// What comes out of one partition of a chain's source.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source {
    pub topic: Topic,
    pub partition: u16,
    /// Everything that comes out of offsets before this one is on every topic.
    pub published: u64,
}

pub(crate) struct Publisher {
    log: Arc<dyn EventLog>,
    seals: Seals,
    source: Source,
    topics: Vec<Written>,
    looked: Instant,
}

/// A topic, as far as records derived from the source are on it.
struct Written {
    output: Output,
    /// The partition in which repeats are looked for.
    partition: u16,
    /// Everything from source offsets before this one is on the topic.
    source: u64,
    /// Everything that a later holder has to look through comes after this offset.
    end: u64,
}

impl Publisher {
    /// `saved` is what `snapshot` gave.
    pub(super) async fn open(
        (log, seals): (Arc<dyn EventLog>, Seals),
        saved: &dyn StateReader,
        source: Source,
        outputs: &[Output],
    ) -> Result<Self, FoldError> {
        // Without a record that is not surely published, nothing can come again.
        let idle = log.end(source.topic, source.partition).await? <= source.published;
        let mut topics = Vec::new();
        for output in outputs {
            topics.push(Written::open(&*log, saved, (source, idle), *output).await?);
        }
        Ok(Self { log, seals, source, topics, looked: Instant::now() })
    }

    /// Everything that comes out of source offsets before this one was on every topic when this was opened.
    pub(super) const fn published(&self) -> u64 {
        self.source.published
    }

    /// Answers when all of it is durable.
    pub(crate) async fn publish(&mut self, folded: &mut Folded) -> Result<(), FoldError> {
        let (log, mut outputs) = (&*self.log, folded.take_outputs(&self.seals).await?);
        let mut appends = Vec::with_capacity(self.topics.len());
        for written in &mut self.topics {
            let records = outputs.remove(&written.output.topic).unwrap_or_default();
            appends.push(written.append(log, records));
        }
        if let Some(topic) = outputs.into_keys().next() {
            return Err(FoldError::Undeclared { topic });
        }
        try_join_all(appends).await?;
        self.look_when_due().await
    }

    /// How far the topics reach, to be saved with the stages.
    pub(crate) fn snapshot(&self) -> Vec<Change> {
        let looked_through = self.topics.iter().filter(|written| written.header().is_some());
        looked_through.map(|written| Change { key: key(written.output.topic), value: Some(written.encode()) }).collect()
    }

    /// What was published before is on the topics, so whoever opens this next need not look before their ends.
    async fn look_when_due(&mut self) -> Result<(), FoldError> {
        if self.looked.elapsed() >= LOOK_AT_ENDS_EVERY {
            for written in self.topics.iter_mut().filter(|written| written.header().is_some()) {
                written.end = self.log.end(written.output.topic, written.partition).await?;
            }
            self.looked = Instant::now();
        }
        Ok(())
    }
}

impl Written {
    async fn open(
        log: &dyn EventLog,
        saved: &dyn StateReader,
        (source, idle): (Source, bool),
        output: Output,
    ) -> Result<Self, FoldError> {
        let partition = if log.partitions(output.topic) == 1 { 0 } else { source.partition };
        let mut written = Self { output, partition, source: source.published, end: 0 };
        let Some(header) = written.header() else { return Ok(written) };
        let found = saved.get(&[key(output.topic)])?.pop().flatten();
        let (end, reached) = found.map(|bytes| decode(output.topic, &bytes)).transpose()?.unzip();
        written.source = written.source.max(reached.unwrap_or(0));
        let (first, last) = (log.start(output.topic, partition).await?, log.end(output.topic, partition).await?);
        if idle {
            written.end = last;
        } else {
            // Of a state that never was saved the latest records tell most.
            written.end = end.unwrap_or_else(|| last.saturating_sub(MAX_LOOKED_AT)).clamp(first, last.max(first));
            written.catch_up(log, header, (source, last)).await?;
        }
        Ok(written)
    }

    /// Where the publisher finds repeats: the header that names the source.
    const fn header(&self) -> Option<&'static str> {
        match self.output.repeats {
            Repeats::FoundBySource { header } => Some(header),
            Repeats::DroppedByReaders => None,
        }
    }

    /// Reads what was published after the stages were last saved, up to `last`.
    async fn catch_up(
        &mut self,
        log: &dyn EventLog,
        header: &str,
        (source, last): (Source, u64),
    ) -> Result<(), FoldError> {
        let (until, mut bytes) = (last.min(self.end + MAX_LOOKED_AT), 0);
        while self.end < until && bytes < MAX_LOOKED_AT_BYTES {
            let from = Position { partition: self.partition, offset: self.end };
            let entries = match log.read(self.output.topic, from, PAGE, Duration::ZERO).await {
                // Retention took them in the meantime.
                Err(LogError::OutOfRange { first, .. }) => {
                    self.end = first;
                    continue;
                }
                read => read?,
            };
            let Some(read) = entries.last() else { break };
            self.end = read.position.offset + 1;
            bytes += entries.iter().map(|entry| entry.record.value.len()).sum::<usize>();
            let places = entries.iter().filter_map(|entry| entry.record.header(header)?.parse::<Place>().ok());
            let own =
                places.filter(|place| (place.topic, place.position.partition) == (source.topic, source.partition));
            // An offset that has none after it is nobody's, whatever a record says.
            self.source = own.filter_map(|place| place.position.offset.checked_add(1)).fold(self.source, u64::max);
        }
        if self.end < last {
            let (topic, unseen) = (self.output.topic, last - self.end);
            tracing::warn!(%topic, unseen, "too much was written since the state was saved: some may come again");
            self.end = last;
        }
        Ok(())
    }

    async fn append(&mut self, log: &dyn EventLog, derived: Vec<FromSource>) -> Result<(), FoldError> {
        let new = derived.into_iter().filter(|(source, _)| *source >= self.source);
        let records: Vec<Record> = new.map(|(_, record)| record).collect();
        if records.is_empty() {
            return Ok(());
        }
        if let Some(last) = log.append(self.output.topic, records).await?.last() {
            self.end = last.offset + 1;
        }
        Ok(())
    }

    fn encode(&self) -> Vec<u8> {
        [self.end.to_be_bytes(), self.source.to_be_bytes()].concat()
    }
}

fn key(topic: Topic) -> Vec<u8> {
    topic.name().as_bytes().to_vec()
}

/// The end of the topic, and the source up to which it reached; earlier releases saved the end alone.
fn decode(topic: Topic, bytes: &[u8]) -> Result<(u64, u64), FoldError> {
    let number = |bytes: &[u8]| bytes.try_into().map(u64::from_be_bytes).map_err(|_| FoldError::Saved { topic });
    match bytes.split_at_checked(8) {
        Some((end, [])) => Ok((number(end)?, 0)),
        Some((end, source)) => Ok((number(end)?, number(source)?)),
        None => Err(FoldError::Saved { topic }),
    }
}
