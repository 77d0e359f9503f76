//! What stands on the log of a platform that has ended.

use std::time::Duration;

use weir_ingest::log::{EmbeddedLog, EventLog};
use weir_messages::{Position, Record, Topic};

/// Read at a time.
const AT_ONCE: usize = 5_000;

/// Each record of a topic that is still kept, in order; their number.
pub async fn each_record(log: &EmbeddedLog, topic: Topic, mut see: impl FnMut(Record)) -> u64 {
    let (start, end) = (log.start(topic, 0).await.unwrap(), log.end(topic, 0).await.unwrap());
    let mut offset = start;
    while offset < end {
        let entries = log.read(topic, Position { partition: 0, offset }, AT_ONCE, Duration::ZERO).await.unwrap();
        offset += entries.len() as u64;
        entries.into_iter().for_each(|entry| see(entry.record));
    }
    end - start
}
