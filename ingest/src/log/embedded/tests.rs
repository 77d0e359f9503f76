//! The embedded log against the contract, what is its own, and what it keeps for how long.

use weir_messages::{Event, EventId, EventTime, EventType, KnownTime};

use super::super::contract;
use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn the_embedded_log_keeps_the_contract() {
    contract::all(
        async |folder: &Path| EmbeddedLog::open(folder).map(|log| Arc::new(log) as Arc<dyn EventLog>),
        async |folder: &Path, before: Position| {
            let log = EmbeddedLog::open(folder).unwrap();
            log.trim(Topic::Events, before.offset).unwrap();
        },
    )
    .await;
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
        let (rows, key) = (log.rows.get(Topic::Events).keyspace(), u64::to_be_bytes(offset));
        match damage {
            Some(bytes) => rows.insert(key, bytes).unwrap(),
            None => rows.remove(key).unwrap(),
        }
        let read = log.read(Topic::Events, start, 9, Duration::ZERO).await.unwrap_err();
        assert!(matches!(read, LogError::Corrupt { offset: at, .. } if at == offset), "{read}");
    }
}

/// A disk that was full, or a machine that lost its power, leaves a part of what was last written.
#[tokio::test]
async fn a_write_that_was_torn_at_any_byte_is_no_record_and_keeps_nothing_from_opening() {
    let folder = tempfile::tempdir().unwrap();
    let record = Record { key: "c1".to_owned(), headers: Vec::new(), value: vec![b'x'; 300] };
    let journal = folder.path().join("0.jnl");
    let mut ends = Vec::new();
    for _ in 0..2 {
        let log = EmbeddedLog::open(folder.path()).unwrap();
        log.append(Topic::Events, vec![record.clone()]).await.unwrap();
        drop(log);
        let written = std::fs::read(&journal).unwrap();
        ends.push(written.iter().rposition(|byte| *byte != 0).unwrap() + 1);
    }
    let whole = std::fs::read(&journal).unwrap();
    for torn in ends[0]..=ends[1] {
        std::fs::write(&journal, &whole[..torn]).unwrap();
        // Room is taken beforehand, and is zeros until it is written.
        std::fs::File::options().write(true).open(&journal).unwrap().set_len(1 << 20).unwrap();
        let log = EmbeddedLog::open(folder.path()).unwrap();
        let end = log.end(Topic::Events, 0).await.unwrap();
        assert_eq!(end, 1 + u64::from(torn == ends[1]), "torn at {torn} of {ends:?}");
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

const DAY: i64 = 86_400_000_000;

/// A record of some 1,000 bytes that became known at `micros`.
fn known_at(micros: i64) -> Record {
    let data = format!(r#"{{"screen":"{}"}}"#, "x".repeat(800));
    let event = Event {
        id: EventId::new(micros.to_string()),
        source: "app".to_owned(),
        event_type: EventType::BehaviourClick,
        subject: "c1".into(),
        time: EventTime::from_micros(micros),
        known_time: KnownTime::from_micros(micros),
        original_time: None,
        consent_id: None,
        trace: None,
        data: serde_json::value::RawValue::from_string(data).unwrap(),
    };
    Record::from(&event)
}

fn days(days: u32) -> TopicRetention {
    TopicRetention { days: std::num::NonZeroU32::new(days), mebibytes: None }
}

async fn filled(folder: &Path, records: i64) -> EmbeddedLog {
    let log = EmbeddedLog::open(folder).unwrap();
    log.append(Topic::Events, (0..records).map(|hour| known_at(hour * DAY / 24)).collect()).await.unwrap();
    log
}

#[tokio::test]
async fn records_go_by_days_and_none_that_is_needed() {
    let folder = tempfile::tempdir().unwrap();
    let log = filled(folder.path(), 24 * 10).await;
    let now = KnownTime::from_micros(10 * DAY);
    assert_eq!(log.retain(Topic::Events, TopicRetention::default(), now, 240).unwrap(), 0, "kept for ever");
    assert_eq!(log.retain(Topic::Events, days(7), now, 50).unwrap(), 50, "the fold has not saved the rest");
    assert_eq!(log.retain(Topic::Events, days(7), now, 240).unwrap(), 72);
    assert_eq!(log.retain(Topic::Events, days(9), now, 240).unwrap(), 72, "what is gone is gone");
    let read = log.read(Topic::Events, Position { partition: 0, offset: 72 }, 999, Duration::ZERO).await.unwrap();
    assert_eq!((read.len(), read[0].position.offset), (168, 72));
}

#[tokio::test]
async fn offsets_go_on_after_a_topic_was_trimmed_empty() {
    let folder = tempfile::tempdir().unwrap();
    let log = filled(folder.path(), 30).await;
    assert_eq!(log.retain(Topic::Events, days(1), KnownTime::from_micros(90 * DAY), 30).unwrap(), 30);
    drop(log);
    let log = EmbeddedLog::open(folder.path()).unwrap();
    assert_eq!((log.start(Topic::Events, 0).await.unwrap(), log.end(Topic::Events, 0).await.unwrap()), (30, 30));
    let next = log.append(Topic::Events, vec![known_at(1)]).await.unwrap();
    assert_eq!(next, [Position { partition: 0, offset: 30 }]);
    let error = log.read(Topic::Events, Position { partition: 0, offset: 29 }, 1, Duration::ZERO).await.unwrap_err();
    assert!(matches!(error, LogError::OutOfRange { first: 30, end: 31, found: 29, .. }), "{error}");
}

#[tokio::test]
async fn a_record_without_a_time_goes_with_those_behind_it() {
    let folder = tempfile::tempdir().unwrap();
    let log = EmbeddedLog::open(folder.path()).unwrap();
    let timeless = || Record { key: "c1".to_owned(), headers: Vec::new(), value: b"{".to_vec() };
    let records = vec![timeless(), known_at(0), timeless(), timeless(), known_at(9 * DAY), timeless()];
    log.append(Topic::Events, records).await.unwrap();
    assert_eq!(log.retain(Topic::Events, days(5), KnownTime::from_micros(10 * DAY), 6).unwrap(), 2);
    assert_eq!(log.retain(Topic::Events, days(5), KnownTime::from_micros(20 * DAY), 6).unwrap(), 5);
}

#[tokio::test]
async fn records_go_by_bytes_and_their_room_on_the_disk_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let log = EmbeddedLog::open(folder.path()).unwrap();
    let mut random = 1_u64;
    let mut noise = || {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        random.to_be_bytes()
    };
    for _ in 0..48 {
        let record =
            |_| Record { key: "c".to_owned(), headers: Vec::new(), value: (0..1_280).flat_map(|_| noise()).collect() };
        let records: Vec<Record> = (0..200).map(record).collect();
        log.append(Topic::DeadLetters, records).await.unwrap();
    }
    log.rows.get(Topic::DeadLetters).keyspace().rotate_memtable_and_wait().unwrap();
    let (full, end) = (log.disk_space(Topic::DeadLetters), 9_600);
    let keep = TopicRetention { days: None, mebibytes: std::num::NonZeroU64::new(20) };
    let start = log.retain(Topic::DeadLetters, keep, KnownTime::MIN, end).unwrap();
    assert!((7_000..=8_000).contains(&start), "{start}");
    let left = log.disk_space(Topic::DeadLetters);
    assert!(full > 80 << 20 && left < full / 2, "{full} bytes, then {left}");
    let at = Position { partition: 0, offset: start };
    assert_eq!(log.read(Topic::DeadLetters, at, 1, Duration::ZERO).await.unwrap()[0].position, at);
}
