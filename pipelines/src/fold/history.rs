//! What a source no longer keeps, against what the state is made of: a fold goes on past records that it never read only
//! where nothing is missed, or where the operator says so.

use std::path::Path;
use std::time::Duration;

use weir_ingest::log::EventLog;
use weir_messages::{KnownTime, Position, Record, Topic};

use super::FoldError;

/// How much of its source the state of a chain is made of.
#[derive(Clone, Copy)]
pub(crate) enum History {
    /// All of it: consents and what came before count for ever.
    Whole,
    /// The latest so many microseconds by known time, which is read off a record.
    Latest(i64, fn(&Record) -> Option<KnownTime>),
    /// What still waits for something, which is read within hours.
    Recent,
}

/// A partition of a source, and the offset before which it keeps nothing.
pub(super) struct Gone<'a> {
    pub topic: Topic,
    pub partition: u16,
    pub first: u64,
    /// The first offset that was not read.
    pub next: u64,
    /// Others have read everything before this one.
    pub published: u64,
    /// What is made of the records: a state, or views.
    pub what: String,
    pub folder: &'a Path,
}

impl Gone<'_> {
    /// Whether to go on from the first record that is kept; `insist` is the operator's word.
    pub(super) async fn go_on(&self, log: &dyn EventLog, history: History, insist: bool) -> Result<(), FoldError> {
        let Self { topic, partition, first, next, what, folder, .. } = self;
        match history {
            History::Latest(reach, known) if self.covers(log, reach, known).await? => {
                tracing::info!(%topic, partition, next, first, what, "what is gone is too old to count");
                Ok(())
            }
            History::Recent if self.published >= *first => {
                tracing::warn!(%topic, partition, next, first, what, "what waited for a part before is not known");
                Ok(())
            }
            History::Recent => {
                tracing::error!(
                    %topic, partition, next, first, what,
                    "records are gone that were never read: whatever waits for them waits in vain"
                );
                Ok(())
            }
            History::Whole | History::Latest(..) if insist => {
                tracing::error!(
                    %topic, partition, next, first, what,
                    "limits.rebuild_from_kept: what came before is missing from here on"
                );
                Ok(())
            }
            History::Whole | History::Latest(..) => Err(FoldError::HistoryGone {
                topic: *topic,
                partition: *partition,
                first: *first,
                next: *next,
                what: what.clone(),
                folder: folder.to_path_buf(),
            }),
        }
    }

    /// Whether the records that are kept reach back far enough.
    async fn covers(
        &self,
        log: &dyn EventLog,
        reach: i64,
        known: fn(&Record) -> Option<KnownTime>,
    ) -> Result<bool, FoldError> {
        let end = log.end(self.topic, self.partition).await?;
        if end <= self.first {
            return Ok(false);
        }
        let mut times = [None, None];
        for (offset, time) in [self.first, end - 1].into_iter().zip(&mut times) {
            let from = Position { partition: self.partition, offset };
            let read = log.read(self.topic, from, 1, Duration::ZERO).await?;
            *time = read.first().and_then(|entry| known(&entry.record));
        }
        let [oldest, newest] = times;
        Ok(oldest.zip(newest).is_some_and(|(oldest, newest)| newest.micros().saturating_sub(oldest.micros()) >= reach))
    }
}
