//! The log on a broker: the contract, and what only a log that others share has to do.

use std::path::Path;
use std::time::Instant;

use rdkafka::admin::{
    AdminClient, AdminOptions, AlterConfig, NewPartitions, NewTopic, ResourceSpecifier, TopicReplication,
};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use rdkafka::{Offset, TopicPartitionList};
use weir_messages::Causes;

use super::client::kept;
use super::test_broker::{PARTITIONS, fresh, with_topics};
use super::*;
use crate::log::contract;

const START: Position = Position { partition: 0, offset: 0 };

#[tokio::test(flavor = "multi_thread")]
async fn the_kafka_log_keeps_the_contract() {
    let Some(settings) = fresh("the_kafka_log_keeps_the_contract") else { return };
    // A folder's own topics: opened again, they are found again.
    let of_folder = |folder: &Path| {
        let name = folder.file_name().unwrap().to_string_lossy().replace(|c: char| !c.is_ascii_alphanumeric(), "");
        KafkaSettings { prefix: format!("{}{name}.", settings.prefix), ..settings.clone() }
    };
    contract::all(
        async |folder: &Path| {
            let settings = of_folder(folder);
            topics::apply(&settings, PARTITIONS).await?;
            Ok(Arc::new(KafkaLog::open(&settings).await?) as Arc<dyn EventLog>)
        },
        async |folder: &Path, before: Position| trim(&of_folder(folder), Topic::Events, before).await,
    )
    .await;
}

/// Removes the records of a partition before `before`, as their retention does.
async fn trim(settings: &KafkaSettings, topic: Topic, before: Position) {
    let mut places = TopicPartitionList::new();
    let offset = Offset::Offset(i64::try_from(before.offset).unwrap());
    places.add_partition_offset(&settings.topic(topic), i32::from(before.partition), offset).unwrap();
    admin(settings).delete_records(&places, &AdminOptions::new()).await.unwrap();
}

fn record(value: &str) -> Record {
    Record { key: String::new(), headers: Vec::new(), value: value.as_bytes().to_vec() }
}

fn told(error: &dyn std::error::Error) -> String {
    Causes(error).to_string()
}

fn admin(settings: &KafkaSettings) -> AdminClient<DefaultClientContext> {
    settings.client().create().unwrap()
}

/// Sets one setting of the events topic, and resets every other.
async fn set(settings: &KafkaSettings, name: &str, value: &str) {
    let topic = settings.topic(Topic::Events);
    let altered = AlterConfig::new(ResourceSpecifier::Topic(&topic)).set(name, value);
    admin(settings).alter_configs(&[altered], &AdminOptions::new()).await.unwrap().remove(0).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn no_broker_is_said_in_a_stated_time() {
    let started = Instant::now();
    let error = KafkaLog::open(&KafkaSettings::plain("127.0.0.1:1")).await.unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(15));
    assert!(told(&error).starts_with("expected an answer from Kafka within 10 s, found none: "), "{}", told(&error));
}

/// On a broker inside this process, which can be taken away.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_acknowledged_in_time_fails_and_is_written_later_in_its_place() {
    let brokers = MockCluster::new(1).unwrap();
    for topic in Topic::ALL {
        brokers.create_topic(topic.name(), 1, 1).unwrap();
    }
    let settings = KafkaSettings { append_timeout_ms: 1_000, ..KafkaSettings::plain(brokers.bootstrap_servers()) };
    let log = KafkaLog::open(&settings).await.unwrap();
    // On a busy machine the producer's first connection may take longer than an append may.
    assert_eq!(log.end(Topic::Events, 0).await.unwrap(), 0);
    log.append(Topic::Events, vec![record("0")]).await.unwrap();
    brokers.broker_down(1).unwrap();
    let started = Instant::now();
    for value in ["1", "2"] {
        let error = log.append(Topic::Events, vec![record(value)]).await.unwrap_err();
        assert_eq!(told(&error), "the log failed: expected an answer from Kafka within 1 s, found none");
    }
    assert!(started.elapsed() < Duration::from_secs(4));
    brokers.broker_up(1).unwrap();
    let mut found = Vec::new();
    while found.len() < 3 {
        let from = Position { offset: found.len() as u64, ..START };
        let read = log.read(Topic::Events, from, 9, Duration::from_secs(10)).await.unwrap();
        assert!(!read.is_empty(), "{found:?}");
        found.extend(read.into_iter().map(|entry| String::from_utf8(entry.record.value).unwrap()));
    }
    assert_eq!(found, ["0", "1", "2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_record_that_is_refused_for_good_none_behind_it_is_written_and_the_log_goes_on() {
    let test = "after_a_record_that_is_refused_for_good_none_behind_it_is_written_and_the_log_goes_on";
    let Some(settings) = with_topics(test).await else { return };
    let log = KafkaLog::open(&settings).await.unwrap();
    let place = log.append(Topic::Events, vec![record("0")]).await.unwrap()[0];
    set(&settings, "max.message.bytes", "2000").await;
    // Of what does not get smaller.
    let noise: String =
        (0..40_000_u32).map(|n| char::from(33 + u8::try_from(n.wrapping_mul(2_654_435_761) >> 26).unwrap())).collect();
    let error = log.append(Topic::Events, vec![record(&noise), record("1"), record("2")]).await.unwrap_err();
    assert!(told(&error).contains("Kafka refuses a record"), "{}", told(&error));
    let next = log.append(Topic::Events, vec![record("3")]).await.unwrap()[0];
    let from = Position { offset: place.offset + 1, ..place };
    let found = log.read(Topic::Events, from, 9, Duration::ZERO).await.unwrap();
    assert_eq!(found, [Entry { position: next, record: record("3") }]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_too_large_is_refused_before_anything_is_sent() {
    let Some(settings) = with_topics("a_record_too_large_is_refused_before_anything_is_sent").await else { return };
    let log = KafkaLog::open(&settings).await.unwrap();
    let error = log.append(Topic::DeadLetters, vec![record("0"), record(&"x".repeat(9 << 20))]).await.unwrap_err();
    assert!(told(&error).contains("expected a record of at most 8388608 bytes"), "{}", told(&error));
    assert_eq!(log.end(Topic::DeadLetters, 0).await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_wrote_is_read_whatever_it_is() {
    let Some(settings) = with_topics("what_others_wrote_is_read_whatever_it_is").await else { return };
    let (log, name) = (KafkaLog::open(&settings).await.unwrap(), settings.topic(Topic::DeadLetters));
    for compression in ["none", "gzip", "snappy", "lz4", "zstd"] {
        let producer: BaseProducer = settings.client().set("compression.type", compression).create().unwrap();
        let header = |key, value| Header { key, value };
        let headers = OwnedHeaders::new()
            .insert(header("text", Some(compression.as_bytes())))
            .insert(header("bytes", Some(b"\xff\xfe".as_slice())))
            .insert(header("none", None));
        let (key, payload) = (b"\xffk".as_slice(), "x".repeat(1_000));
        producer.send(BaseRecord::to(&name).key(key).payload(&payload).headers(headers)).unwrap();
        producer.send(BaseRecord::<[u8], [u8]>::to(&name)).unwrap();
        producer.flush(Duration::from_secs(10)).unwrap();
        let end = log.end(Topic::DeadLetters, 0).await.unwrap();
        let from = Position { offset: end - 2, ..START };
        let found = log.read(Topic::DeadLetters, from, 2, Duration::from_secs(5)).await.unwrap();
        let (full, bare) = (&found[0].record, &found[1].record);
        assert_eq!((full.key.as_str(), full.value.as_slice()), ("\u{fffd}k", payload.as_bytes()));
        let headers = ["text", "bytes", "none"].map(|name| full.header(name));
        assert_eq!(headers, [Some(compression), Some("\u{fffd}\u{fffd}"), None], "a header without a value is absent");
        assert_eq!(*bare, record(""));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partition_that_is_not_there_is_refused() {
    let Some(settings) = with_topics("a_partition_that_is_not_there_is_refused").await else { return };
    let log = KafkaLog::open(&settings).await.unwrap();
    for error in [
        log.end(Topic::Events, PARTITIONS).await.unwrap_err(),
        log.read(Topic::DeadLetters, Position { partition: 1, offset: 0 }, 1, Duration::ZERO).await.unwrap_err(),
    ] {
        assert!(told(&error).contains("expected a partition below"), "{}", told(&error));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_whose_view_of_a_topic_is_too_old_asks_for_a_newer_one() {
    let Some(settings) = fresh("a_client_whose_view_of_a_topic_is_too_old_asks_for_a_newer_one") else { return };
    let (admin, topic) = (admin(&settings), settings.topic(Topic::Events));
    let one = NewTopic::new(&topic, 1, TopicReplication::Fixed(1));
    admin.create_topics([&one], &AdminOptions::new()).await.unwrap()[0].as_ref().unwrap();
    let consumer: BaseConsumer = settings.client().set("group.id", "none").create().unwrap();
    let began = Instant::now();
    let asked = |partition| {
        while began.elapsed() < Duration::from_secs(60) {
            match kept(consumer.client(), &topic, partition) {
                Ok(kept) => return Some(kept),
                Err(_) => std::thread::sleep(Duration::from_millis(100)),
            }
        }
        None
    };
    assert_eq!(asked(0), Some((0, 0)));
    admin.create_partitions([&NewPartitions::new(&topic, 2)], &AdminOptions::new()).await.unwrap()[0].as_ref().unwrap();
    assert_eq!(asked(1), Some((0, 0)), "it goes by what it knew before");
}
