//! What every log must do, as a list of tests that each implementation runs on folders (or brokers) of its own.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use weir_messages::{Position, Record, Topic};

use super::*;

const TOPIC: Topic = Topic::Events;

fn record(key: &str, value: &str) -> Record {
    let mut record = Record { key: key.to_owned(), headers: Vec::new(), value: value.as_bytes().to_vec() };
    record.push_header("ce_id", value);
    record
}

fn numbered(key: &str, numbers: std::ops::Range<usize>) -> Vec<Record> {
    numbers.map(|number| record(key, &number.to_string())).collect()
}

/// Everything of the topic, partition by partition.
async fn everything(log: &dyn EventLog, topic: Topic) -> Vec<Entry> {
    let mut entries = Vec::new();
    for partition in 0..log.partitions(topic) {
        let end = log.end(topic, partition).await.unwrap();
        let mut from = Position { partition, offset: log.start(topic, partition).await.unwrap() };
        while from.offset < end {
            let read = log.read(topic, from, 100, Duration::from_secs(5)).await.unwrap();
            from.offset = read.last().expect("records before the end are there").position.offset + 1;
            entries.extend(read);
        }
    }
    entries
}

async fn values(log: &dyn EventLog, key: &str) -> Vec<String> {
    let of_key = everything(log, TOPIC).await.into_iter().filter(|entry| entry.record.key == key);
    of_key.map(|entry| String::from_utf8(entry.record.value).unwrap()).collect()
}

/// Runs every test on a log of its own; `open` opens the log of a folder, again where there is one; `trim` removes the
/// records of `TOPIC` before a position.
pub(super) async fn all(
    open: impl AsyncFn(&Path) -> Result<Arc<dyn EventLog>, LogError>,
    trim: impl AsyncFn(&Path, Position),
) {
    let fresh = async || {
        let folder = tempfile::tempdir().unwrap();
        let log = open(folder.path()).await.unwrap();
        (folder, log)
    };
    for topic in Topic::ALL {
        let (_folder, log) = fresh().await;
        what_is_appended_is_read_back_where_it_was_said_to_be(&*log, topic).await;
    }
    // The others side by side, as opening may take its time.
    macro_rules! each_on_its_own {
        ($($test:ident),*) => { tokio::join!($(async { let (_folder, log) = fresh().await; $test(log).await; }),*) };
    }
    each_on_its_own!(
        records_of_one_key_keep_their_order,
        reading_starts_anywhere_and_ends_with_the_log,
        an_append_sent_again_is_there_twice_and_whole,
        topics_do_not_mix,
        an_empty_append_changes_nothing,
        a_large_record_passes,
        two_readers_see_the_same,
        a_waiting_reader_is_woken,
        concurrent_appends_keep_the_order_of_each_caller,
        cancelled_callers_leave_whole_appends_and_a_log_that_goes_on
    );
    let (folder, log) = fresh().await;
    what_was_acknowledged_is_there_after_a_restart(log, async || open(folder.path()).await.unwrap()).await;
    let (folder, log) = fresh().await;
    records_that_are_kept_no_more_are_said_to_be_gone(log, async |log, before| {
        // A folder has one owner.
        drop(log);
        trim(folder.path(), before).await;
        open(folder.path()).await.unwrap()
    })
    .await;
}

async fn what_is_appended_is_read_back_where_it_was_said_to_be(log: &dyn EventLog, topic: Topic) {
    let records = vec![record("a", "1"), record("b", "{\"x\":\"ü\"}"), record("", "3")];
    let positions = log.append(topic, records.clone()).await.unwrap();
    for (position, record) in positions.into_iter().zip(records) {
        let read = log.read(topic, position, 1, Duration::from_secs(5)).await.unwrap();
        assert_eq!(read, [Entry { position, record }]);
    }
}

async fn records_of_one_key_keep_their_order(log: Arc<dyn EventLog>) {
    for start in [0, 3, 6] {
        let mixed = numbered("a", start..start + 3).into_iter().zip(numbered("b", start..start + 3));
        log.append(TOPIC, mixed.flat_map(|(a, b)| [a, b]).collect()).await.unwrap();
    }
    let expected: Vec<String> = (0..9).map(|number| number.to_string()).collect();
    assert_eq!(values(&*log, "a").await, expected);
    assert_eq!(values(&*log, "b").await, expected);
}

async fn reading_starts_anywhere_and_ends_with_the_log(log: Arc<dyn EventLog>) {
    let positions = log.append(TOPIC, numbered("a", 0..50)).await.unwrap();
    let (first, last) = (positions[0], positions[49]);
    assert_eq!(log.end(TOPIC, last.partition).await.unwrap(), last.offset + 1);
    for (skip, most) in [(0, 10), (7, 3), (45, 100)] {
        let from = Position { offset: first.offset + skip, ..first };
        let read = log.read(TOPIC, from, most, Duration::from_secs(5)).await.unwrap();
        assert_eq!((read[0].position, read.len()), (from, most.min(50 - usize::try_from(skip).unwrap())));
    }
    let after = Position { offset: last.offset + 1, ..last };
    assert_eq!(log.read(TOPIC, after, 9, Duration::from_millis(20)).await.unwrap(), []);
    assert_eq!(log.read(TOPIC, Position { offset: after.offset + 7, ..after }, 9, Duration::ZERO).await.unwrap(), []);
}

async fn an_append_sent_again_is_there_twice_and_whole(log: Arc<dyn EventLog>) {
    let records = numbered("a", 0..3);
    let once = log.append(TOPIC, records.clone()).await.unwrap();
    let again = log.append(TOPIC, records).await.unwrap();
    assert!(once.last() < again.first());
    assert_eq!(values(&*log, "a").await, ["0", "1", "2", "0", "1", "2"]);
}

async fn topics_do_not_mix(log: Arc<dyn EventLog>) {
    for topic in Topic::ALL {
        log.append(topic, vec![record("a", topic.name())]).await.unwrap();
    }
    for topic in Topic::ALL {
        let found = everything(&*log, topic).await;
        assert_eq!(found.iter().map(|entry| entry.record.header("ce_id")).collect::<Vec<_>>(), [Some(topic.name())]);
    }
}

async fn an_empty_append_changes_nothing(log: Arc<dyn EventLog>) {
    assert_eq!(log.append(TOPIC, Vec::new()).await.unwrap(), []);
    assert!(everything(&*log, TOPIC).await.is_empty());
}

async fn a_large_record_passes(log: Arc<dyn EventLog>) {
    let mut large = record("a", "0");
    large.value = vec![b'x'; 900_000];
    let position = log.append(TOPIC, vec![large.clone()]).await.unwrap()[0];
    let read = log.read(TOPIC, position, 1, Duration::from_secs(5)).await.unwrap();
    assert_eq!(read[0].record, large);
}

async fn two_readers_see_the_same(log: Arc<dyn EventLog>) {
    let follow = |log: Arc<dyn EventLog>, most: usize| {
        tokio::spawn(async move {
            let mut seen: Vec<Entry> = Vec::new();
            while seen.len() < 200 {
                let from = Position { partition: 0, offset: seen.len() as u64 };
                seen.extend(log.read(TOPIC, from, most, Duration::from_secs(5)).await.unwrap());
            }
            seen
        })
    };
    // One key, so that all is in one partition; it must be the one that is followed.
    let key =
        (0..).map(|n| format!("k{n}")).find(|key| weir_messages::Shard::of(key).partition(log.partitions(TOPIC)) == 0);
    let (one, other) = (follow(Arc::clone(&log), 7), follow(Arc::clone(&log), 64));
    for start in (0..200).step_by(10) {
        log.append(TOPIC, numbered(key.as_deref().unwrap(), start..start + 10)).await.unwrap();
    }
    let (one, other) = (one.await.unwrap(), other.await.unwrap());
    assert_eq!(one, other);
}

async fn a_waiting_reader_is_woken(log: Arc<dyn EventLog>) {
    let appended = log.append(TOPIC, vec![record("a", "0")]).await.unwrap()[0];
    let next = Position { offset: appended.offset + 1, ..appended };
    let waiting = tokio::spawn({
        let log = Arc::clone(&log);
        async move { log.read(TOPIC, next, 9, Duration::from_secs(60)).await }
    });
    tokio::time::sleep(Duration::from_millis(30)).await;
    assert!(!waiting.is_finished());
    log.append(TOPIC, vec![record("a", "1")]).await.unwrap();
    let read = tokio::time::timeout(Duration::from_secs(30), waiting).await.expect("long before its wait is over");
    assert_eq!(read.unwrap().unwrap()[0].position, next);
}

async fn concurrent_appends_keep_the_order_of_each_caller(log: Arc<dyn EventLog>) {
    let mut callers = tokio::task::JoinSet::new();
    for caller in 0..16 {
        let log = Arc::clone(&log);
        callers.spawn(async move {
            for start in (0..40).step_by(4) {
                log.append(TOPIC, numbered(&format!("k{caller}"), start..start + 4)).await.unwrap();
            }
        });
    }
    callers.join_all().await;
    let expected: Vec<String> = (0..40).map(|number| number.to_string()).collect();
    for caller in 0..16 {
        assert_eq!(values(&*log, &format!("k{caller}")).await, expected);
    }
}

async fn cancelled_callers_leave_whole_appends_and_a_log_that_goes_on(log: Arc<dyn EventLog>) {
    for attempt in 0..100_u64 {
        let append = log.append(TOPIC, numbered(&format!("k{attempt}"), 0..5));
        tokio::time::timeout(Duration::from_micros(attempt * 20), append).await.ok();
    }
    log.append(TOPIC, vec![record("after", "0")]).await.unwrap();
    let mut found: HashMap<String, usize> = HashMap::new();
    for entry in everything(&*log, TOPIC).await {
        *found.entry(entry.record.key).or_default() += 1;
    }
    assert_eq!(found.remove("after"), Some(1));
    assert!(found.values().all(|count| *count == 5), "{found:?}");
}

async fn what_was_acknowledged_is_there_after_a_restart(
    mut log: Arc<dyn EventLog>,
    reopen: impl AsyncFn() -> Arc<dyn EventLog>,
) {
    let mut before = Vec::new();
    for round in 0..3 {
        let positions = log.append(TOPIC, numbered("a", round * 5..round * 5 + 5)).await.unwrap();
        assert!(before.last() < positions.first(), "offsets go on");
        before.extend(positions);
        drop(log);
        log = reopen().await;
        let found: Vec<Position> = everything(&*log, TOPIC).await.into_iter().map(|entry| entry.position).collect();
        assert_eq!(found, before);
    }
    assert_eq!(values(&*log, "a").await, (0..15).map(|number| number.to_string()).collect::<Vec<_>>());
}

async fn records_that_are_kept_no_more_are_said_to_be_gone(
    mut log: Arc<dyn EventLog>,
    trim: impl AsyncFn(Arc<dyn EventLog>, Position) -> Arc<dyn EventLog>,
) {
    assert_eq!(log.start(TOPIC, 0).await.unwrap(), 0, "an empty partition starts where it ends");
    let place = log.append(TOPIC, numbered("a", 0..10)).await.unwrap()[0];
    let at = |offset| Position { offset, ..place };
    assert_eq!(log.start(TOPIC, place.partition).await.unwrap(), 0);
    log = trim(log, at(4)).await;
    assert_eq!(log.start(TOPIC, place.partition).await.unwrap(), 4);
    for found in [0, 3] {
        let error = log.read(TOPIC, at(found), 9, Duration::ZERO).await.unwrap_err();
        let expected =
            format!("weir.events/{}: expected an offset from 4 to 10, which are kept, found {found}", place.partition);
        assert!(matches!(error, LogError::OutOfRange { first: 4, end: 10, .. }), "{error:?}");
        assert_eq!(error.to_string(), expected);
    }
    assert_eq!(log.read(TOPIC, at(4), 99, Duration::from_secs(5)).await.unwrap().len(), 6);
    assert_eq!(log.append(TOPIC, numbered("a", 10..11)).await.unwrap(), [at(10)], "offsets go on");
    assert_eq!(values(&*log, "a").await, (4..11).map(|number| number.to_string()).collect::<Vec<_>>());
}
